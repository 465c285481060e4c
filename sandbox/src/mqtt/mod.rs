//! The broker that a device meets, and what is needed to talk to it.

mod access;
mod broker;
mod endpoint;
mod seen;

pub use broker::{Broker, BrokerOptions, Sessions};
pub(crate) use endpoint::certificates;
pub use endpoint::{Endpoint, tls_client};
pub use seen::{Seen, Watch};
