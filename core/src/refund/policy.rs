//! The rules that are decided here and need no one else (DESIGN 4, "Policy").

use super::{Facts, Refusal};

/// Whether `amount` may be refunded now, whoever asks. `there` is what the provider says is left, where it tells.
///
/// # Errors
/// A [`Refusal`] by a rule.
pub(super) fn allows(amount: u64, there: Option<u64>, facts: &Facts) -> Result<(), Refusal> {
    let limits = &facts.limits;
    if amount > limits.max_amount {
        let detail = format!("amount: expected at most {} (max_amount)", limits.max_amount);
        return Err(Refusal::rule("above_max_amount", detail));
    }
    if facts.day_total.checked_add(amount).is_none_or(|total| total > limits.daily_total) {
        let left = limits.daily_total.saturating_sub(facts.day_total);
        return Err(Refusal::rule(
            "above_daily_total",
            format!("amount: expected at most {left}, the rest of the day"),
        ));
    }
    let here = facts.credited.map(|credited| credited.saturating_sub(facts.sums.refunded));
    let left = match (here, there) {
        (Some(here), Some(there)) => Some(here.min(there)),
        (here, there) => here.or(there),
    };
    match left {
        Some(left) if amount > left => Err(Refusal::rule(
            "more_than_left",
            format!("amount: expected at most {left}, what is left of the payment"),
        )),
        _ => Ok(()),
    }
}

/// Whether who asked is still one of the people.
///
/// # Errors
/// A [`Refusal`].
pub(super) fn knows(facts: &Facts) -> Result<(), Refusal> {
    if facts.known_operator {
        return Ok(());
    }
    Err(Refusal::forbidden("unknown_operator", "operator: expected the name of an [[operator]] of the configuration"))
}

/// Whether a manager has to approve `amount`.
///
/// # Errors
/// A [`Refusal`]: nobody could.
pub(super) fn needs_approval(amount: u64, facts: &Facts) -> Result<bool, Refusal> {
    let needed = amount > facts.limits.approval_above;
    if needed && !facts.approver {
        let detail = format!("above {} a manager other than who asks must approve", facts.limits.approval_above);
        return Err(Refusal::rule("no_approver", format!("{detail}; expected one in the configuration")));
    }
    Ok(needed)
}
