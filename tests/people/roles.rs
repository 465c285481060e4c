//! Who may do what: cashiers, managers, the socket.

use crate::shop::{BOSS, HOA, LAN, Shop, ask, path};
use serde_json::{Value, json};
use vietqr_edge::{
    config,
    http::Role,
    ledger::{Answer, Command},
};
use vietqr_edge_core::{
    provider::LookUp,
    refund::{Ask, Door, Input},
};

fn by(operator: &str, pin: &str) -> Value {
    json!({"operator": operator, "pin": pin})
}

fn because(operator: &str, pin: &str) -> Value {
    json!({"operator": operator, "pin": pin, "reason": "nhầm"})
}

fn verdict(operator: &str, pin: &str) -> Value {
    json!({"operator": operator, "pin": pin, "reason": "đã xem sao kê", "verdict": "failed"})
}

/// Makes a queued refund one that people have to look at.
async fn to_review(shop: &Shop, refund: &Value) {
    let begin = Input::Begin { attempt: "a1".into(), body: "{}".into(), look_up: LookUp::NoFigures };
    let refund = refund["id"].as_str().unwrap().parse().unwrap();
    shop.served.ledger.commands.send(Command::Refund { refund, input: Box::new(begin) }).await.unwrap();
}

#[tokio::test]
async fn a_manager_who_did_not_ask_approves_and_both_names_are_kept() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let (_, state, refund) = till.ask("r-1", 16_000, "boss", BOSS).await;
    assert_eq!(state, "no_approver", "there is only one manager: {refund}");
    let (_, state, refund) = till.ask("r-1", 16_000, "lan", LAN).await;
    assert_eq!((state.as_str(), &refund["approved_by"]), ("awaiting_approval", &Value::Null));
    let approve = path(&refund, "approve");
    for (body, code) in [
        (by("lan", LAN), "not_a_manager"),
        (by("hoa", HOA), "not_a_manager"),
        (by("boss", HOA), "wrong_pin"),
        (json!({"operator": "boss"}), "pin_required"),
    ] {
        let (status, told, _) = till.post(&approve, &body).await;
        assert_eq!((status, told.as_str()), (403, code));
    }
    assert_eq!(till.post(&approve, &json!({"pin": BOSS})).await.2["errors"][0]["field"], "operator");
    assert_eq!(shop.till(Role::Pos, "pos").post(&approve, &by("boss", BOSS)).await.1, "role");
    let (status, state, refund) = till.post(&approve, &by("boss", BOSS)).await;
    assert_eq!((status, state.as_str()), (200, "queued"));
    assert_eq!((&refund["operator"], &refund["approved_by"]), (&json!("lan"), &json!("boss")));
    let history = refund["history"].as_array().unwrap();
    assert!(history.iter().all(|change| change["data"]["operator"] == "lan"), "{history:?}");
    assert!(history[2..].iter().all(|change| change["data"]["approved_by"] == "boss"), "{history:?}");
    assert_eq!(till.post(&approve, &by("boss", BOSS)).await.1, "wrong_state", "once");
}

#[tokio::test]
async fn who_asked_or_a_manager_cancels_with_their_pin() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    for (n, who) in [("lan", LAN), ("boss", BOSS)].into_iter().enumerate() {
        let (_, _, refund) = till.ask(&format!("r-{n}"), 10_000, "lan", LAN).await;
        let cancel = path(&refund, "cancel");
        assert_eq!(till.post(&cancel, &because("hoa", HOA)).await.1, "not_the_requester");
        assert_eq!(till.post(&cancel, &because("lan", HOA)).await.1, "wrong_pin");
        let (status, state, refund) = till.post(&cancel, &because(who.0, who.1)).await;
        assert_eq!((status, state.as_str(), &refund["state"]), (200, "refused", &json!("refused")), "{refund}");
        let last = &refund["history"].as_array().unwrap().last().unwrap()["data"];
        assert_eq!((&last["by"], &last["reason"]), (&json!(who.0), &json!("nhầm")));
    }
}

#[tokio::test]
async fn a_manager_gives_a_verdict_and_a_cashier_none() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let (_, _, refund) = till.ask("r-1", 10_000, "lan", LAN).await;
    to_review(&shop, &refund).await;
    let resolve = path(&refund, "resolve");
    assert_eq!(till.post(&resolve, &verdict("lan", LAN)).await.1, "not_a_manager");
    let (status, _, refund) = till.post(&resolve, &verdict("boss", BOSS)).await;
    assert_eq!((status, &refund["state"], &refund["evidence"]["by"]), (200, &json!("failed"), &json!("boss")));
}

