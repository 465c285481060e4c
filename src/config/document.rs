//! A configuration file as a tree that knows its lines, and the list of what is wrong with it.

use super::problem::{Problem, Severity};
use super::section::{SECTIONS, Section};
use super::suggest;
use super::table::Table;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

/// The largest configuration file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// How many syntax errors are worth showing: they follow from each other.
const MAX_SYNTAX: usize = 20;

/// A key and its value with their places.
pub(super) type Entry<'d> = (&'d Spanned<DeString<'d>>, &'d Spanned<DeValue<'d>>);

/// Collects problems and remembers where keys stand.
pub(super) struct Notes {
    file: PathBuf,
    /// The folder that relative paths start from.
    base: PathBuf,
    /// Where each line but the first begins, in bytes.
    starts: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    lines: RefCell<BTreeMap<String, u32>>,
}

impl Notes {
    pub(super) fn new(file: &Path, text: &str) -> Notes {
        Notes {
            file: file.to_owned(),
            base: std::path::absolute(file).ok().and_then(|p| p.parent().map(Path::to_owned)).unwrap_or_default(),
            starts: text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1).collect(),
            problems: RefCell::default(),
            lines: RefCell::default(),
        }
    }

    /// The line, from 1, of a place in the text.
    pub(super) fn line(&self, span: &Range<usize>) -> u32 {
        let before = self.starts.partition_point(|start| *start <= span.start);
        u32::try_from(before + 1).unwrap_or(u32::MAX)
    }

    pub(super) fn remember(&self, key: &str, line: u32) {
        self.lines.borrow_mut().entry(key.to_owned()).or_insert(line);
    }

    pub(super) fn note(&self, severity: Severity, line: u32, key: &str, message: impl Into<String>) {
        // A quoted key may hold anything; it is shown on a terminal.
        let key = if key.chars().any(char::is_control) { key.escape_debug().to_string() } else { key.to_owned() };
        let file = self.file.clone();
        self.problems.borrow_mut().push(Problem { file, line, key, severity, message: message.into() });
    }

    /// The path that a value of the file means.
    pub(super) fn resolve(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }

    /// The problems in the order of their lines, and the line of every key that was read.
    pub(super) fn finish(self) -> (Vec<Problem>, BTreeMap<String, u32>) {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|p| p.line);
        (problems, self.lines.into_inner())
    }
}

/// The text of a configuration file.
///
/// # Errors
/// The one problem: it cannot be read, is too long, or is not UTF-8.
pub(super) fn read(file: &Path) -> Result<String, Problem> {
    let problem = |line, message: String| {
        let key = String::new();
        Problem { file: file.to_owned(), line, key, severity: Severity::Error, message }
    };
    let mut bytes = Vec::new();
    let opened = super::secret::open(file).map_err(|m| problem(1, m))?;
    File::take(opened, MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| problem(1, format!("cannot be read: {e}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err(problem(1, format!("is longer than {MAX_BYTES} bytes")));
    }
    String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|b| **b == b'\n').count();
        problem(u32::try_from(line).unwrap_or(u32::MAX), "is not UTF-8 text".to_owned())
    })
}

/// The parsed file.
pub(super) struct Document<'d> {
    notes: &'d Notes,
    root: &'d DeTable<'d>,
}

/// The tree of `text`; `None` where it is not TOML, with every syntax error noted.
pub(super) fn parse<'t>(text: &'t str, notes: &Notes) -> Option<DeTable<'t>> {
    let (tree, errors) = DeTable::parse_recoverable(text);
    for error in errors.iter().take(MAX_SYNTAX) {
        let line = error.span().map_or(1, |span| notes.line(&span));
        // Only the parser's own words: its longer form quotes the line, which may hold a secret.
        notes.note(Severity::Error, line, "", format!("not valid TOML: {}", error.message()));
    }
    errors.is_empty().then(|| tree.into_inner())
}

