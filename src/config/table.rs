//! Typed reading of one section. A value that is not what was expected is noted and read as absent, so that the rest is read too.

use super::document::{Entry, Notes, entry};
use super::problem::Severity;
use super::secret::{self, Secret};
use super::section::{SECTIONS, Section};
use super::suggest;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use toml::de::{DeTable, DeValue};

/// A section as it stands in the file.
pub(super) struct Table<'d> {
    notes: &'d Notes,
    section: &'static Section,
    /// `mqtt`, `account[1]`.
    path: String,
    /// The line of its header.
    line: u32,
    entries: &'d DeTable<'d>,
}

impl<'d> Table<'d> {
    /// The section, with its unknown keys noted.
    pub(super) fn new(
        notes: &'d Notes,
        section: &'static Section,
        path: String,
        line: u32,
        entries: &'d DeTable<'d>,
    ) -> Table<'d> {
        let table = Table { notes, section, path, line, entries };
        notes.remember(&table.path, line);
        let inner = || SECTIONS.iter().filter_map(|s| s.name.strip_prefix(section.name)?.strip_prefix('.'));
        let known = || section.keys.iter().map(|(name, _)| *name).chain(inner());
        for (name, _) in entries {
            let text: &str = name.get_ref();
            let key = format!("{}.{text}", table.path);
            let line = notes.line(&name.span());
            notes.remember(&key, line);
            if !known().any(|k| k == text) {
                let hint = suggest::nearest(text, known()).map(|n| format!("; did you mean {n}?")).unwrap_or_default();
                notes.note(Severity::Error, line, &key, format!("unknown key{hint}"));
            }
        }
        table
    }

    /// Whether the key is in the file.
    pub(super) fn has(&self, key: &str) -> bool {
        entry(self.entries, key).is_some()
    }

    /// Notes an error of a key.
    pub(super) fn error(&self, key: &str, message: impl Into<String>) {
        self.notes.note(Severity::Error, self.line_of(key), &format!("{}.{key}", self.path), message);
    }

    /// Notes a warning about a key.
    pub(super) fn warning(&self, key: &str, message: impl Into<String>) {
        self.notes.note(Severity::Warning, self.line_of(key), &format!("{}.{key}", self.path), message);
    }

    /// The line of a key, or of the section where the key is not there.
    pub(super) fn line_of(&self, key: &str) -> u32 {
        entry(self.entries, key).map_or(self.line, |(name, _)| self.notes.line(&name.span()))
    }

    /// Passes on what was read, and notes an error where the key is not there at all.
    pub(super) fn need<T>(&self, key: &str, read: Option<T>) -> Option<T> {
        if !self.has(key) {
            self.error(key, format!("missing; expected here: {}", self.section.key_doc(key)));
        }
        read
    }

    /// One line of text, not empty.
    pub(super) fn text(&self, key: &str) -> Option<String> {
        let text = self.any_text(key)?;
        if text.is_empty() {
            self.error(key, "is empty; expected text");
            return None;
        }
        Some(text)
    }

    /// One line of text that may be empty.
    pub(super) fn any_text(&self, key: &str) -> Option<String> {
        match self.get(key)?.1.get_ref() {
            DeValue::String(text) if text.chars().any(char::is_control) => {
                self.error(key, "expected text without control characters");
                None
            }
            DeValue::String(text) => Some(text.clone().into_owned()),
            _ => {
                self.error(key, "expected text in quotes");
                None
            }
        }
    }

    /// Text that `parse` understands.
    pub(super) fn parsed<T>(&self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(key)?;
        parse(&text).map_err(|message| self.error(key, message)).ok()
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(&self, key: &str, default: T, words: &[(&str, T)]) -> T {
        let named = |text: &str| {
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                format!("expected one of {}", list.join(", "))
            })
        };
        self.parsed(key, named).unwrap_or(default)
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&self, key: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: Copy + PartialOrd + Display + FromStr + TryFrom<u64>,
    {
        let Some((_, value)) = self.get(key) else { return default };
        match whole(value.get_ref()).and_then(|n| T::try_from(n).ok()).filter(|n| range.contains(n)) {
            Some(number) => number,
            None => {
                self.error(key, format!("expected a whole number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    /// A list of whole numbers, at least one, each at least 1 and at most `max`.
    pub(super) fn numbers(&self, key: &str, default: &[u64], max: u64) -> Vec<u64> {
        let Some((_, value)) = self.get(key) else { return default.to_vec() };
        let list: Option<Vec<u64>> = match value.get_ref() {
            DeValue::Array(items) => {
                items.iter().map(|item| whole(item.get_ref()).filter(|n| (1..=max).contains(n))).collect()
            }
            _ => None,
        };
        list.filter(|l| !l.is_empty()).unwrap_or_else(|| {
            self.error(key, format!("expected a list of one or more whole numbers from 1 to {max}"));
            default.to_vec()
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str, default: bool) -> bool {
        match self.get(key).map(|(_, value)| value.get_ref()) {
            None => default,
            Some(DeValue::Boolean(value)) => *value,
            Some(_) => {
                self.error(key, "expected true or false");
                default
            }
        }
    }

    /// A list of texts, at least one, none empty.
    pub(super) fn texts(&self, key: &str) -> Option<Vec<String>> {
        let list: Option<Vec<String>> = match self.get(key)?.1.get_ref() {
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().filter(|t| !t.is_empty() && !t.contains('\0')).map(str::to_owned))
                .collect(),
            _ => None,
        };
        let list = list.filter(|l| !l.is_empty());
        if list.is_none() {
            self.error(key, "expected a list of one or more texts, none of them empty");
        }
        list
    }

    /// A path, relative to the file's folder.
    pub(super) fn path(&self, key: &str) -> Option<PathBuf> {
        self.text(key).map(|text| self.notes.resolve(&text))
    }

    /// A file that is there. What it holds is looked at by `check`, and each time it is used.
    pub(super) fn file(&self, key: &str) -> Option<PathBuf> {
        let path = self.path(key)?;
        secret::open(&path).map_err(|message| self.error(key, message)).ok().map(|_| path)
    }

    /// The file of a private key: there, and not readable by others.
    pub(super) fn private_file(&self, key: &str) -> Option<PathBuf> {
        let path = self.path(key)?;
        secret::open_private(&path).map_err(|message| self.error(key, message)).ok().map(|_| path)
    }

    /// The secret in a file.
    pub(super) fn secret(&self, key: &str) -> Option<Secret> {
        let path = self.path(key)?;
        Secret::load(&path).map_err(|message| self.error(key, message)).ok()
    }

    /// A secret that is text: a password.
    pub(super) fn password(&self, key: &str) -> Option<Secret> {
        let secret = self.secret(key)?;
        let text = secret.expose_text().is_some_and(|text| !text.chars().any(char::is_control));
        if !text {
            self.error(key, "the file holds more than one line of UTF-8 text; expected a password");
        }
        text.then_some(secret)
    }

    fn get(&self, key: &str) -> Option<Entry<'d>> {
        debug_assert!(self.section.keys.iter().any(|(name, _)| *name == key), "[{}] lists {key}", self.section.name);
        entry(self.entries, key)
    }
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
