//! The other side of vietqr-edge: a broker, the VietQR cloud, VNPAY and QFPay, and a switchboard of faults.
//!
//! For the demo, for tests, and for integrators who try their devices. It does not use the daemon's core: the provider's side
//! is built from the protocol facts, so that a mistake in core is caught and not mirrored. All its keys are throw-away.
//!
//! | module | holds |
//! |---|---|
//! | [`certs`] | a CA, certificates that are right, certificates that are wrong |
//! | [`folder`] | one folder with certificates, passwords and the configuration of a daemon |
//! | [`mqtt`] | a broker that can be stopped, restarted, and made to forget its sessions |
//! | [`vietqr`] | VietQR's messages with their quirks, the cloud that publishes them, its HTTP interface and the bank behind it |
//! | [`vnpay`] | VNPAY's refund and querydr, and the payments behind them |
//! | [`qfpay`] | QFPay's refunds and enquiries, and the payments behind them |
//! | [`provider`] | what the three have in common: HTTP over TLS, faults, movements of money, orders of other programs |
//! | [`request`] | refund requests that the shop's own system signs, and the answers |
//! | [`proxy`] | a TCP proxy that stalls, cuts, delays and refuses |
//! | [`script`] | a broker that sends exactly the packets a test names |
//!
//! Each provider has a module of its own. A further one implements [`provider::Provider`] there, and is named in `folder` and on
//! the command line.
#![forbid(unsafe_code)]

pub mod certs;
mod files;
pub mod folder;
mod json;
pub mod mqtt;
pub mod provider;
pub mod proxy;
pub mod qfpay;
mod random;
pub mod request;
pub mod script;
pub mod vietqr;
pub mod vnpay;
