//! Where refunds are made: each provider's section as the ledger and its lane want it. A further provider is one more entry here.

use crate::{
    clock::Clock,
    config::{self, Config},
    lane::Caller,
    ledger::RefundRules,
    tls::{Floor, TlsOptions},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use vietqr_edge_core::{
    provider::{
        Provider,
        qfpay::{self, Qfpay},
        vietqr::VietQr,
        vnpay::{self, Vnpay},
    },
    refund::Limits,
};

/// A provider that refunds are made at.
struct Served {
    name: &'static str,
    provider: Box<dyn Provider>,
    base_url: String,
    ca_file: Option<PathBuf>,
    lookup_s: Vec<u64>,
    /// What this device is called there; empty where its requests do not say.
    merchant: String,
    /// Limits of its own, instead of those of `[refund]`.
    limits: Option<Limits>,
}

fn served(config: &Config) -> Vec<Served> {
    [vietqr(config), vnpay(config), qfpay(config)].into_iter().flatten().collect()
}

fn vietqr(config: &Config) -> Option<Served> {
    let section = config.vietqr.as_ref()?;
    let secret = section.refund_secret.as_ref()?.expose().to_vec();
    let password = section.password.expose_text().unwrap_or_default().to_owned();
    Some(Served {
        name: "vietqr",
        provider: Box::new(VietQr::new(section.username.clone(), password, secret)),
        base_url: section.base_url.as_str().to_owned(),
        ca_file: section.ca_file.clone(),
        lookup_s: section.lookup_s.clone(),
        merchant: String::new(),
        limits: None,
    })
}

fn vnpay(config: &Config) -> Option<Served> {
    let section = config.vnpay.as_ref()?;
    let terminal = vnpay::Terminal {
        tmn_code: section.tmn_code.clone(),
        hash_secret: section.hash_secret.expose().to_vec(),
        ip: section.ip.to_string(),
    };
    Some(Served {
        name: "vnpay",
        provider: Box::new(Vnpay::new(terminal)),
        base_url: section.url.as_str().to_owned(),
        ca_file: section.ca_file.clone(),
        lookup_s: section.lookup_s.clone(),
        merchant: section.tmn_code.clone(),
        limits: None,
    })
}

fn qfpay(config: &Config) -> Option<Served> {
    let section = config.qfpay.as_ref()?;
    let merchant = qfpay::Merchant {
        app_code: section.app_code.clone(),
        client_key: section.client_key.expose().to_vec(),
        sign: match section.sign_type {
            config::SignType::Md5 => qfpay::SignType::Md5,
            config::SignType::Sha256 => qfpay::SignType::Sha256,
        },
        verify: match section.verify_answers {
            config::VerifyAnswers::Off => qfpay::Verify::Off,
            config::VerifyAnswers::Log => qfpay::Verify::Log,
            config::VerifyAnswers::Require => qfpay::Verify::Require,
        },
    };
    Some(Served {
        name: "qfpay",
        provider: Box::new(Qfpay::new(merchant)),
        base_url: section.base_url.as_str().to_owned(),
        ca_file: section.ca_file.clone(),
        lookup_s: section.lookup_s.clone(),
        merchant: section.app_code.clone(),
        limits: Some(Limits {
            max_amount: section.max_amount,
            daily_total: section.daily_total,
            approval_above: section.approval_above,
        }),
    })
}

/// What the ledger is to know of refunds.
pub(super) fn rules(config: &Config) -> RefundRules {
    let mut rules = RefundRules {
        limits: config.refund.as_ref().map(|refund| Limits {
            max_amount: refund.max_amount.0,
            daily_total: refund.daily_total.0,
            approval_above: refund.approval_above.0,
        }),
        accounts: config.accounts.iter().map(|a| (a.bank_account.clone(), a.bank_code.clone())).collect(),
        operators: super::options::operators(config),
        ..RefundRules::default()
    };
    for Served { name, lookup_s, merchant, limits, .. } in served(config) {
        rules.providers.insert(name, lookup_s);
        rules.merchants.insert(name, merchant);
        rules.own_limits.extend(limits.map(|limits| (name, limits)));
    }
    rules
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
    served(config).into_iter().map(lane).collect()
}
