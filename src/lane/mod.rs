//! The lanes: one a provider, so that a provider that hangs holds up no other.
//!
//! | file | holds |
//! |---|---|
//! | `vietqr` | VietQR's lane: what is due, one call at a time |
//! | `rest` | how long a refund waits before its look-up is tried again |
//! | `call` | one HTTP call, and whether any byte of it was written |

mod call;
mod rest;
mod vietqr;

pub use call::{ANSWER_MAX, Caller};
pub use vietqr::{Options, Parts, spawn};
