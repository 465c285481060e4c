//! The providers: the way to each, and at VietQR the token. Nothing is asked that could move money or that a provider does not
//! document: at the others every call is about a payment, so what is behind TLS is not tried.

use super::{
    reach::{Clocks, Place, reach},
    report::{Step, Steps},
};
use crate::{
    config::{Config, Configured, Endpoint, VietQr},
    lane::Caller,
    tls::TlsOptions,
};
use chrono::DateTime;
use futures_util::future::join_all;
use std::{path::Path, time::Duration};
use vietqr_edge_core::{
    provider::{
        Wire,
        vietqr::{self, read_token, token},
    },
    time::Timestamp,
};

/// For the token.
const ANSWER: Duration = Duration::from_secs(15);

/// The time that another machine told, and the time here then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    pub(super) there: Timestamp,
    pub(super) here: Timestamp,
}

pub(super) async fn vietqr(config: &Config, clocks: &Clocks) -> (Vec<Step>, Option<Told>) {
    let mine = config.providers().into_iter().find(|provider| provider.name == vietqr::FORM.name);
    let (Some(section), Some(provider)) = (&config.vietqr, mine) else { return (Vec::new(), None) };
    let mut steps = Steps::of(provider.name);
    if !way(&provider, clocks, &mut steps).await {
        steps.not_tried(&["token"], "it was not reached");
        return (steps.list, None);
    }
    let told = ask_token(section, clocks, &mut steps).await;
    (steps.list, told)
}

/// Every other provider: none of them has a call that is about no payment.
pub(super) async fn others(config: &Config, clocks: &Clocks) -> Vec<Step> {
    let others = config.providers().into_iter().filter(|provider| provider.name != vietqr::FORM.name);
    let tries = others.map(|provider| async move {
        let mut steps = Steps::of(provider.name);
        way(&provider, clocks, &mut steps).await;
        steps.not_tried(&["login"], "each of its calls is about a payment; the first look-up or refund shows it");
        steps.list
    });
    join_all(tries).await.into_iter().flatten().collect()
}

/// DNS, TCP and TLS; whether it was reached.
async fn way(provider: &Configured<'_>, clocks: &Clocks, steps: &mut Steps) -> bool {
    let Endpoint { tls, host, port } = provider.url.place();
    let ca_file = provider.ca_file.map(Path::to_owned);
    let tls = tls.then_some(TlsOptions { ca_file, client: None });
    let place = Place { host, port: *port, tls, section: provider.name, address: provider.address };
    reach(&place, clocks, steps).await
}

/// Fetches a token and forgets it.
async fn ask_token(section: &VietQr, clocks: &Clocks, steps: &mut Steps) -> Option<Told> {
    let caller = Caller {
        base_url: section.base_url.clone(),
        tls: TlsOptions { ca_file: section.ca_file.clone(), client: None },
        clock: clocks.clock.clone(),
        floor: clocks.floor.clone(),
        timeout: ANSWER,
    };
    let mut call = token(&section.username, section.password.expose_text().unwrap_or_default());
    call.answer_header = Some("date");
    let asked = clocks.clock.now();
    let wire = caller.call(call).await;
    // The header was written somewhere in between.
    let here = asked.plus_millis(clocks.clock.now().millis_since(asked) / 2);
    match read_token(&wire) {
        Ok(_) => steps.ok("token", format!("given to user {}", section.username)),
        Err(told) => {
            let (what, hint) = refused(&wire, &told.code, &section.username);
            steps.error("token", what, hint);
        }
    }
    match &wire {
        Wire::Answer { header: Some(date), .. } => Some(Told { there: http_date(date)?, here }),
        _ => None,
    }
}

/// A sentence, and what to do. The answer's own words are left out: they may repeat what was sent.
fn refused(wire: &Wire, code: &str, user: &str) -> (String, &'static str) {
    match wire {
        Wire::NotSent { reason } | Wire::Broken { reason } => {
            (reason.clone(), "try again; is VietQR reached otherwise?")
        }
        Wire::Answer { status: 400 | 401 | 403, .. } => (
            format!("VietQR does not take this login ({code}, user {user})"),
            "look at vietqr.username and vietqr.password_file",
        ),
        Wire::Answer { status: 404 | 405, .. } => {
            (format!("nothing of the kind there ({code})"), "look at vietqr.base_url; expected https://HOST/vqr")
        }
        Wire::Answer { .. } => (format!("no token in the answer ({code})"), "try again; look at vietqr.base_url"),
    }
}

/// RFC 9110 5.6.7, the form that is sent today: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc2822(text).ok().map(|at| Timestamp::from_secs(at.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read_and_another_form_is_none() {
        assert_eq!(http_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Timestamp::from_secs(784_111_777)));
        assert_eq!(http_date("1994-11-06"), None);
    }

    #[test]
    fn a_refused_login_names_its_keys_and_a_wrong_path_the_address() {
        let answer = |status| Wire::Answer { status, header: None, body: b"secret".to_vec() };
        let (what, hint) = refused(&answer(401), "http_401", "demo");
        assert!(what.contains("user demo") && hint.contains("vietqr.password_file"), "{what}; {hint}");
        assert!(refused(&answer(404), "http_404", "demo").1.contains("base_url"));
    }
}
