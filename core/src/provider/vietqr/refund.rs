//! The refund itself (vietqr.md 3.5).

use super::{
    JSON, Token, answer, checksum,
    codes::{Class, class},
};
use crate::{
    provider::{Call, Figures, Outcome, Told, Wire},
    refund::Request,
};
use serde::Serialize;

/// The most characters of `content` that are sent: the longest that VietQR was seen to take anywhere.
pub const CONTENT_MAX: usize = 50;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    bank_account: &'a str,
    reference_number: &'a str,
    amount: String,
    content: String,
    check_sum: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    multi_times: bool,
    bank_code: &'a str,
}

/// The refund call; `None` where the request is another provider's. `figures` are those of the look-up before it: `multiTimes` goes
/// with a payment's first refund only.
pub fn refund(request: &Request, figures: Option<Figures>, secret: &[u8], token: &Token) -> Option<Call> {
    let (bank_account, reference_number) = request.original.in_ledger()?;
    let bank_code = request.original.optional("bank_code")?;
    let amount = request.amount.to_string();
    let check_sum = checksum(&[secret, reference_number.as_bytes(), amount.as_bytes(), bank_account.as_bytes()]);
    let body = Body {
        bank_account,
        reference_number,
        amount,
        content: request.reason.chars().take(CONTENT_MAX).collect(),
        check_sum,
        multi_times: request.multi_times && figures.is_some_and(|figures| figures.refund_count == 0),
        bank_code,
    };
    let body = serde_json::to_vec(&body).ok()?;
    Some(Call {
        path: "/api/transaction/refund",
        headers: vec![("Authorization", token.bearer())],
        content_type: JSON,
        body,
        answer_header: None,
    })
}

/// What became of the attempt. Only an answer that says so in full counts; everything else is unknown.
pub fn read_refund(wire: &Wire) -> Outcome {
    let (status, body) = match wire {
        Wire::NotSent { reason } => return Outcome::NotSent(Told::with("not_sent", reason)),
        Wire::Broken { reason } => return Outcome::Unknown(Told::with("no_answer", reason)),
        Wire::Answer { status, body, .. } => (*status, body),
    };
    if !matches!(status, 200..=299 | 400..=499) || matches!(status, 408 | 425 | 429) {
        return Outcome::Unknown(answer::failure(status, body));
    }
    let Some(verdict) = answer::only_verdict(body) else {
        let code = if status < 300 { "unreadable".to_owned() } else { format!("http_{status}") };
        return Outcome::Unknown(Told::code(code));
    };
    let Some(code) = verdict.code() else {
        return match (verdict.success, status) {
            (true, 200..=299) => {
                let Told { message, .. } = Told::with("", &verdict.message);
                Outcome::Succeeded { reference: message }
            }
            _ => Outcome::Unknown(Told::with(format!("http_{status}"), &verdict.message)),
        };
    };
    let told = Told::with(code, &verdict.message);
    if verdict.success {
        return Outcome::Unknown(told);
    }
    match class(code) {
        Class::Token => Outcome::TokenRefused(told),
        Class::CallerBug | Class::Setup | Class::NotFound | Class::Refused => Outcome::FailedFinal(told),
        Class::InProgress => Outcome::InProgress(told),
        Class::Unknown => Outcome::Unknown(told),
    }
}
