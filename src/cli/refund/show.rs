//! A refund with all evidence, for the person who has to decide.

use crate::cli::{
    refunds::{Call, Change, LookedUp, Refund, amount},
    table,
};
use serde_json::Value;
use std::io::{self, Write};

/// The most characters of a call that are shown.
const CALL_MAX: usize = 2000;

pub(super) fn write(out: &mut dyn Write, refund: &Refund) -> io::Result<()> {
    let or_none = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), |text| table::plain(text, 120));
    let payment = refund.payment.map_or("not known here".to_owned(), |id| id.to_string());
    let seen = refund.seen.as_ref().map_or("-".to_owned(), |seen| {
        let figures = &seen.figures;
        let count = table::count(figures.refund_count, "refund");
        format!("{count}, {} in all, {}", amount(figures.amount_refunded, &refund.currency), table::time(seen.at))
    });
    let lines = [
        ("refund", refund.id.to_string()),
        ("state", refund.state.clone()),
        ("code", or_none(&refund.code)),
        ("amount", amount(refund.amount, &refund.currency)),
        ("provider", table::plain(&refund.provider, 16)),
        ("payment", payment),
        ("reference", table::plain(refund.original.reference(), 60)),
        ("request", table::plain(&refund.request_id, 64)),
        ("operator", table::plain(&refund.operator, 64)),
        ("approved", or_none(&refund.approved_by)),
        ("reason", table::plain(&refund.reason, 200)),
        ("seen there", seen),
    ];
    for (name, value) in lines {
        writeln!(out, "{name:<10} {value}")?;
    }
    writeln!(out)?;
    refund.history.iter().try_for_each(|change| changed(out, change))?;
    if !refund.calls.is_empty() {
        writeln!(out, "\nwhat was sent and answered")?;
    }
    for Call { at, kind, attempt, text } in &refund.calls {
        writeln!(out, "{}  {kind:<8}  attempt {}", table::exact_time(*at), table::plain(attempt, 32))?;
        writeln!(out, "  {}", table::plain(text, CALL_MAX))?;
    }
    looked_up(out, refund)?;
    if refund.state == "review" {
        writeln!(
            out,
            "\nlook at the bank's statement, or the provider's portal, then: vietqr-edge refund resolve {} --verdict …",
            refund.id
        )?;
    }
    Ok(())
}

fn changed(out: &mut dyn Write, Change { at, kind, data }: &Change) -> io::Result<()> {
    let told = |name: &str| data.get(name).and_then(Value::as_str).map(|text| table::plain(text, 80));
    let attempt = |name: &str| data.get("attempt")?.get(name)?.as_str().map(|text| table::plain(text, 80));
    let evidence = |name: &str| data.get("evidence")?.get(name)?.as_str().map(|text| table::plain(text, 80));
    let words = [
        told("code"),
        attempt("code"),
        attempt("message"),
        attempt("reference"),
        told("message"),
        evidence("kind").map(|kind| format!("evidence: {kind}")),
        evidence("reference"),
        told("by"),
        told("reason"),
    ];
    let mut words: Vec<String> = words.into_iter().flatten().collect();
    words.dedup();
    writeln!(out, "{}  {:<24} {}", table::exact_time(*at), table::plain(kind, 40), words.join(", "))
}

fn looked_up(out: &mut dyn Write, refund: &Refund) -> io::Result<()> {
    if refund.looked_up.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nwhat look-ups told that settled nothing")?;
    for LookedUp { from, to, count, figures, code } in &refund.looked_up {
        let figures = figures.as_ref().map(|figures| {
            let count = table::count(figures.refund_count, "refund");
            format!("{count}, {} in all", amount(figures.amount_refunded, &refund.currency))
        });
        let told: Vec<String> =
            [figures, code.as_deref().map(|code| table::plain(code, 40))].into_iter().flatten().collect();
        let told = if told.is_empty() { "nothing".to_owned() } else { told.join(", ") };
        let times =
            if *count == 1 { String::new() } else { format!(", {count} times up to {}", table::exact_time(*to)) };
        writeln!(out, "{}  {told}{times}", table::exact_time(*from))?;
    }
    Ok(())
}
