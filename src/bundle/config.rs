//! The effective configuration for a stranger: as `config` prints it, from a copy in which what is the shop's own is masked.

use crate::config::{self, Config, Speaker};
use vietqr_edge_core::mask;

/// TOML with accounts, holders and the arguments of programs masked. Secrets are names of files, a PIN's hash is one that fits no PIN.
pub(super) fn print(config: &Config) -> String {
    let mut config = config.clone();
    for account in &mut config.accounts {
        account.bank_account = mask::account(&account.bank_account);
        account.holder = "***".to_owned();
    }
    for terminal in &mut config.terminals {
        terminal.account = mask::account(&terminal.account);
    }
    if let Some(voice) = &mut config.voice {
        match &mut voice.speaker {
            Speaker::Command(argv) | Speaker::Clips { player: argv, .. } => hide_arguments(argv),
            Speaker::None => {}
        }
    }
    config::print(&config)
}

/// A key of a service may stand among them.
fn hide_arguments(argv: &mut [String]) {
    argv.iter_mut().skip(1).for_each(|argument| *argument = "***".to_owned());
}
