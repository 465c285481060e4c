//! The broker that a device meets, and what is needed to talk to it.

mod access;
mod broker;
mod endpoint;
mod port;
mod seen;

pub use broker::{Broker, BrokerOptions, Sessions};
pub(crate) use endpoint::certificates;
pub use endpoint::{Endpoint, tls_client};
pub use port::free as free_port;
pub use seen::{Seen, Watch};
