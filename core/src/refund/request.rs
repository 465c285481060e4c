//! A request: a repeat, a refusal, or a new refund.

use super::{
    Ask, Change, Door, Facts, Fingerprint, LAPSE_MS, Of, Original, Refund, RefundAwaitingApproval, RefundId,
    RefundQueued, Refusal, Request, Target, apply, policy,
};
use crate::{
    event::Event,
    payment::{PaymentId, TransType},
};

/// What the ledger and the configuration know, as far as it is needed to know which payment is meant.
#[derive(Clone, Debug, Default)]
pub struct AskFacts {
    /// The refund that this `request_id` already made.
    pub same: Option<(RefundId, Fingerprint)>,
    /// The door that [`AskFacts::same`] came through; `None` where its record is gone.
    pub same_door: Option<Door>,
    /// The payment that is named by its id here, or by its account and reference; `None` where the ledger does not know it.
    pub payment: Option<KnownPayment>,
    /// `[[account]]`: number and bank code.
    pub accounts: Vec<(String, String)>,
    /// What this device is called at the provider, empty where payments are in the ledger. `None` where no refund is made there.
    pub merchant: Option<String>,
}

/// A payment in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownPayment {
    /// Which.
    pub id: PaymentId,
    /// Its account.
    pub bank_account: String,
    /// Its reference, adopted ones included.
    pub reference_number: Option<String>,
    /// Money in or out.
    pub trans_type: TransType,
}

/// What a request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identified {
    /// The refund that an equal request made before.
    Same(RefundId),
    /// The refund that this very signed message made before: it is a replay of it, or was delivered again.
    Replay(RefundId),
    /// One to be decided by [`request`].
    New(Box<Request>),
}

/// Finds out what a request is about.
///
/// # Errors
/// A [`Refusal`]: the `request_id` was used for something else, or there is no such payment to be refunded.
pub fn identify(ask: &Ask, door: Door, facts: &AskFacts) -> Result<Identified, Refusal> {
    let fingerprint = ask.fingerprint();
    if let Some((same, known)) = &facts.same {
        return if *known == fingerprint {
            let by_message = matches!(door, Door::Mqtt { .. });
            let replayed = by_message && facts.same_door.as_ref() == Some(&door);
            Ok(if replayed { Identified::Replay(*same) } else { Identified::Same(*same) })
        } else {
            let detail = "request_id: was used for another refund; expected a new one, or the same content";
            Err(Refusal::conflict("request_id_conflict", detail).about(*same))
        };
    }
    let Some(merchant) = facts.merchant.clone() else {
        let name = ask.form.name;
        let detail = format!("provider: {name} is not configured for refunds; expected its section and its secret");
        return Err(Refusal::rule("provider_not_configured", detail));
    };
    let original = if ask.form.ledger { in_ledger(ask, facts)? } else { named(ask, &merchant) };
    let payment = facts.payment.as_ref().filter(|_| ask.form.ledger).map(|payment| payment.id);
    Ok(Identified::New(Box::new(Request {
        request_id: ask.request_id.clone(),
        original,
        amount: ask.amount,
        currency: ask.currency.clone(),
        reason: ask.reason.clone(),
        operator: ask.operator.clone(),
        multi_times: ask.multi_times,
        payment,
        door,
        fingerprint,
    })))
}

/// A payment as the request names it.
fn named(ask: &Ask, own: &str) -> Original {
    let members = match &ask.target {
        Target::Named(members) => members.clone(),
        Target::Payment(_) => Vec::new(),
    };
    Original::new(ask.form, own, members)
}

/// A payment of a provider whose payments are in the ledger, by its account and reference, or by its id here.
fn in_ledger(ask: &Ask, facts: &AskFacts) -> Result<Original, Refusal> {
    let known = facts.payment.as_ref();
    if known.is_some_and(|payment| payment.trans_type == TransType::Debit) {
        return Err(Refusal::rule("not_a_credit", "payment: expected money that came in"));
    }
    let (bank_account, reference) = match &ask.target {
        Target::Named(_) => (ask.target.text("bank_account"), ask.target.text("reference_number")),
        Target::Payment(id) => {
            let Some(payment) = known.filter(|payment| payment.id == *id) else {
                return Err(Refusal::rule("unknown_payment", format!("payment: {id} is not known here")));
            };
            let Some(reference) = &payment.reference_number else {
                let detail = format!("payment: {id} has no bank reference; expected one that has");
                return Err(Refusal::rule("no_reference", detail));
            };
            (&*payment.bank_account, reference.as_str())
        }
    };
    let Some((_, bank_code)) = facts.accounts.iter().find(|(account, _)| *account == bank_account) else {
        return Err(Refusal::rule("foreign_account", "bank_account: expected one of the configured accounts"));
    };
    let members = [("bank_account", bank_account.into()), ("reference_number", reference.into())];
    Ok(Original::new(ask.form, bank_code, members))
}

/// A new refund's events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Its name.
    pub id: RefundId,
    /// What is to be written.
    pub change: Change,
}

/// Decides a new request: the policy, all of it local.
///
/// # Errors
/// A [`Refusal`]: nothing is written, and the `request_id` is not bound.
pub fn request(request: Request, facts: &Facts) -> Result<Requested, Refusal> {
    policy::knows(facts)?;
    if facts.sums.original.as_ref().is_some_and(|first| first.contradicts(&request.original)) {
        let detail = "an earlier refund of this payment named another amount or date of it; expected the same";
        return Err(Refusal::conflict("original_conflict", detail));
    }
    if let Some(open) = facts.sums.open {
        let detail = format!("a refund of this payment is in flight: {open}; expected to wait until it has ended");
        return Err(Refusal::rule("in_flight", detail).about(open));
    }
    let told = request.original.told_amount().map(|told| told.saturating_sub(facts.sums.refunded));
    policy::allows(request.amount, told, facts)?;
    let approval = policy::needs_approval(request.amount, facts)?;
    let id = RefundId(facts.next_seq);
    let requested = Event::RefundRequested(Box::new(request));
    let Some(refund) = apply(None, id.0, facts.now, &requested) else {
        return Err(Refusal::rule("internal", "a request did not make a refund"));
    };
    let next = first_state(&refund, approval, facts);
    Ok(Requested { id, change: Change::events(vec![requested, next]) })
}

fn first_state(refund: &Refund, approval: bool, facts: &Facts) -> Event {
    let (of, expires_at) = (Of::new(refund), facts.now.plus_millis(LAPSE_MS));
    if approval {
        Event::RefundAwaitingApproval(RefundAwaitingApproval { of, expires_at })
    } else {
        Event::RefundQueued(RefundQueued { of, expires_at, attempt: None, pause_ms: 0 })
    }
}
