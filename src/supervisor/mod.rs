//! What whoever supervises the device is told: systemd, and the person who reads its journal.
//!
//! | file | holds |
//! |---|---|
//! | `notify` | systemd's notification socket (sd_notify(3)) |
//! | `health` | whether the ledger and the link make progress: one judgement for the watchdog, `/healthz` and the metrics |
//! | `watchdog` | asks both for a sign of life, and feeds systemd's watchdog while the judgement is good |
//! | `line` | how the device is, in one line |
//! | `expiry` | certificates that expire: said once at 30, 14 and 7 days, then daily |

pub mod expiry;
pub mod health;
mod line;
mod notify;
pub mod watchdog;

pub use expiry::Expiries;
pub use health::{Health, Part};
pub use line::line;
pub use notify::Notifier;
pub use watchdog::Watchdog;
