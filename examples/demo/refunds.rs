//! The second part of the story: money goes back, once, whatever happens on the way.

use crate::{
    Result, page,
    speaker::Said,
    stage::Stage,
    story::{expect, silent},
};
use chrono::{TimeDelta, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use vietqr_edge::http::Payment;
use vietqr_edge_core::money::Dong;
use vietqr_edge_sandbox::{
    folder,
    request::{Answers, RefundRequest, RequestKey},
    vietqr::{
        Publish,
        http::{Call, Fault, Movement},
    },
};

const TERMINAL: &str = "VVB123456";
/// What is said where the answer was lost.
const UNKNOWN: &str = "Chưa rõ kết quả hoàn tiền, vui lòng kiểm tra";

/// Tells it. `payments` are those of the first part, oldest first.
///
/// # Errors
/// The first step that did not happen in time, or not as told.
pub async fn tell(stage: &mut Stage, payments: &[Payment]) -> Result {
    let [coffee, second, bread, tea] = payments else { return Err("the refunds need four payments".into()) };
    let mut heard = Heard(stage.said()?.len());
    a_refund(stage, &mut heard, coffee).await?;
    the_answer_is_lost(stage, &mut heard, second).await?;
    a_signed_message(stage, &mut heard, bread).await?;
    offline(stage, tea).await?;
    the_books_are_compared(stage, &heard).await
}

async fn a_refund(stage: &Stage, heard: &mut Heard, payment: &Payment) -> Result {
    page::step(8, "A refund: the first customer gets 25.000 đ back");
    page::tell("The device looks the payment up at VietQR over HTTPS, writes down that it will send, and sends.");
    let refund = ask(stage, payment, "r-1", "khách trả hàng").await?;
    heard.next(stage, "Đã hoàn hai mươi lăm nghìn đồng").await?;
    show(stage, &refund).await?;
    let refund = in_state(stage, &refund, "succeeded").await?;
    moved(stage, payment, 1)?;
    expect(refund["evidence"]["kind"] == "answer", || format!("expected an answer as evidence: {refund}"))?;
    page::seen("the ledger says succeeded, the bank moved 25.000 đ, once");
    silent(stage).await
}

async fn the_answer_is_lost(stage: &Stage, heard: &mut Heard, payment: &Payment) -> Result {
    page::step(9, "A refund of 18.000 đ whose answer is lost");
    page::tell("The bank moves the money, then the line breaks before VietQR's answer is through.");
    stage.http()?.fault(Call::Refund, Fault::ProcessAndClose)?;
    let id = ask(stage, payment, "r-2", "khách trả hàng").await?;
    heard.next(stage, UNKNOWN).await?;
    page::tell("Sent again, it might move twice. Given up, it would be lost from the books. So it is looked up,");
    page::tell("here after 2 s (in a shop after 30 s):");
    heard.next(stage, "Đã hoàn mười tám nghìn đồng").await?;
    show(stage, &id).await?;
    let refund = in_state(stage, &id, "succeeded").await?;
    let shown_by = (&refund["evidence"]["kind"], &refund["attempt_count"]);
    expect(shown_by == (&"figures".into(), &1.into()), || format!("expected one attempt, and figures: {refund}"))?;
    let mut history = refund["history"].as_array().into_iter().flatten();
    expect(history.any(|change| change["type"] == "refund.unknown"), || format!("the answer was not lost: {refund}"))?;
    moved(stage, payment, 1)?;
    page::seen("VietQR's figures show one refund more than before, of exactly 18.000 đ: sent once, moved once");
    silent(stage).await
}

async fn a_signed_message(stage: &mut Stage, heard: &mut Heard, payment: &Payment) -> Result {
    page::step(10, "The shop's own system asks for 52.500 đ back, by a signed MQTT message");
    let key = RequestKey::read(&folder::request_key(&stage.folder.dir))?;
    let request = RefundRequest {
        request_id: "r-3".into(),
        terminal: TERMINAL.into(),
        account: payment.bank_account.clone(),
        reference: payment.reference_number.clone().ok_or("a payment without a reference")?,
        amount: payment.amount.0,
        reason: "khách trả hàng".into(),
        operator: Some("lan".into()),
        multi_times: false,
    };
    let claims = request.claims(Utc::now(), TimeDelta::minutes(2));
    let signed = key.sign(&claims)?;
    let response = format!("vietqr-edge/{TERMINAL}/refund/response");
    let mut answers = Answers::subscribe(&stage.folder.cloud(), &response).await?;
    page::tell(format_args!("It says    {claims}"));
    page::tell(format_args!("signed as  {}… (a JWS, HS256)", &signed[..72.min(signed.len())]));
    page::tell(format_args!("sent to    vietqr-edge/{TERMINAL}/refund/request"));
    page::tell("The device answers each change, signed by the same key:");
    send(stage, &signed).await?;
    for state in ["queued", "sending", "succeeded"] {
        answered(stage, &mut answers, &key, state).await?;
    }
    heard.next(stage, "Đã hoàn năm mươi hai nghìn năm trăm đồng").await?;
    moved(stage, payment, 1)?;
    page::seen("the bank moved 52.500 đ, once");
    page::tell(
        "A stranger sends the like, signed by another key, and what the shop sent, once more. Then the shop asks",
    );
    page::tell("again, by a new message with the same jti:");
    let stranger = RequestKey::read(&stage.folder.dir.join("secrets/mqtt-password"))?;
    let mut foreign = claims.clone();
    foreign["jti"] = "r-stranger".into();
    send(stage, &stranger.sign(&foreign)?).await?;
    send(stage, &signed).await?;
    let again = request.claims(Utc::now() + TimeDelta::seconds(1), TimeDelta::minutes(2));
    send(stage, &key.sign(&again)?).await?;
    // Had the stranger been answered, that answer would come first.
    answered(stage, &mut answers, &key, "succeeded").await?;
    let distrusted = async |stage: &Stage| {
        let quarantined = stage.daemon.status().await?.totals.quarantined;
        let count = quarantined.iter().find(|(reason, _)| reason.as_str() == "untrusted_request");
        Ok(count.filter(|(_, count)| **count == 2).map(|_| ()))
    };
    stage.until("the stranger's messages are counted", distrusted).await?;
    expect(refunds(stage).await?.len() == 3, || "a stranger made a refund".into())?;
    moved(stage, payment, 1)?;
    page::seen(
        "the stranger got no answer and no refund, and was counted twice; the shop was told how its refund stands",
    );
    silent(stage).await
}

async fn offline(stage: &mut Stage, payment: &Payment) -> Result {
    page::step(11, "VietQR can not be reached, and a refund is called off");
    let bank = stage.http_away().await?;
    let id = ask(stage, payment, "r-4", "khách trả hàng").await?;
    let arguments = ["refund", "show", id.as_str()];
    let shown = stage.daemon.ask(&arguments).await?;
    page::command(&format!("vietqr-edge {}", arguments.join(" ")), &shown);
    in_state(stage, &id, "queued").await?;
    page::tell("It waits. Nothing was sent, so it can still be called off:");
    let arguments = ["refund", "cancel", id.as_str(), "--operator", "lan", "--reason", "khách đổi ý"];
    let told = stage.daemon.ask(&arguments).await?;
    page::command(
        &format!("vietqr-edge refund cancel {id} --operator lan --reason \"khách đổi ý\""),
        &told
            .lines()
            .filter(|line| line.contains("refused") || line.starts_with("code"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    stage.http_back(bank).await?;
    let refund = in_state(stage, &id, "refused").await?;
    expect(refund["code"] == "cancelled" && refund["attempt_count"] == 0, || format!("it was sent: {refund}"))?;
    moved(stage, payment, 0)?;
    page::seen("VietQR is back, and never hears of it");
    Ok(())
}

/// Nothing that the story told is believed here: the whole ledger against the whole bank.
async fn the_books_are_compared(stage: &Stage, heard: &Heard) -> Result {
    page::step(12, "The books are compared");
    page::command("vietqr-edge refunds", &stage.daemon.ask(&["refunds"]).await?);
    let movements = stage.http()?.bank().movements();
    page::tell("The sandbox's bank counts every movement, whatever it told the device:");
    for Movement { reference, amount, refund, .. } in &movements {
        page::tell(format_args!("  {} đ of {reference} went back as {refund}", Dong(*amount)));
    }
    let mut at_the_bank: BTreeMap<(String, u64), usize> = BTreeMap::new();
    for movement in &movements {
        *at_the_bank.entry((movement.reference.clone(), movement.amount)).or_default() += 1;
    }
    let all = refunds(stage).await?;
    for refund in &all {
        let reference = refund["original"]["reference_number"].as_str().unwrap_or_default().to_owned();
        let amount = refund["amount"].as_u64().unwrap_or_default();
        let moved = at_the_bank.remove(&(reference, amount)).unwrap_or(0);
        let says = match refund["state"].as_str() {
            Some("succeeded") => 1,
            Some("failed" | "refused") => 0,
            _ => return Err(format!("a refund has not ended: {refund}").into()),
        };
        expect(moved == says, || format!("the bank moved it {moved} times, the ledger says: {refund}"))?;
    }
    expect(at_the_bank.is_empty(), || format!("the bank moved what no refund asked for: {at_the_bank:?}"))?;
    let heard_of = |refund: &Value| {
        let reference = refund["original"]["reference_number"].as_str().unwrap_or_default();
        let calls = stage.http()?.handled();
        let of_it = calls.iter().filter(|call| call.call == Some(Call::Refund) && call.body.contains(reference));
        Result::Ok(of_it.count())
    };
    for refund in &all {
        let sent = refund["attempt_count"] == 1;
        // The interface was new when it came back: of what was before it knows no calls.
        expect(sent || heard_of(refund)? == 0, || format!("VietQR was asked for it: {refund}"))?;
    }
    let refunded: u64 = movements.iter().map(|movement| movement.amount).sum();
    expect((movements.len(), refunded) == (3, 95_500), || {
        format!("expected three movements, 95.500 đ: {movements:?}")
    })?;
    expect(stage.said()?.len() == heard.0, || "more was said than was told".into())?;
    page::seen("three refunds succeeded and three times money moved, 95.500 đ; the cancelled one moved nothing");
    page::command("vietqr-edge journal verify", &stage.daemon.ask(&["journal", "verify"]).await?);
    Ok(())
}

/// How many sentences were heard.
struct Heard(usize);

impl Heard {
    /// Waits for the next sentence, which must be this one.
    async fn next(&mut self, stage: &Stage, sentence: &str) -> Result {
        let nth = self.0;
        let look = async |stage: &Stage| Ok(stage.said()?.into_iter().nth(nth));
        let said: Said = stage.until(&format!("'{sentence}' is said"), look).await?;
        page::said(&said.sentence);
        self.0 += 1;
        expect(said.sentence == sentence, || format!("expected the sentence '{sentence}'"))
    }
}

/// Asks for all of a payment, as the cashier does; gives the refund's id.
async fn ask(stage: &Stage, payment: &Payment, request_id: &str, reason: &str) -> Result<String> {
    let (payment, amount) = (payment.id.to_string(), payment.amount.0.to_string());
    let arguments = ["refund", "new", "--payment", &payment, "--amount", &amount, "--operator", "lan"];
    let arguments = [&arguments[..], &["--request-id", request_id, "--reason", reason, "--json"]].concat();
    let refund: Value = serde_json::from_str(&stage.daemon.ask(&arguments).await?)?;
    let typed = format!(
        "vietqr-edge refund new --payment {payment} --amount {amount} --operator lan --request-id {request_id} \
         --reason \"{reason}\""
    );
    page::command(&typed, "");
    Ok(refund["id"].as_str().ok_or("a refund without an id")?.to_owned())
}

/// Waits until a refund is in a state, and gives it.
async fn in_state(stage: &Stage, id: &str, state: &str) -> Result<Value> {
    let look = async |stage: &Stage| {
        let refund: Value = serde_json::from_str(&stage.daemon.ask(&["refund", "show", id, "--json"]).await?)?;
        Ok(Some(refund).filter(|refund| refund["state"] == state))
    };
    stage.until(&format!("refund {id} is {state}"), look).await
}

async fn show(stage: &Stage, id: &str) -> Result {
    page::command(&format!("vietqr-edge refund show {id}"), &stage.daemon.ask(&["refund", "show", id]).await?);
    Ok(())
}

async fn refunds(stage: &Stage) -> Result<Vec<Value>> {
    let mut list: Value = serde_json::from_str(&stage.daemon.ask(&["refunds", "--json", "--limit", "1000"]).await?)?;
    Ok(serde_json::from_value(list["items"].take())?)
}

/// How often the bank moved money of this payment.
fn moved(stage: &Stage, payment: &Payment, times: usize) -> Result {
    let movements = stage.http()?.bank().movements();
    let found = movements.iter().filter(|movement| Some(&movement.reference) == payment.reference_number.as_ref());
    let found = found.count();
    expect(found == times, || format!("the bank moved the money of {} {found} times, expected {times}", payment.id))
}

async fn send(stage: &Stage, signed: &str) -> Result {
    let topic = format!("vietqr-edge/{TERMINAL}/refund/request");
    stage.publish(vec![Publish { topic, body: signed.as_bytes().to_vec(), retain: false }]).await
}

/// Shows the next answer, which must be in this state.
async fn answered(stage: &Stage, answers: &mut Answers, key: &RequestKey, state: &str) -> Result {
    let answer = tokio::time::timeout(crate::stage::LIMIT, answers.next()).await;
    let answer = answer.map_err(|_| format!("no answer '{state}'{}", stage.daemon.last_lines()))??;
    let claims = key.verify(&answer)?;
    page::tell(format_args!("  {claims}"));
    expect(claims["request_id"] == "r-3" && claims["state"] == state, || format!("expected r-3 {state}, got {claims}"))
}
