//! The effective configuration as TOML: every key with its meaning, secrets as the names of their files.

use super::Config;
use super::secret::Secret;
use super::section::Section;
use super::{callback, device, feed, operator, paybox, provider, refund, shop, voice};
use std::fmt::{Display, Write};
use std::path::Path;

/// The whole configuration, defaults filled in and paths absolute. It is itself a configuration file, but for the masked: a PIN's
/// hash is one that matches no PIN, and a webhook's query is `***`. Account numbers are whole: it is for its owner, not for a bundle.
pub fn print(config: &Config) -> String {
    let mut p = Printer {
        out: String::from("# The effective configuration. Secrets are in their files.\n"),
        section: &device::DEVICE,
    };
    config.device.print(&mut p);
    config.mqtt.print(&mut p);
    p.list(&shop::ACCOUNT, &config.accounts, shop::Account::print);
    p.list(&shop::TERMINAL, &config.terminals, shop::Terminal::print);
    config.order.print(&mut p);
    p.list(&paybox::BOX, &config.paybox, paybox::PayBox::print);
    p.list(&provider::VIETQR, &config.vietqr, provider::VietQr::print);
    p.list(&provider::VNPAY, &config.vnpay, provider::Vnpay::print);
    p.list(&provider::QFPAY, &config.qfpay, provider::Qfpay::print);
    p.list(&callback::CALLBACK, &config.callback, callback::Callback::print);
    p.list(&refund::REFUND, &config.refund, refund::Refund::print);
    p.list(&operator::OPERATOR, &config.operators, operator::Operator::print);
    p.list(&voice::VOICE, &config.voice, voice::Voice::print);
    config.api.print(&mut p);
    p.list(&feed::WEBHOOK, &config.webhooks, feed::Webhook::print);
    p.list(&feed::HEAD_OFFICE, &config.head_office, feed::HeadOffice::print);
    config.retention.print(&mut p);
    config.log.print(&mut p);
    p.out
}

/// Writes sections and keys.
pub(super) struct Printer {
    out: String,
    section: &'static Section,
}

impl Printer {
    /// The header of a section.
    pub(super) fn section(&mut self, section: &'static Section) {
        self.section = section;
        let header = if section.list { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
        self.line(format_args!("\n# {}\n{header}", section.doc));
    }

    /// Every element, or that there is none.
    pub(super) fn list<'a, T: 'a>(
        &mut self,
        section: &'static Section,
        items: impl IntoIterator<Item = &'a T>,
        print: impl Fn(&'a T, &mut Printer),
    ) {
        let mut none = true;
        for item in items {
            none = false;
            print(item, self);
        }
        if none {
            self.line(format_args!("\n# {}\n# [{}] is not set.", section.doc, section.name));
        }
    }

    /// A key that is not set and has no value of its own.
    pub(super) fn unset(&mut self, key: &str) {
        let doc = self.section.key_doc(key);
        self.line(format_args!("# {doc}\n# {key} is not set."));
    }

    /// A number, `true` or `false`.
    pub(super) fn value(&mut self, key: &str, value: impl Display) {
        let doc = self.section.key_doc(key);
        self.line(format_args!("# {doc}\n{key} = {value}"));
    }

    /// Text.
    pub(super) fn text(&mut self, key: &str, text: &str) {
        self.value(key, quoted(text));
    }

    /// Text that may not be set.
    pub(super) fn opt_text(&mut self, key: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(key, text),
            None => self.unset(key),
        }
    }

    /// A path that may not be set.
    pub(super) fn path(&mut self, key: &str, path: Option<&Path>) {
        self.opt_text(key, path.map(Path::to_string_lossy).as_deref());
    }

    /// One of a few words.
    pub(super) fn word<T: PartialEq>(&mut self, key: &str, value: T, words: &[(&str, T)]) {
        if let Some((word, _)) = words.iter().find(|(_, v)| *v == value) {
            self.text(key, word);
        }
    }

    /// A list of texts that may not be set.
    pub(super) fn texts(&mut self, key: &str, texts: Option<&[String]>) {
        match texts {
            Some(texts) => self.value(key, format!("[{}]", joined(texts.iter().map(|t| quoted(t))))),
            None => self.unset(key),
        }
    }

    /// A list of numbers.
    pub(super) fn numbers(&mut self, key: &str, numbers: &[u64]) {
        self.value(key, format!("[{}]", joined(numbers.iter().map(u64::to_string))));
    }

    /// The file of a secret, and how long the secret is.
    pub(super) fn secret(&mut self, key: &str, secret: Option<&Secret>) {
        match secret {
            Some(secret) => {
                let path = quoted(&secret.file().to_string_lossy());
                self.value(key, format!("{path}   # *** ({} bytes)", secret.len()));
            }
            None => self.unset(key),
        }
    }

    /// Text with its secret part taken out.
    pub(super) fn masked(&mut self, key: &str, text: &str, why: &str) {
        self.value(key, format!("{}   # *** {why}", quoted(text)));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{line}");
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
