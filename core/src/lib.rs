//! The rules of vietqr-edge, without any I/O.
//!
//! Nothing here reads a clock, draws a random number, opens a file or waits: the daemon gathers the facts, hands them to a
//! function of this crate, and does what it answers. That is what lets the rules be proved by tests.
//!
//! | module | holds |
//! |---|---|
//! | [`money`] | whole đồng, exact |
//! | [`time`] | points in time, the two clocks of a payment |
//! | [`wire`] | VietQR's messages as they really come |
//! | [`event`] | the vocabulary of the journal: events, and notes |
//! | [`payment`] | when a notice is a payment, a repeat, or nothing to be booked |
//! | [`announcement`] | what is said next, and what never is |
//! | [`voice`] | amounts and sentences in Vietnamese |
//! | [`lockout`] | wrong PINs, slowed down |
//! | [`refund`] | money given back: at most once for each request |
//! | [`provider`] | what providers are sent, and what their answers mean |
//! | [`jws`] | signed requests over MQTT |
//! | [`json`] | JSON from bytes |
//! | [`tagged`](mod@tagged) | enums that are told apart by a member |
//! | [`backoff`] | pauses between tries |
#![forbid(unsafe_code)]

pub mod announcement;
pub mod backoff;
pub mod event;
pub mod json;
pub mod jws;
pub mod lockout;
pub mod mask;
pub mod money;
pub mod payment;
pub mod provider;
pub mod refund;
pub mod tagged;
pub mod time;
pub mod voice;
pub mod wire;
