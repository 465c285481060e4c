//! TLS for everything the daemon connects to: one provider (ring), checked roots, a clock that never goes before its floor,
//! and a sentence for people where a connection is refused.

mod config;
mod explain;
mod floor;
mod kernel;
mod peer;
mod validity;

pub use config::{Material, TlsError, TlsOptions, client_config};
pub use explain::{Peer, explain};
pub use floor::{Floor, build_time};
pub use kernel::kernel_synchronised;
pub use peer::PeerEnd;
pub use validity::validity;
