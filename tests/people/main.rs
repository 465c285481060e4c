//! The people who may refund: PINs, lock-outs, roles, in a ledger on disk behind the HTTP interface.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod ledger;
mod locks;
mod roles;
mod shop;

#[path = "../support/mod.rs"]
mod support;
