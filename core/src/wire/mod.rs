//! VietQR's messages as they really come (vietqr.md 5 and 11).

mod amount;
mod bdsd;
pub(crate) mod fields;

pub use bdsd::BalanceChange;
pub use fields::Rejected;
