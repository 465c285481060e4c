//! The rule with its keys against a model that knows no keys: a list of payments, compared field by field.

use super::*;
use crate::event::Reason;
use proptest::{collection::vec, prelude::*, sample::select};

/// What the rule should say, in few words.
#[derive(Clone, Debug, PartialEq)]
enum Verdict {
    New,
    Same(usize),
    Adopt(usize),
    Refused(Reason),
}

/// A payment as the model remembers it: its first notice, and the reference it has now.
struct Row {
    first: Notice,
    account: String,
    reference: Option<String>,
}

fn account_of(notice: &Notice) -> String {
    notice.change.bank_account.clone().unwrap_or_else(|| ACCOUNT.to_owned())
}

fn resembles(row: &Row, notice: &Notice) -> bool {
    let (a, b) = (&row.first.change, &notice.change);
    let same_order = a.order_id.is_some() && a.order_id == b.order_id;
    let same_moment = a.paid_at.is_some() && a.paid_at == b.paid_at && a.content == b.content;
    let tells_nothing = |c: &BalanceChange| c.reference_number.is_none() && c.order_id.is_none() && c.paid_at.is_none();
    let same_body = tells_nothing(a) && tells_nothing(b) && row.first.raw_sha256 == notice.raw_sha256;
    row.account == account_of(notice)
        && (a.amount, a.trans_type) == (b.amount, b.trans_type)
        && (same_order || same_moment || (same_body && (notice.redelivered || notice.retained)))
}

fn judge(rows: &mut Vec<Row>, notice: &Notice, oldest: Option<Timestamp>) -> Verdict {
    let (account, change) = (account_of(notice), &notice.change);
    if ![ACCOUNT, OTHER_ACCOUNT].contains(&account.as_str()) {
        return Verdict::Refused(Reason::ForeignAccount);
    }
    if let Some(reference) = &change.reference_number {
        let same_key = rows.iter().position(|row| {
            row.account == account
                && row.first.change.trans_type == change.trans_type
                && row.reference.as_ref() == Some(reference)
        });
        if let Some(index) = same_key {
            let equal = rows[index].first.change.amount == change.amount;
            return if equal { Verdict::Same(index) } else { Verdict::Refused(Reason::Conflict) };
        }
        if let Some(index) = rows.iter().position(|row| row.reference.is_none() && resembles(row, notice)) {
            rows[index].reference = Some(reference.clone());
            return Verdict::Adopt(index);
        }
    } else if let Some(index) = rows.iter().position(|row| resembles(row, notice)) {
        return Verdict::Same(index);
    }
    if change.paid_at.zip(oldest).is_some_and(|(paid, oldest)| paid < oldest) {
        return Verdict::Refused(Reason::TooOld);
    }
    rows.push(Row { first: notice.clone(), account, reference: change.reference_number.clone() });
    Verdict::New
}

fn verdict(receipt: &Receipt) -> Verdict {
    match receipt {
        Receipt::Booked(_) => Verdict::New,
        Receipt::Repeat { of, adopt: None } => Verdict::Same(of.0 as usize),
        Receipt::Repeat { of, adopt: Some(_) } => Verdict::Adopt(of.0 as usize),
        Receipt::Quarantined { reason, .. } => Verdict::Refused(*reason),
    }
}

fn maybe(values: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(0.7, select(values).prop_map(str::to_owned))
}

/// Few values of everything, so that notices often collide.
fn any_notice() -> impl Strategy<Value = Notice> {
    let says = (
        maybe(&[ACCOUNT, OTHER_ACCOUNT, ACCOUNT, "9876543210"]),
        select(&[1u64, 2][..]),
        select(&[TransType::Credit, TransType::Credit, TransType::Debit][..]),
        maybe(&["FT1", "FT2", "FT3"]),
        maybe(&["A", "B"]),
        select(&["", "x"][..]),
        proptest::option::weighted(0.7, -1i64..3),
    );
    let envelope = (0i64..2, proptest::bool::weighted(0.3), proptest::bool::weighted(0.2));
    (says, envelope).prop_map(
        |((bank_account, amount, trans_type, reference_number, order_id, content, paid), envelope)| {
            let change = BalanceChange {
                bank_account,
                amount: Dong(amount),
                trans_type,
                reference_number,
                order_id,
                content: content.to_owned(),
                paid_at: paid.map(at),
            };
            // Equal bodies have equal hashes, as they do outside.
            let raw_sha256 = format!("{change:?}");
            let (received, redelivered, retained) = envelope;
            Notice { change, received_at: at(received), redelivered, retained, raw_sha256, ..notice() }
        },
    )
}

