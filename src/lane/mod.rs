//! The lanes: one a provider, so that a provider that hangs holds up no other.
//!
//! | file | holds |
//! |---|---|
//! | `actor` | any provider's lane: what is due, one call at a time |
//! | `rest` | how long a refund waits before its look-up is tried again |
//! | `call` | one HTTP call, and whether any byte of it was written |
//! | `connect` | the way to a provider |

mod actor;
mod call;
mod connect;
mod rest;

pub use actor::{Parts, spawn};
pub use call::{ANSWER_MAX, Caller};