impl<'d> Document<'d> {
    /// The document, with everything at its top that is not a section noted.
    pub(super) fn new(notes: &'d Notes, root: &'d DeTable<'d>) -> Document<'d> {
        let names = || SECTIONS.iter().map(|s| s.name).filter(|n| !n.contains('.'));
        for (name, _) in root {
            let text: &str = name.get_ref();
            if !names().any(|n| n == text) {
                let hint =
                    suggest::nearest(text, names()).map(|n| format!("; did you mean [{n}]?")).unwrap_or_default();
                let line = notes.line(&name.span());
                notes.note(Severity::Error, line, text, format!("unknown section{hint}"));
            }
        }
        Document { notes, root }
    }

    /// A section that must be there; `None`, and noted, where it is not.
    pub(super) fn required(&self, section: &'static Section) -> Option<Table<'d>> {
        let found = self.optional(section);
        if found.is_none() && entry(self.root, section.name).is_none() {
            self.notes.note(
                Severity::Error,
                1,
                section.name,
                format!("missing; expected a section [{}]", section.name),
            );
        }
        found
    }

    /// A section that need not be there.
    pub(super) fn optional(&self, section: &'static Section) -> Option<Table<'d>> {
        let (name, value) = entry(self.root, section.name)?;
        let line = self.notes.line(&name.span());
        match value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(self.notes, section, section.name.to_owned(), line, entries)),
            _ => {
                self.notes.note(Severity::Error, line, section.name, format!("expected a section [{}]", section.name));
                None
            }
        }
    }

    /// The elements of `[[name]]`, none where it is not there. `a.b` is found inside `[a]`.
    pub(super) fn array(&self, section: &'static Section) -> Vec<Table<'d>> {
        let Some((name, value)) = self.find(section.name) else { return Vec::new() };
        let line = self.notes.line(&name.span());
        let wrong =
            |line| self.notes.note(Severity::Error, line, section.name, format!("expected [[{}]]", section.name));
        let DeValue::Array(elements) = value.get_ref() else {
            wrong(line);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (i, element) in elements.iter().enumerate() {
            let line = self.notes.line(&element.span());
            match element.get_ref() {
                DeValue::Table(entries) => {
                    tables.push(Table::new(self.notes, section, format!("{}[{i}]", section.name), line, entries));
                }
                _ => wrong(line),
            }
        }
        tables
    }

    /// The elements of `[[name]]`; `None`, and noted, where there is none.
    pub(super) fn array_of_one_or_more(&self, section: &'static Section) -> Option<Vec<Table<'d>>> {
        let tables = self.array(section);
        let nothing = self.find(section.name).is_none_or(|(_, v)| v.get_ref().as_array().is_some_and(|a| a.is_empty()));
        if nothing {
            let line = self.line_of(section.name).unwrap_or(1);
            let name = section.name;
            self.notes.note(Severity::Error, line, name, format!("missing; expected at least one [[{name}]]"));
        }
        (!tables.is_empty()).then_some(tables)
    }

    /// The line of a dotted key, where the file has it.
    pub(super) fn line_of(&self, key: &str) -> Option<u32> {
        self.find(key).map(|(name, _)| self.notes.line(&name.span()))
    }

    /// A problem of the file as a whole.
    pub(super) fn note(&self, severity: Severity, line: u32, key: &str, message: impl Into<String>) {
        self.notes.note(severity, line, key, message);
    }

    fn find(&self, key: &str) -> Option<Entry<'d>> {
        match key.split_once('.') {
            None => entry(self.root, key),
            Some((first, second)) => match entry(self.root, first)?.1.get_ref() {
                DeValue::Table(table) => entry(table, second),
                _ => None,
            },
        }
    }
}

/// The entry of this name.
pub(super) fn entry<'d>(table: &'d DeTable<'d>, name: &str) -> Option<Entry<'d>> {
    table.iter().find(|(key, _)| key.get_ref() == name)
}
