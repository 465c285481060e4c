//! QFPay's interface, as a client meets it over TLS.

mod fault;
mod merchant;
mod query;
mod refund;
#[path = "../support/wire.rs"]
mod wire;
