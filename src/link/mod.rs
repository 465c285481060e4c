//! The link: money is heard of by MQTT over TLS.
//!
//! | file | holds |
//! |---|---|
//! | `options` | what the link is configured with |
//! | `login` | certificates, user and password as they were read; whether new ones differ |
//! | `actor` | connects, waits, connects again; says when the link is up and down |
//! | `session` | one connection: subscribe, hand messages to the ledger, acknowledge what is durable |
//! | `client` | the only place that names rumqttc |
//! | `desk` | refund requests: which are believed, how they are answered |
//! | `outbox` | what others publish |
//! | `failure` | why a connection ended, as a sentence |
//! | `patience` | how long to wait before the next try |
//! | `storm` | equal failures are said once, then rarely |
//! | `trial` | one connection that leaves nothing behind, for `check --online` |
//! | `state`, `board` | what others may watch; what goes into the journal |

mod actor;
mod board;
mod client;
mod desk;
mod failure;
mod login;
mod options;
mod outbox;
mod patience;
mod session;
mod state;
mod storm;
mod trial;

pub use actor::{Handle, Parts, spawn};
pub use desk::{Desk, Heard, Told};
pub use login::Login;
pub use options::{Kind, Options, Timing, Topic, Transport};
pub use outbox::{Outbox, Publish};
pub use state::{LinkState, Phase};
pub use trial::{Trial, Trouble, attempt};

/// Largest packet that is read in full, in bytes, both ways.
pub const PACKET_LIMIT: usize = 256 * 1024;
/// Largest packet that is read at all, in bytes, after one above [`PACKET_LIMIT`] was met: what is read beyond the limit is
/// quarantined and acknowledged, so that it does not come back for ever.
pub const HARD_LIMIT: usize = 2 * 1024 * 1024;
/// What is kept of a message above [`PACKET_LIMIT`], in bytes.
pub const OVERSIZED_KEPT: usize = 64 * 1024;
/// Most messages that wait for the ledger's answer: two of its groups, so that one gathers while the other is made durable.
pub const MOST_WAITING: usize = 128;
/// Most bytes of bodies that wait for the ledger's answer.
pub const MOST_WAITING_BYTES: usize = 1024 * 1024;
