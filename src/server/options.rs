//! The configuration, as each actor wants it.

use super::{RunError, providers};
use crate::{
    config::{self, Config},
    ledger::{self, Limits, Rules},
    voice::{
        self, Program, Speaker,
        clips::{Pack, PackError},
    },
};
use sha2::{Digest, Sha256};
use std::io;
use vietqr_edge_core::{money::Dong, voice::Dialect};

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
            refund: providers::rules(config),
        },
        limits: Limits::new(retention.max_disk_mb, retention.raw_days, retention.ledger_days),
    })
}

/// The people, as the ledger wants them: name, and whether a manager.
pub(super) fn operators(config: &Config) -> Vec<(String, bool)> {
    config.operators.iter().map(|o| (o.name.clone(), o.role == config::Role::Manager)).collect()
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