/// A payment that really happened, and how each of its notices is told: without reference, without order.
type Told = (Notice, Vec<(bool, bool)>);

fn real_payments() -> impl Strategy<Value = Vec<Told>> {
    let one = (1u64..4, any::<bool>(), any::<bool>(), vec((any::<bool>(), any::<bool>()), 0..5));
    vec(one, 1..8).prop_map(|payments| {
        let told = |(i, (amount, debit, has_order, told)): (usize, (u64, bool, bool, _))| {
            let real = changed(|c| {
                c.amount = Dong(amount);
                c.trans_type = if debit { TransType::Debit } else { TransType::Credit };
                c.reference_number = Some(format!("FT{i}"));
                c.order_id = has_order.then(|| format!("HD{i}"));
                c.content = format!("VQR{i}");
            });
            (real, told)
        };
        payments.into_iter().enumerate().map(told).collect()
    })
}

fn income(payments: &[Payment]) -> u64 {
    let credits = payments.iter().filter(|payment| payment.trans_type == TransType::Credit);
    Dong::sum(credits.map(|payment| payment.amount)).unwrap().0
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_rule_agrees_with_the_model_and_repeats_change_nothing(
        notices in vec(any_notice(), 1..60), oldest in proptest::option::weighted(0.3, 0i64..2)
    ) {
        let (mut shelf, mut rows) = (Shelf::new(), Vec::new());
        shelf.oldest_line = oldest.map(at);
        for notice in &notices {
            let before = shelf.clone();
            let expected = judge(&mut rows, notice, shelf.oldest_line);
            let receipt = shelf.receive(notice);
            prop_assert_eq!(verdict(&receipt), expected, "{:?}", notice);
            if !matches!(receipt, Receipt::Booked(_) | Receipt::Repeat { adopt: Some(_), .. }) {
                prop_assert_eq!(&shelf, &before);
            }
        }
        let references = |payments: &[Payment]| payments.iter().map(|p| p.reference_number.clone()).collect::<Vec<_>>();
        prop_assert_eq!(references(&shelf.payments), rows.iter().map(|row| row.reference.clone()).collect::<Vec<_>>());
    }

    #[test]
    fn a_stream_delivered_again_books_nothing(notices in vec(any_notice(), 1..60)) {
        let mut shelf = Shelf::new();
        notices.iter().for_each(|notice| drop(shelf.receive(notice)));
        let after_once = shelf.clone();
        for notice in notices {
            shelf.receive(&Notice { redelivered: true, received_at: at(5), ..notice });
        }
        prop_assert_eq!(shelf, after_once);
    }

    #[test]
    fn no_key_is_booked_twice(notices in vec(any_notice(), 1..80)) {
        let mut shelf = Shelf::new();
        notices.iter().for_each(|notice| drop(shelf.receive(notice)));
        let mut seen = std::collections::HashSet::new();
        for payment in shelf.payments {
            if let Some(reference) = payment.reference_number {
                prop_assert!(seen.insert((payment.bank_account, reference, payment.trans_type)));
            }
        }
    }

    #[test]
    fn each_real_payment_counts_once_however_and_in_whatever_order_it_is_told(
        (payments, notices) in real_payments().prop_flat_map(|payments| {
            let notices: Vec<Notice> = payments.iter().flat_map(|(real, told)| {
                told.iter().map(|(no_reference, no_order)| {
                    let mut notice = real.clone();
                    notice.source = if *no_order { Source::Callback } else { Source::Bdsd };
                    notice.change.reference_number.take_if(|_| *no_reference);
                    notice.change.order_id.take_if(|_| *no_order);
                    notice
                })
            }).collect();
            (Just(payments), Just(notices).prop_shuffle())
        })
    ) {
        let mut shelf = Shelf::new();
        notices.iter().for_each(|notice| drop(shelf.receive(notice)));
        let told: Vec<&Told> = payments.iter().filter(|(_, told)| !told.is_empty()).collect();
        let credits = told.iter().filter(|(real, _)| real.change.trans_type == TransType::Credit);
        prop_assert_eq!(shelf.payments.len(), told.len());
        prop_assert_eq!(income(&shelf.payments), credits.map(|(real, _)| real.change.amount.0).sum::<u64>());
        for (real, _) in told.iter().filter(|(_, told)| told.iter().any(|(no_reference, _)| !no_reference)) {
            let reference = &real.change.reference_number;
            prop_assert_eq!(shelf.payments.iter().filter(|payment| payment.reference_number == *reference).count(), 1);
        }
    }
}
