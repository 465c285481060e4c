//! Refunds, decided: the facts are gathered here, the rules are core's.

use super::{
    command::{Answer, RefundAnswer, Refused, Stray},
    decide::{Decision, Draft, Rules},
    index::{IndexError, Look, keys},
    state::{
        State, entry,
        known::{self, By},
        refund::{self, Bound},
    },
};
use std::collections::BTreeMap;
use vietqr_edge_core::{
    event::{AnnouncementSkipped, AnnouncementStarted, Event, Kind, SkipReason},
    payment::{Known, TransType, reference_key},
    refund::{
        Ask, AskFacts, Change, Door, Facts, Identified, Identity, Input, KnownPayment, Limits, Original, Refund,
        RefundId, Refusal, RefusalKind, Sums, Target, deadline, decide, identify, request,
    },
    time::Timestamp,
};

/// Refunds in flight at once, those in review included: what is open is kept in each segment's header.
const OPEN_MAX: usize = 1000;
/// Refunds changed by one [`super::Command::Tick`]: what it writes fits a line.
const TICK_MAX: usize = 16;

/// What the configuration says about refunds.
#[derive(Clone, Debug, Default)]
pub struct RefundRules {
    /// The limits of `[refund]`; without it no refund is made.
    pub limits: Option<Limits>,
    /// Each account with the short name of its bank.
    pub accounts: Vec<(String, String)>,
    /// Providers that refunds can be made at.
    pub providers: BTreeMap<&'static str, ProviderRules>,
    /// `[[operator]]`: name, and whether a manager. Where there is none, any name will do.
    pub operators: Vec<(String, bool)>,
}

/// What the configuration says about refunds at one provider.
#[derive(Clone, Debug, Default)]
pub struct ProviderRules {
    /// Pauses between look-ups in seconds; the last one repeats.
    pub lookup_s: Vec<u64>,
    /// What this device is called there, as its `tmn_code` or `app_code`; empty where its requests do not say.
    pub merchant: String,
    /// Limits of its own, instead of those of `[refund]`.
    pub limits: Option<Limits>,
}

impl RefundRules {
    fn limits(&self, provider: &str) -> Limits {
        let own = self.providers.get(provider).and_then(|rules| rules.limits);
        own.or(self.limits).unwrap_or(Limits { max_amount: 0, daily_total: 0, approval_above: 0 })
    }
}

/// What is known of the payment that a request names by its id here: read from the journal before the group is decided.
pub(super) type Named = Option<KnownPayment>;

