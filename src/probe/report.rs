//! What was tried, and how it went.

use crate::config;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// As it should be.
    Ok,
    /// Works, or may work; the owner should know.
    Warning,
    /// Does not work.
    Error,
    /// A step before it failed, or it can not be tried without harm.
    NotTried,
}

impl From<config::Grade> for Grade {
    fn from(grade: config::Grade) -> Grade {
        match grade {
            config::Grade::Ok => Grade::Ok,
            config::Grade::Warning => Grade::Warning,
            config::Grade::Error => Grade::Error,
        }
    }
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How it went.
    pub grade: Grade,
    /// What it is about: `broker`, a provider, `clock`, `disk`, `speaker`, `daemon`.
    pub target: &'static str,
    /// What was tried: `dns`, `tcp`, `tls`, …
    pub step: &'static str,
    /// What was found, for people.
    pub message: String,
    /// What to do, where something is wrong.
    pub hint: Option<String>,
}

/// The steps of one target, in order.
#[derive(Debug)]
pub(super) struct Steps {
    target: &'static str,
    pub(super) list: Vec<Step>,
}

impl Steps {
    pub(super) fn of(target: &'static str) -> Steps {
        Steps { target, list: Vec::new() }
    }

    pub(super) fn add(&mut self, grade: Grade, step: &'static str, message: impl Into<String>, hint: Option<String>) {
        self.list.push(Step { grade, target: self.target, step, message: message.into(), hint });
    }

    pub(super) fn ok(&mut self, step: &'static str, message: impl Into<String>) {
        self.add(Grade::Ok, step, message, None);
    }

    pub(super) fn warning(&mut self, step: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Grade::Warning, step, message, Some(hint.into()));
    }

    pub(super) fn error(&mut self, step: &'static str, message: impl Into<String>, hint: impl Into<String>) {
        self.add(Grade::Error, step, message, Some(hint.into()));
    }

    /// These can not be tried because of one before them, or should not be.
    pub(super) fn not_tried(&mut self, steps: &[&'static str], why: &str) {
        for step in steps {
            self.add(Grade::NotTried, step, why, None);
        }
    }
}

/// The configuration's own report, and every step.
#[derive(Debug)]
pub struct Report {
    /// What can be told without a network.
    pub offline: config::Report,
    /// In order: targets, and their steps.
    pub steps: Vec<Step>,
}

impl Report {
    /// Whether nothing is an error.
    pub fn passed(&self) -> bool {
        self.count(Grade::Error) == 0
    }

    /// How many have this grade, the configuration's items included.
    pub fn count(&self, grade: Grade) -> usize {
        let offline = self.offline.items.iter().map(|item| Grade::from(item.grade));
        offline.chain(self.steps.iter().map(|step| step.grade)).filter(|g| *g == grade).count()
    }

    /// One JSON object: `items` and counts as without `--online`, and `online` with every step.
    pub fn json(&self) -> Value {
        json!({
            "items": self.offline.items,
            "online": self.steps,
            "ok": self.count(Grade::Ok),
            "warnings": self.count(Grade::Warning),
            "errors": self.count(Grade::Error),
            "not_tried": self.count(Grade::NotTried),
        })
    }
}

impl fmt::Display for Report {
    /// A line an item and a step, and a line that counts them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.offline.write_items(f)?;
        for Step { grade, target, step, message, hint } in &self.steps {
            let grade = match grade {
                Grade::Ok => "ok",
                Grade::Warning => "warning",
                Grade::Error => "error",
                Grade::NotTried => "-",
            };
            let not = if grade == "-" { "not tried: " } else { "" };
            write!(f, "{grade:8}{target:8} {step:12} {not}{message}")?;
            match hint {
                Some(hint) => writeln!(f, "; {hint}")?,
                None => writeln!(f)?,
            }
        }
        let [ok, warnings, errors, not_tried] =
            [Grade::Ok, Grade::Warning, Grade::Error, Grade::NotTried].map(|grade| self.count(grade));
        let s = |n| if n == 1 { "" } else { "s" };
        let (w, e) = (s(warnings), s(errors));
        writeln!(f, "{ok} ok, {warnings} warning{w}, {errors} error{e}, {not_tried} not tried")
    }
}
