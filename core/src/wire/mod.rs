//! VietQR's messages as they really come (vietqr.md 5 and 11).

mod bdsd;

pub use bdsd::{BalanceChange, Rejected};
