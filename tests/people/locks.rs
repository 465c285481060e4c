//! Wrong PINs: what is answered, who is locked out, what is kept.

use crate::{
    shop::{BOSS, HOA, LAN, Shop, WRONG, ask},
    support::served::DEADLINE,
};
use futures_util::future::{FutureExt, join_all};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use vietqr_edge::{http::Role, pin::Denied};
use vietqr_edge_core::{event::Event, refund::Pin};

/// What a right PIN comes to in `Till::guess`: the amount is above the limit.
fn heard() -> (u16, String) {
    (422, "above_max_amount".to_owned())
}

fn wrong() -> (u16, String) {
    (403, "wrong_pin".to_owned())
}

fn locked() -> (u16, String) {
    (429, "too_many_wrong_pins".to_owned())
}

#[tokio::test]
async fn without_the_right_pin_nothing_is_stored_and_the_request_id_is_free() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Pos, "till");
    let before = shop.served.last();
    let (status, code, body) = till.post("/v1/refunds", &ask("r-1", "FT00001", 10_000, "lan", None)).await;
    assert_eq!((status, code.as_str(), &body["errors"][0]["field"]), (403, "pin_required", &json!("pin")));
    for _ in 0..6 {
        till.ask("r-1", 10_000, "lan", WRONG).await;
    }
    assert_eq!(till.ask("r-1", 10_000, "lan", LAN).await.0, 429, "not even the right one is checked");
    assert!(shop.served.get("/v1/refunds").await.2["items"].as_array().unwrap().is_empty());
    assert_eq!(shop.served.last(), before + 1, "one event: it is locked");
    shop.served.clock.forward(300_000);
    let (status, state, body) = till.ask("r-1", 9_000, "lan", LAN).await;
    assert_eq!(
        (status, state.as_str(), &body["operator"]),
        (202, "queued", &json!("lan")),
        "with another content, too"
    );
    // The same again, by whoever has a PIN; and not without.
    assert_eq!(till.ask("r-1", 9_000, "hoa", HOA).await.0, 200);
    assert_eq!(till.ask("r-1", 9_000, "hoa", WRONG).await.0, 403);
}

#[tokio::test]
async fn a_wrong_pin_and_an_unknown_operator_get_the_same_answers() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let mut answers = Vec::new();
    for operator in ["lan", "nobody"] {
        let mut all = Vec::new();
        for _ in 0..7 {
            all.push(till.whole("/v1/refunds", &ask("r-1", "FT00001", 10_000, operator, Some(WRONG))).await);
        }
        answers.push(all);
    }
    assert_eq!(answers[0], answers[1]);
    let codes: Vec<u16> = answers[0].iter().map(|(_, (status, ..))| *status).collect();
    assert_eq!(codes, [403, 403, 403, 403, 403, 429, 429]);
    let (after, (_, _, body)) = &answers[0][5];
    assert_eq!((after.as_deref(), &body["retry_after"]), (Some("300"), &json!(300)));
}

#[tokio::test]
async fn a_name_that_is_nobodys_takes_as_long_as_a_wrong_pin() {
    let shop = Shop::open().await;
    let mut took = [Duration::MAX; 2];
    for n in 0..4 {
        for (took, operator) in took.iter_mut().zip(["lan", "nobody"]) {
            let begun = Instant::now();
            let denied = shop.desk.check(&format!("till {n}"), operator, Pin(WRONG.into())).await;
            assert_eq!(denied, Err(Denied::Wrong));
            *took = begun.elapsed().min(*took);
        }
    }
    let [wrong, nobody] = took;
    assert!(nobody < wrong * 3 && wrong < nobody * 3, "{wrong:?} and {nobody:?}: one of them was not checked");
}

#[tokio::test]
async fn ten_wrong_pins_at_once_are_five_tries_and_the_right_operator_at_another_till_is_heard() {
    let shop = Shop::open().await;
    let (till, other) = (shop.till(Role::Pos, "till"), shop.till(Role::Pos, "other"));
    let guesses = join_all((0..10).map(|_| till.guess("lan", WRONG)));
    let (guesses, right) = tokio::join!(guesses, other.guess("lan", LAN));
    assert_eq!(right, heard());
    let heard_of = |answer: (u16, String)| guesses.iter().filter(|guess| **guess == answer).count();
    assert_eq!((heard_of(wrong()), heard_of(locked())), (5, 5), "{guesses:?}");
    assert_eq!(till.guess("lan", LAN).await, locked());
    assert_eq!(till.guess("hoa", HOA).await, heard(), "another operator here");
    assert_eq!(other.guess("lan", LAN).await, heard(), "this operator elsewhere");
}

