//! `/trade/v1/query`: which rows are seen, and how a refund goes on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::merchant::{Merchant, is_signed};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use vietqr_edge_sandbox::provider::Pace;
use vietqr_edge_sandbox::qfpay::{Payment, Scope};

fn numbers(answer: &Value) -> Vec<&str> {
    answer["data"].as_array().unwrap().iter().map(|row| row["out_trade_no"].as_str().unwrap()).collect()
}

fn local(at: DateTime<Utc>) -> DateTime<FixedOffset> {
    at.with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
}

/// The month of a time, as `start_time` and `end_time`.
fn month(at: DateTime<Utc>) -> (String, String) {
    let first = local(at).date_naive().with_day(1).unwrap();
    let next = first.checked_add_months(chrono::Months::new(1)).unwrap();
    let show = |day: NaiveDate, time: &str| format!("{day} {time}");
    (show(first, "00:00:00"), show(next.pred_opt().unwrap(), "23:59:59"))
}

#[tokio::test]
async fn rows_tell_payments_and_refunds_apart() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    let refund = merchant.refunded(&payment.syssn, "R1", 300).await;
    let rows = merchant.rows("R1").await;
    let [row] = &rows[..] else { panic!("{rows:?}") };
    for (key, expected) in [
        ("syssn", refund["syssn"].as_str().unwrap()),
        ("origssn", &payment.syssn),
        ("order_type", "refund"),
        ("txamt", "300"),
        ("txcurrcd", "HKD"),
        ("txdtm", "2026-11-21 19:16:36"),
        ("respcd", "0000"),
        ("cancel", "0"),
    ] {
        assert_eq!(row[key], json!(expected), "{key}");
    }
    assert_eq!(row["sysdtm"], refund["sysdtm"]);
    for (amount, cancel) in [(0, "5"), (700, "3")] {
        if amount > 0 {
            merchant.refunded(&payment.syssn, "R2", amount).await;
        }
        let seen = merchant.query(&[("syssn", &payment.syssn)]).await.json();
        let row = &seen["data"][0];
        assert_eq!((&row["order_type"], &row["cancel"]), (&json!("payment"), &json!(cancel)));
    }
    let both = merchant.query(&[("out_trade_no", "R1,R2,R9"), ("page_size", "100")]).await.json();
    assert_eq!((numbers(&both), &both["page"], &both["page_size"]), (vec!["R1", "R2"], &json!(1), &json!(100)));
}

