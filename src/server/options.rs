//! The configuration, as each actor wants it.

use super::RunError;
use crate::{
    clock::Clock,
    config::{self, Config},
    lane::{self, Caller},
    ledger::{self, Limits, RefundRules, Rules},
    tls::{Floor, TlsOptions},
    voice::{
        self, Program, Speaker,
        clips::{Pack, PackError},
    },
};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, io, sync::Arc, time::Duration};
use vietqr_edge_core::{money::Dong, refund, voice::Dialect};

pub(super) fn ledger(config: &Config) -> Result<ledger::Options, RunError> {
    let mut id = [0; 4];
    getrandom::fill(&mut id)
        .map_err(|error| RunError::System { what: "a random number", source: io::Error::other(error.to_string()) })?;
    let account = |terminal: &config::Terminal| (terminal.code.clone(), terminal.account.clone());
    let retention = &config.retention;
    Ok(ledger::Options {
        state_dir: config.device.state_dir.clone(),
        device: config.device.id.clone(),
        machine: machine(),
        fresh_journal: hex::encode(id),
        rules: Rules {
            accounts: config.accounts.iter().map(|account| account.bank_account.clone()).collect(),
            terminals: config.terminals.iter().map(account).collect(),
            fresh_s: config.fresh_s(),
            late_s: config.late_s(),
            refund: refunds(config),
        },
        limits: Limits::new(retention.max_disk_mb, retention.raw_days, retention.ledger_days),
    })
}

fn refunds(config: &Config) -> RefundRules {
    let mut providers = BTreeMap::new();
    if let Some(vietqr) = config.vietqr.as_ref().filter(|vietqr| vietqr.refund_secret.is_some()) {
        providers.insert("vietqr", vietqr.lookup_s.clone());
    }
    RefundRules {
        limits: config.refund.as_ref().map(|refund| refund::Limits {
            max_amount: refund.max_amount.0,
            daily_total: refund.daily_total.0,
            approval_above: refund.approval_above.0,
        }),
        accounts: config.accounts.iter().map(|a| (a.bank_account.clone(), a.bank_code.clone())).collect(),
        providers,
        operators: operators(config),
    }
}

/// The people, as the ledger wants them: name, and whether a manager.
pub(super) fn operators(config: &Config) -> Vec<(String, bool)> {
    config.operators.iter().map(|o| (o.name.clone(), o.role == config::Role::Manager)).collect()
}

/// VietQR's lane, where refunds are made there.
pub(super) fn vietqr_lane(config: &Config, clock: Arc<dyn Clock>, floor: Floor) -> Option<(lane::Options, Caller)> {
    let (refund, vietqr) = (config.refund.as_ref()?, config.vietqr.as_ref()?);
    let refund_secret = vietqr.refund_secret.clone()?;
    let (username, password) = (vietqr.username.clone(), vietqr.password.clone());
    let tls = TlsOptions { ca_file: vietqr.ca_file.clone(), client: None };
    let timeout = Duration::from_secs(refund.timeout_s);
    let caller = Caller { base_url: vietqr.base_url.as_str().to_owned(), tls, clock, floor, timeout };
    Some((lane::Options { username, password, refund_secret }, caller))
}

/// A digest of the machine's id, which itself should not leave the machine (machine-id(5)).
fn machine() -> String {
    let id = std::fs::read("/etc/machine-id").unwrap_or_default();
    hex::encode(&Sha256::digest([b"vietqr-edge ", id.as_slice()].concat())[..8])
}

pub(super) fn voice(config: &Config) -> voice::Options {
    let none = voice::Options {
        mode: voice::Mode::Off,
        dialect: Dialect::North,
        quiet: None,
        small_amount: Dong::ZERO,
        say_link: false,
        fresh_s: config.fresh_s(),
        late_s: config.late_s(),
    };
    config.voice.as_ref().map_or(none, |voice| voice::Options {
        mode: match voice.mode {
            config::Mode::Full => voice::Mode::Full,
            config::Mode::Chime => voice::Mode::Chime,
            config::Mode::Off => voice::Mode::Off,
        },
        dialect: voice.dialect,
        quiet: voice.quiet,
        small_amount: voice.small_amount,
        say_link: voice.say_link,
        ..none
    })
}

pub(super) fn speaker(config: &Config) -> Result<Speaker, PackError> {
    let dialect = config.voice.as_ref().map_or(Dialect::North, |voice| voice.dialect);
    Ok(match config.voice.as_ref().map(|voice| &voice.speaker) {
        Some(config::Speaker::Command(argv)) => Speaker::Command(Program::new(argv.clone())),
        Some(config::Speaker::Clips { dir, player }) => {
            Speaker::Clips { pack: Pack::load(dir, dialect)?, player: Program::new(player.clone()) }
        }
        Some(config::Speaker::None) | None => Speaker::None,
    })
}
