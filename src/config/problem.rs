//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::PathBuf;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The daemon does not start.
    Error,
    /// The daemon starts; the owner should know.
    Warning,
}

/// One thing to be put right in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The configuration file, as it was named.
    pub file: PathBuf,
    /// The line in it, from 1. For a missing key the line of its section, for a missing section 1.
    pub line: u32,
    /// The dotted key, elements of arrays counted from 0: `mqtt.url`, `account[1].bank_code`. Empty where the whole file is meant.
    pub key: String,
    /// Error or warning.
    pub severity: Severity,
    /// What was expected. Never the value found: it may be a secret in the wrong place.
    pub message: String,
}

impl fmt::Display for Problem {
    /// `agent.toml:7: mqtt.url: expected …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file.display(), self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// Everything wrong with a configuration that cannot be used, in the order of its lines: at least one error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    /// One line a problem: `error: agent.toml:7: mqtt.url: expected …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.0.iter().enumerate() {
            let grade = match problem.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let end = if i == 0 { "" } else { "\n" };
            write!(f, "{end}{grade}: {problem}")?;
        }
        Ok(())
    }
}