#[tokio::test]
async fn on_the_socket_people_decide_without_a_pin_but_ask_with_one() {
    let shop = Shop::open().await;
    let socket = shop.till(Role::Admin, "socket");
    let (status, code, _) = socket.post("/v1/refunds", &ask("r-1", "FT00001", 16_000, "lan", None)).await;
    assert_eq!((status, code.as_str()), (403, "pin_required"));
    let (_, _, refund) = socket.ask("r-1", 16_000, "lan", LAN).await;
    let approve = path(&refund, "approve");
    for (body, code) in [
        (json!({"operator": "hoa"}), "not_a_manager"),
        (json!({"operator": "nobody"}), "unknown_operator"),
        (by("boss", HOA), "wrong_pin"),
    ] {
        assert_eq!(socket.post(&approve, &body).await.1, code, "a name has the rights that it has: {body}");
    }
    let (status, _, refund) = socket.post(&approve, &json!({})).await;
    assert_eq!((status, &refund["approved_by"]), (200, &json!("admin")));
    to_review(&shop, &refund).await;
    let (status, _, refund) =
        socket.post(&path(&refund, "resolve"), &json!({"verdict": "failed", "reason": "x"})).await;
    assert_eq!((status, &refund["evidence"]["by"]), (200, &json!("admin")));
    let (_, _, second) = socket.ask("r-2", 10_000, "lan", LAN).await;
    let (status, _, second) = socket.post(&path(&second, "cancel"), &json!({"reason": "nhầm"})).await;
    assert_eq!((status, &second["state"]), (200, &json!("refused")));
}

#[tokio::test]
async fn each_wrong_field_of_a_decision_is_named_and_counts_as_no_guess() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let body = json!({"verdict": "maybe", "reason": "", "operator": 7, "pin": 123_456});
    for _ in 0..6 {
        let (status, _, problem) = till.post("/v1/refunds/r1/resolve", &body).await;
        let errors = problem["errors"].as_array().unwrap();
        let named: Vec<&str> = errors.iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!((status, named), (400, vec!["operator", "pin", "reason", "verdict"]));
        assert!(!problem.to_string().contains("123456"), "{problem}");
    }
    assert_eq!(shop.served.ledger.reader.counters().wrong_pins, 0);
}

#[tokio::test]
async fn people_are_changed_while_it_runs() {
    let shop = Shop::open().await;
    let till = shop.till(Role::Console, "till");
    let (_, _, queued) = till.ask("r-1", 10_000, "lan", LAN).await;
    let boss = crate::support::served::operator("boss", config::Role::Manager, BOSS);
    shop.desk.renew(vec![boss]);
    shop.served.ledger.commands.send(Command::Operators(vec![("boss".into(), true)])).await.unwrap();
    assert_eq!(till.ask("r-2", 10_000, "lan", LAN).await.1, "wrong_pin", "nobody of this name");
    let found = LookUp::Found { amount: 25_000, figures: None, refundable: true };
    let begin = Input::Begin { attempt: "a1".into(), body: "{}".into(), look_up: found };
    let refund = queued["id"].as_str().unwrap().parse().unwrap();
    let answer = shop.served.ledger.commands.send(Command::Refund { refund, input: Box::new(begin) }).await;
    assert!(matches!(answer, Ok(Answer::Refund(told)) if !told.sends), "it is not sent for one who is gone");
    assert_eq!(till.get(&format!("/v1/refunds/{refund}")).await["code"], "unknown_operator");
    shop.desk.renew(vec![]);
    shop.served.ledger.commands.send(Command::Operators(vec![])).await.unwrap();
    let (status, _, refund) = till.post("/v1/refunds", &ask("r-2", "FT00002", 10_000, "anybody", None)).await;
    assert_eq!((status, &refund["operator"]), (202, &json!("anybody")), "without operators any name will do");
}

#[tokio::test]
async fn a_signed_request_needs_no_pin_but_an_operator_and_above_the_limit_a_manager() {
    let shop = Shop::open().await;
    let send = |request_id: &str, operator: &str, amount: u64| {
        let body = ask(request_id, "FT00001", amount, operator, None).to_string();
        let door = Door::Mqtt { terminal: "VVB123456".into(), key: "key".into(), issued_at: 1_795_000_000 };
        let command =
            Command::RefundRequest { ask: Box::new(Ask::from_json(body.as_bytes()).unwrap()), door, replay: None };
        shop.served.ledger.commands.send(command)
    };
    assert!(send("r-1", "nobody", 10_000).await.unwrap_err().to_string().contains("operator: expected"));
    let Ok(Answer::Refund(made)) = send("r-1", "lan", 16_000).await else { panic!() };
    assert_eq!(made.state.as_str(), "awaiting_approval");
    let console = shop.till(Role::Console, "till");
    let approve = format!("/v1/refunds/{}/approve", made.refund);
    assert_eq!(console.post(&approve, &by("boss", BOSS)).await.1, "queued");
}
