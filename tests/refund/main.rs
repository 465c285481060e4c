//! Refunds with real parts: the ledger on disk, the lane, TLS, and VietQR's side as the sandbox plays it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod outcomes;
mod shop;
mod time;