#[tokio::test]
async fn a_guess_counts_when_whoever_made_it_has_hung_up() {
    let shop = Shop::open().await;
    let guess = shop.desk.check("token till", "lan", Pin(WRONG.into()));
    assert!(guess.now_or_never().is_none(), "it was begun, and dropped");
    let counted = async {
        while shop.served.ledger.reader.counters().wrong_pins == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, counted).await.unwrap();
    let till = shop.till(Role::Pos, "till");
    for _ in 0..4 {
        assert_eq!(till.guess("lan", WRONG).await, wrong());
    }
    assert_eq!(till.guess("lan", LAN).await, locked());
}

#[tokio::test]
async fn a_right_pin_ends_the_row() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Pos, "till");
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(till.guess("lan", WRONG).await, wrong());
        }
        assert_eq!(till.guess("lan", LAN).await, heard());
    }
}

#[tokio::test]
async fn whoever_guesses_for_long_at_one_till_fills_neither_the_journal_nor_the_others_patience() {
    let shop = Shop::open().await;
    let (till, other) = (shop.till(Role::Pos, "till"), shop.till(Role::Pos, "other"));
    let bytes = || shop.served.ledger.reader.disk().journal_bytes;
    let before = bytes();
    for n in 0..300 {
        till.guess(&format!("name {n}"), WRONG).await;
    }
    assert_eq!(shop.served.ledger.reader.counters().wrong_pins, 30);
    assert!(bytes() - before < 16 * 1024, "{}", bytes() - before);
    assert_eq!(till.guess("hoa", HOA).await, locked(), "the device has had enough of this till");
    for _ in 0..4 {
        assert_eq!(other.guess("lan", WRONG).await, wrong());
    }
    assert_eq!(other.guess("lan", LAN).await, heard(), "at another till people may err");
    shop.served.clock.forward(3_600_000);
    assert_eq!(till.guess("hoa", HOA).await, heard());
}

#[tokio::test]
async fn a_lock_is_told_as_an_event_with_the_operator_and_the_till() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Pos, "till");
    for operator in ["lan", WRONG] {
        for _ in 0..6 {
            till.guess(operator, WRONG).await;
        }
    }
    let events = shop.served.ledger.reader.events(0, 1000).unwrap();
    let told: Vec<_> = events.into_iter().filter(|told| matches!(told.event, Event::OperatorLocked(_))).collect();
    let told: Vec<Value> = told.iter().map(|told| told.event.public(told.seq)).collect();
    let until = "2026-11-21T02:35:00.000Z";
    let lock = json!({"operator": "lan", "caller": "token till", "wrong": 5, "pause_ms": 300_000, "until": until});
    let nobody = json!({"caller": "token till", "wrong": 5, "pause_ms": 300_000, "until": until});
    assert_eq!(told, [lock, nobody], "a name that is no operator's may be a PIN: it is not told");
    assert_eq!(shop.served.ledger.reader.counters().locks, 2);
}

#[tokio::test]
async fn a_clock_that_was_set_back_makes_a_lock_neither_shorter_nor_endless() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Pos, "till");
    for _ in 0..5 {
        till.guess("lan", WRONG).await;
    }
    shop.served.clock.jump(-365 * 86_400_000);
    assert_eq!(till.guess("lan", LAN).await, locked());
    shop.served.clock.forward(299_000);
    assert_eq!(till.guess("lan", LAN).await, locked());
    shop.served.clock.forward(1_000);
    assert_eq!(till.guess("lan", LAN).await, heard());
}

#[tokio::test]
async fn no_pin_is_kept_or_repeated() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let mut said = String::new();
    let number: u64 = WRONG.parse().unwrap();
    for (pin, operator) in [(json!(WRONG), "lan"), (json!(number), "lan"), (json!(LAN), "lan"), (json!(LAN), WRONG)] {
        let body = json!({"operator": operator, "pin": pin, "reason": "x", "verdict": "failed"});
        let mut request = ask("r-1", "FT00001", 16_000, operator, None);
        request["pin"] = pin;
        said += &till.post("/v1/refunds", &request).await.2.to_string();
        for action in ["approve", "cancel", "resolve"] {
            let mut body = body.clone();
            let fields = body.as_object_mut().unwrap();
            fields.retain(|name, _| match action {
                "approve" => name != "reason" && name != "verdict",
                "cancel" => name != "verdict",
                _ => true,
            });
            said += &till.post(&format!("/v1/refunds/r4/{action}"), &body).await.2.to_string();
        }
    }
    said += &till.get("/v1/refunds/r4").await.to_string();
    said += &till.get("/v1/events").await.to_string();
    assert!(said.contains("\"awaiting_approval\"") && said.contains("wrong_pin"), "{said}");
    for pin in [LAN, WRONG, HOA, BOSS] {
        assert!(!said.contains(pin), "{said}");
        assert!(!shop.keeps(pin));
    }
    assert!(shop.keeps("khách trả hàng"), "the search finds what is there");
    assert!(!format!("{:?}", shop.desk.operators()).contains("argon2id"));
}