impl Draft<'_> {
    pub(super) fn refund_request(
        &mut self,
        rules: &Rules,
        ask: &Ask,
        door: Door,
        replay: Option<Box<Stray>>,
        named: Named,
    ) -> Result<Decision, IndexError> {
        let facts = self.ask_facts(rules, ask, named)?;
        let request_ = match identify(ask, door, &facts) {
            Ok(Identified::Same(id)) => return self.refund_answer(id, false, false),
            Ok(Identified::Replay(_)) => {
                return Ok(match replay {
                    Some(stray) => Decision::Stray(*stray),
                    None => Decision::Answer(Answer::Recorded(self.last())),
                });
            }
            Ok(Identified::New(request)) => *request,
            Err(refusal) => return Ok(refused(refusal)),
        };
        let rules = &rules.refund;
        if rules.limits.is_none() {
            return Ok(Decision::Refused(Refused::NoRefunds));
        }
        let open = self.state.refunds_in_flight()?;
        if open.len() >= OPEN_MAX {
            let detail = format!("{OPEN_MAX} refunds are in flight; expected some to end, or to be resolved, first");
            return Ok(refused(Refusal { kind: RefusalKind::Rule, code: "too_many_open", detail, other: None }));
        }
        let facts = self.refund_facts(rules, &request_.original, &request_.operator, None, &open)?;
        match request(request_, &facts) {
            Ok(requested) => {
                self.refund_change(requested.change)?;
                self.refund_answer(requested.id, true, false)
            }
            Err(refusal) => Ok(refused(refusal)),
        }
    }

    pub(super) fn refund_input(&mut self, rules: &Rules, id: RefundId, input: Input) -> Result<Decision, IndexError> {
        let Some(refund) = self.state.refund(id)? else { return Ok(Decision::Refused(Refused::NoSuchRefund(id))) };
        let facts = self.facts_of(&rules.refund, &refund)?;
        match decide(&refund, input, &facts) {
            Ok(change) => {
                let sends = change.sends();
                self.refund_change(change)?;
                self.refund_answer(id, false, sends)
            }
            Err(refusal) => Ok(refused(refusal)),
        }
    }

    /// Decides what time has brought about, at most [`TICK_MAX`] refunds at a time.
    pub(super) fn refund_tick(&mut self, rules: &Rules) -> Result<Decision, IndexError> {
        let (from, to) = keys::all(b'r');
        let at = self.at;
        let mut changed = 0;
        for (_, value) in self.state.overlay.range(&from, &to, usize::MAX)? {
            let refund: Refund = entry::from_json(&value)?;
            if deadline(&refund).is_none_or(|deadline| at < deadline) {
                continue;
            }
            let facts = self.facts_of(&rules.refund, &refund)?;
            if let Ok(change) = decide(&refund, Input::Tick, &facts) {
                self.refund_change(change)?;
                changed += 1;
            }
            if changed == TICK_MAX {
                break;
            }
        }
        Ok(Decision::Answer(Answer::Recorded(self.last())))
    }

    pub(super) fn announce_refund(&mut self, id: RefundId, sentence: String) -> Result<Decision, IndexError> {
        if self.state.overlay.look(&keys::refund_to_say(id))?.is_none() {
            return Ok(Decision::Refused(Refused::RefundNotDue(id)));
        }
        let started = AnnouncementStarted { payments: vec![], refund: Some(id), kind: Kind::Refund, sentence };
        self.record(Event::AnnouncementStarted(started))
    }

    pub(super) fn skip_refunds(&mut self, ids: Vec<RefundId>, reason: SkipReason) -> Result<Decision, IndexError> {
        let mut refunds = Vec::new();
        for id in ids {
            if self.state.overlay.look(&keys::refund_to_say(id))?.is_some() {
                refunds.push(id);
            }
        }
        if refunds.is_empty() {
            return Ok(Decision::Answer(Answer::Recorded(self.last())));
        }
        self.record(Event::AnnouncementSkipped(AnnouncementSkipped { payments: vec![], refunds, reason }))
    }

    fn refund_change(&mut self, change: Change) -> Result<(), IndexError> {
        for event in change.events {
            self.event(event)?;
        }
        for note in change.notes {
            self.note(note)?;
        }
        Ok(())
    }

    fn refund_answer(&self, refund: RefundId, new: bool, sends: bool) -> Result<Decision, IndexError> {
        let Some(found) = self.state.refund(refund)? else {
            // Its record was dropped with its lines; its id is remembered.
            return Ok(Decision::Refused(Refused::NoSuchRefund(refund)));
        };
        Ok(Decision::Answer(Answer::Refund(RefundAnswer { refund, new, state: found.state, sends })))
    }

    fn ask_facts(&self, rules: &Rules, ask: &Ask, named: Named) -> Result<AskFacts, IndexError> {
        let same: Option<Bound> = refund::read(&self.state.overlay, &keys::request_id(&ask.request_id))?;
        let payment = match &ask.target {
            Target::Payment(_) => named,
            Target::Named(_) if !ask.form.ledger => None,
            Target::Named(_) => {
                let (bank_account, reference_number) =
                    (ask.target.text("bank_account"), ask.target.text("reference_number"));
                let mut found = None;
                for trans_type in [TransType::Credit, TransType::Debit] {
                    if found.is_none() {
                        let known = known(&self.state, bank_account, reference_number, trans_type)?;
                        found = known.map(|known| KnownPayment {
                            id: known.id,
                            bank_account: bank_account.to_owned(),
                            reference_number: Some(reference_number.to_owned()),
                            trans_type,
                        });
                    }
                }
                found
            }
        };
        let same_door = match &same {
            Some(bound) => self.state.refund(bound.refund)?.map(|refund| refund.request.door),
            None => None,
        };
        let same = same.map(|bound| (bound.refund, bound.fingerprint));
        let rules = &rules.refund;
        let merchant = rules.providers.get(ask.form.name).map(|rules| rules.merchant.clone());
        // Without `[refund]` no provider matters: that is refused first.
        let merchant = merchant.or_else(|| rules.limits.is_none().then(String::new));
        Ok(AskFacts { same, same_door, payment, accounts: rules.accounts.clone(), merchant })
    }

    fn facts_of(&self, rules: &RefundRules, refund: &Refund) -> Result<Facts, IndexError> {
        let open = self.state.refunds_in_flight()?;
        self.refund_facts(rules, &refund.request.original, &refund.request.operator, Some(refund), &open)
    }

    fn refund_facts(
        &self,
        rules: &RefundRules,
        original: &Original,
        operator: &str,
        itself: Option<&Refund>,
        open: &[Refund],
    ) -> Result<Facts, IndexError> {
        gather(&self.state, rules, original, operator, itself, open, self.at, self.last() + 1, self.started)
    }
}

/// The facts of a decision about a refund; `itself` is `None` for one that is asked for.
///
/// # Errors
/// [`IndexError`].
#[allow(clippy::too_many_arguments)] // one fact each
pub(super) fn gather(
    state: &State<'_>,
    rules: &RefundRules,
    original: &Original,
    operator: &str,
    itself: Option<&Refund>,
    open: &[Refund],
    now: Timestamp,
    next_seq: u64,
    started_seq: u64,
) -> Result<Facts, IndexError> {
    let credited = match original.in_ledger() {
        Some((account, reference)) => known(state, account, reference, TransType::Credit)?.map(|known| known.amount.0),
        None => None,
    };
    let limits = original.form().limits();
    let day = itself.map_or(now, |refund| refund.created_at).vietnam_day();
    let others = open
        .iter()
        .filter(|other| itself.is_none_or(|refund| refund.id != other.id))
        .filter(|other| other.request.original.form().limits() == limits);
    let day_total = others
        .map(|other| other.request.amount)
        .fold(refund::went_back(&state.overlay, &day, limits)?, u64::saturating_add);
    Ok(Facts {
        now,
        next_seq,
        started_seq,
        credited,
        sums: sums(state, original.identity())?,
        day_total,
        limits: rules.limits(original.provider()),
        known_operator: rules.operators.is_empty() || rules.operators.iter().any(|(name, _)| name == operator),
        approver: rules.operators.iter().any(|(name, manager)| *manager && name != operator),
        lookup_s: rules.providers.get(original.provider()).map(|rules| rules.lookup_s.clone()).unwrap_or_default(),
    })
}

fn sums(state: &State<'_>, identity: Identity) -> Result<Sums, IndexError> {
    refund::sums(&state.overlay, identity)
}

fn known(
    state: &State<'_>,
    account: &str,
    reference: &str,
    trans_type: TransType,
) -> Result<Option<Known>, IndexError> {
    known::get(&state.overlay, By::Reference, &reference_key(account, reference, trans_type))
}

fn refused(refusal: Refusal) -> Decision {
    Decision::Refused(Refused::Refund(refusal))
}
