//! The last look before anything leaves: texts that this configuration knows as secret are struck out wherever they stand, also in
//! the middle of a number that then is none: better an odd file than a secret in it.

use crate::config::{Config, Secret, Speaker};
use vietqr_edge_core::mask;

/// Shorter ones would strike out half of every number.
const SHORTEST: usize = 6;

/// What must not leave, and what stands in its place.
#[derive(Default)]
pub struct Sieve(Vec<(Vec<u8>, Vec<u8>)>);

impl Sieve {
    /// From the secrets, accounts and arguments of a configuration; without one it holds nothing back.
    pub fn new(config: Option<&Config>) -> Sieve {
        let Some(config) = config else { return Sieve::default() };
        let mut sieve = Sieve::default();
        for account in &config.accounts {
            sieve.hold(account.bank_account.as_bytes(), &mask::account(&account.bank_account));
            sieve.hold(account.holder.as_bytes(), "***");
        }
        for secret in secrets(config) {
            sieve.hold(secret.expose(), "***");
        }
        for webhook in &config.webhooks {
            let query = webhook.url.as_str().split_once('?').map_or("", |(_, query)| query);
            sieve.hold(query.as_bytes(), "***");
        }
        if let Some(Speaker::Command(argv) | Speaker::Clips { player: argv, .. }) =
            config.voice.as_ref().map(|voice| &voice.speaker)
        {
            argv.iter().skip(1).for_each(|argument| sieve.hold(argument.as_bytes(), "***"));
        }
        // One may be a part of another.
        sieve.0.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        sieve
    }

    fn hold(&mut self, text: &[u8], instead: &str) {
        if text.len() >= SHORTEST {
            self.0.push((text.to_vec(), instead.as_bytes().to_vec()));
        }
    }

    /// Strikes out what is held.
    pub fn clean(&self, bytes: &mut Vec<u8>) {
        for (text, instead) in &self.0 {
            let mut from = 0;
            while let Some(at) = find(&bytes[from..], text) {
                let at = from + at;
                bytes.splice(at..at + text.len(), instead.iter().copied());
                from = at + instead.len();
            }
        }
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

/// Every secret of a configuration.
fn secrets(config: &Config) -> impl Iterator<Item = &Secret> {
    let providers = config.providers().into_iter().flat_map(|provider| provider.secrets).map(Some);
    let refund = config.refund.iter().flat_map(|r| [r.request_key.as_ref(), r.request_key_next.as_ref()]);
    let one = [
        config.mqtt.password.as_ref(),
        config.paybox.as_ref().map(|b| &b.key),
        config.callback.as_ref().map(|c| &c.password),
        config.head_office.as_ref().and_then(|h| h.password.as_ref()),
    ];
    let tokens = config.api.tokens.iter().map(|token| Some(&token.token));
    let webhooks = config.webhooks.iter().map(|webhook| Some(&webhook.secret));
    providers.chain(refund).chain(one).chain(tokens).chain(webhooks).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_struck_out_everywhere_the_longest_first() {
        let mut sieve = Sieve::default();
        sieve.hold(b"longer-secret", "***");
        sieve.hold(b"secret", "***");
        sieve.hold(b"short", "***");
        let mut bytes = b"a longer-secret, a secret, secretsecret and short".to_vec();
        sieve.clean(&mut bytes);
        assert_eq!(String::from_utf8_lossy(&bytes), "a ***, a ***, ****** and short");
    }
}
