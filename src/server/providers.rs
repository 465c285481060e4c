//! Where refunds are made: each provider's section as the ledger and its lane want it.

use crate::{
    clock::Clock,
    config::{Config, Served},
    lane::Caller,
    ledger::{ProviderRules, RefundRules},
    tls::{Floor, TlsOptions},
};
use std::{sync::Arc, time::Duration};
use vietqr_edge_core::{provider::Provider, refund::Limits};

/// What the ledger is to know of refunds.
pub(super) fn rules(config: &Config) -> RefundRules {
    let provider =
        |Served { form, lookup_s, merchant, limits, .. }| (form.name, ProviderRules { lookup_s, merchant, limits });
    RefundRules {
        limits: config.refund.as_ref().map(|refund| Limits {
            max_amount: refund.max_amount.0,
            daily_total: refund.daily_total.0,
            approval_above: refund.approval_above.0,
        }),
        accounts: config.accounts.iter().map(|a| (a.bank_account.clone(), a.bank_code.clone())).collect(),
        providers: config.served().into_iter().map(provider).collect(),
        operators: super::options::operators(config),
    }
}

/// A lane for each provider; none without `[refund]`.
pub(super) fn lanes(config: &Config, clock: &Arc<dyn Clock>, floor: &Floor) -> Vec<(Box<dyn Provider>, Caller)> {
    let Some(refund) = &config.refund else { return Vec::new() };
    let timeout = Duration::from_secs(refund.timeout_s);
    let lane = |served: Served| {
        let tls = TlsOptions { ca_file: served.ca_file, client: None };
        let (clock, floor) = (clock.clone(), floor.clone());
        (served.provider, Caller { base_url: served.base_url, tls, clock, floor, timeout })
    };
    config.served().into_iter().map(lane).collect()
}
