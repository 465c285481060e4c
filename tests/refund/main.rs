//! Refunds with real parts: the ledger on disk, the lane, TLS, VietQR's side as the sandbox plays it, and the whole daemon.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod daemon;
mod input;
mod kill;
mod outcomes;
mod people;
mod shop;
mod signed;
mod time;

#[path = "../support/mod.rs"]
mod support;
