//! The payment rule: each part by name, and against a naive model.

mod model;
mod rules;
mod shelf;

use super::*;
use crate::wire::BalanceChange;
use shelf::Shelf;

const ACCOUNT: &str = "1234567890";
const OTHER_ACCOUNT: &str = "5550001111";

/// 2024-09-01 14:30:00 in Vietnam.
const PAID_S: i64 = 1_725_175_800;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(PAID_S + seconds)
}

/// 25.000 đồng with reference, order and time, received two seconds later.
fn notice() -> Notice {
    Notice {
        change: BalanceChange {
            bank_account: Some(ACCOUNT.to_owned()),
            amount: Dong(25_000),
            trans_type: TransType::Credit,
            reference_number: Some("FT1".to_owned()),
            order_id: Some("HD1".to_owned()),
            content: "VQR0123456789 HD1".to_owned(),
            paid_at: Some(at(0)),
        },
        terminal: "VVB123456".to_owned(),
        source: Source::Bdsd,
        received_at: at(2),
        redelivered: false,
        retained: false,
        raw_sha256: "00".repeat(32),
    }
}

/// The same notice with something changed in what it says.
fn changed(change: impl FnOnce(&mut BalanceChange)) -> Notice {
    let mut notice = notice();
    change(&mut notice.change);
    notice
}
