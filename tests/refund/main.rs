//! Refunds with real parts: the ledger on disk, the lane, TLS, the providers as the sandbox plays them, and the whole daemon.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod clock;
mod daemon;
mod input;
mod kill;
mod kill_others;
mod outcomes;
mod people;
mod qfpay;
mod shop;
mod signed;
mod smoke;
mod time;
mod vnpay;

#[path = "../support/mod.rs"]
mod support;