#[tokio::test]
async fn filters_and_pages_narrow_it() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    for n in 0..4 {
        merchant.refunded(&payment.syssn, &format!("R{n}"), 100).await;
    }
    let (from, to) = month(Utc::now());
    let window = [("start_time", &from[..]), ("end_time", &to)];
    let asked = async |more: &[(&'static str, &str)]| {
        let answer = merchant.query(&[&window, more].concat()).await.json();
        numbers(&answer).into_iter().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(asked(&[]).await, ["HD0001", "R0", "R1", "R2", "R3"]);
    assert_eq!(asked(&[("page", "2"), ("page_size", "2")]).await, ["R1", "R2"]);
    assert_eq!(asked(&[("page", "4"), ("page_size", "2")]).await, [""; 0]);
    assert_eq!(asked(&[("respcd", "1143")]).await, [""; 0]);
    assert_eq!(asked(&[("pay_type", "800201")]).await, [""; 0]);
}

#[tokio::test]
async fn what_is_asked_wrongly_has_an_outer_code() {
    let merchant = Merchant::start().await;
    for (params, code) in [
        (&[][..], "1103"),
        (&[("start_time", "2026-11-01 00:00:00")], "1103"),
        (&[("start_time", "2026-11-01"), ("end_time", "2026-11-30")], "1104"),
        (&[("start_time", "2026-11-30 00:00:00"), ("end_time", "2026-12-01 00:00:00")], "1104"),
        (&[("start_time", "2026-11-30 00:00:00"), ("end_time", "2026-11-01 00:00:00")], "1104"),
        (&[("out_trade_no", "R1"), ("page_size", "101")], "1104"),
        (&[("out_trade_no", "R1"), ("page", "0")], "1104"),
        (&[("out_trade_no", "R1"), ("mchid", "x")], "1108"),
    ] {
        let seen = merchant.query(params).await;
        assert!(is_signed(&seen) && seen.json()["respcd"] == code && seen.json().get("data").is_none(), "{seen:?}");
    }
}

#[tokio::test]
async fn without_a_window_only_the_current_month_is_seen() {
    let merchant = Merchant::start().await;
    let payment = merchant.paid("HD0001");
    merchant.refunded(&payment.syssn, "R1", 100).await;
    let (from, to) = month(Utc::now());
    assert_eq!(merchant.rows("R1").await.len(), 1);
    // A month later by QFPay's clock.
    merchant.qfpay.set(|settings| settings.ahead = TimeDelta::days(32));
    assert_eq!(merchant.rows("R1").await.len(), 0);
    let windowed = [("out_trade_no", "R1"), ("start_time", &from[..]), ("end_time", &to)];
    assert_eq!(numbers(&merchant.query(&windowed).await.json()), ["R1"]);
    let (from, to) = month(Utc::now() + TimeDelta::days(32));
    let other = [("out_trade_no", "R1"), ("start_time", &from[..]), ("end_time", &to)];
    assert_eq!(numbers(&merchant.query(&other).await.json()), [""; 0]);

    merchant.qfpay.set(|settings| settings.scope = Scope::Numbers);
    assert_eq!(merchant.rows("R1").await.len(), 1);
    assert_eq!(numbers(&merchant.query(&other).await.json()), ["R1"]);
    assert_eq!(numbers(&merchant.query(&other[1..]).await.json()), [""; 0]);
}

#[tokio::test]
async fn a_window_is_in_the_zone_that_the_request_names() {
    let merchant = Merchant::start().await;
    let at = "2026-11-10T01:30:00Z".parse().unwrap();
    merchant.qfpay.pay(Payment { at, ..Payment::new("HD0001", 1_000) });
    for (zone, from, to, seen) in [
        (None, "2026-11-10 09:30:00", "2026-11-10 09:30:00", 1),
        (None, "2026-11-10 09:30:01", "2026-11-10 09:30:02", 0),
        (Some("+0700"), "2026-11-10 08:30:00", "2026-11-10 08:30:00", 1),
        (Some("+0000"), "2026-11-10 09:30:00", "2026-11-10 09:30:00", 0),
    ] {
        let mut params = vec![("out_trade_no", "HD0001"), ("start_time", from), ("end_time", to)];
        params.extend(zone.map(|zone| ("txzone", zone)));
        assert_eq!(numbers(&merchant.query(&params).await.json()).len(), seen, "{params:?}");
    }
}

#[tokio::test]
async fn a_refund_goes_on_with_each_enquiry_or_by_hand() {
    let merchant = Merchant::start().await;
    let course = ["1143", "1145", "0000"].map(String::from).to_vec();
    merchant.qfpay.set(|settings| settings.course = course);
    let payment = merchant.paid("HD0001");
    assert_eq!(merchant.refunded(&payment.syssn, "R1", 100).await["respcd"], "1143");
    for respcd in ["1145", "0000", "0000"] {
        assert_eq!(merchant.rows("R1").await[0]["respcd"], respcd);
    }
    merchant.qfpay.set(|settings| {
        settings.pace = Pace::ByHand;
        settings.course = vec!["1143".into(), "1205".into()];
    });
    merchant.refunded(&payment.syssn, "R2", 100).await;
    assert_eq!(merchant.qfpay.moved(&payment.syssn), 1);
    for respcd in ["1143", "1205"] {
        for _ in 0..2 {
            assert_eq!(merchant.rows("R2").await[0]["respcd"], respcd);
        }
        merchant.qfpay.step(&payment.syssn);
    }
}

#[tokio::test]
async fn a_new_row_can_stay_out_of_sight_for_some_enquiries() {
    let merchant = Merchant::start().await;
    merchant.qfpay.set(|settings| settings.hidden_for = 2);
    let payment = merchant.paid("HD0001");
    merchant.refunded(&payment.syssn, "R1", 100).await;
    for rows in [0, 0, 1, 1] {
        assert_eq!(merchant.rows("R1").await.len(), rows);
    }
}
