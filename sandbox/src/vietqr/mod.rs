//! VietQR's side. Sections named here are those of the protocol facts on VietQR.

mod bdsd;
mod cloud;
mod fault;
pub mod http;
mod quirk;

pub use bdsd::Bdsd;
pub use cloud::{Cloud, CloudOptions};
pub use fault::{Fault, Publish};
pub use quirk::Quirk;
