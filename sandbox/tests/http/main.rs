//! VietQR's HTTP interface, as a client meets it over TLS.

mod check_order;
mod client;
mod fault;
mod refund;
mod token;
#[path = "../support/wire.rs"]
mod wire;
