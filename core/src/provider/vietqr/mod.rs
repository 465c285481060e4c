//! VietQR's refund interface (vietqr.md 3.1, 3.4, 3.5, 7, 9): token, check-order, refund.
//!
//! There is no request id: what is known of a lost answer is told by check-order's `refundCount` and `amountRefunded`.

mod answer;
mod check_order;
mod codes;
mod form;
mod lane;
mod refund;
#[cfg(test)]
mod tests;
mod token;

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};

pub use check_order::{check_order, read_check_order};
pub use codes::{Class, class};
pub use form::FORM;
pub use lane::VietQr;
pub use refund::{CONTENT_MAX, read_refund, refund};
pub use token::{Token, read_token, token};

const JSON: &str = "application/json";

/// MD5 over the parts as they follow each other, without separators, as lower hex (vietqr.md 9).
fn checksum(parts: &[&[u8]]) -> String {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(part);
    }
    hex::encode(hash.finalize())
}

fn basic(username: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{username}:{password}")))
}
