//! How a command fails: an exit code and what to do.

use crate::http::Problem;
use std::{
    fmt::{self, Display},
    io::{self, Write},
    process::ExitCode,
};

/// What ends a command early.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: u8,
    message: String,
    /// The daemon's code, where it answered with a problem.
    problem: Option<String>,
}

impl Failure {
    fn new(code: u8, message: impl Display) -> Failure {
        Failure { code, message: message.to_string(), problem: None }
    }

    /// The daemon answered with a problem: exit 1.
    pub(super) fn problem(problem: &Problem) -> Failure {
        let message = format!("{} ({})", problem.detail, problem.code);
        Failure { problem: Some(problem.code.clone()), ..Failure::new(1, message) }
    }

    /// Whether the daemon wants a PIN that it was not given.
    pub(super) fn is_for_want_of_a_pin(&self) -> bool {
        self.problem.as_deref() == Some("pin_required")
    }

    /// With what to do about it.
    pub(super) fn hint(self, hint: &str) -> Failure {
        Failure { message: format!("{}; {hint}", self.message), ..self }
    }

    /// The command did not do what it should: exit 1.
    pub(super) fn failed(message: impl Display) -> Failure {
        Failure::new(1, message)
    }

    /// The daemon is not reachable: exit 69 (`EX_UNAVAILABLE`).
    pub(super) fn unreachable(message: impl Display) -> Failure {
        Failure::new(69, message)
    }

    /// The configuration has errors: exit 78 (`EX_CONFIG`).
    pub(super) fn config(message: impl Display) -> Failure {
        Failure::new(78, message)
    }

    /// Whether the daemon was not reachable.
    pub(super) fn is_unreachable(&self) -> bool {
        self.code == 69
    }

    /// Writes the message to stderr and gives the exit code.
    pub(super) fn tell(self) -> ExitCode {
        if !self.message.is_empty() {
            say(&self.message);
        }
        ExitCode::from(self.code)
    }
}

/// Writes a line to stderr. Where that is closed there is nobody to tell.
pub(super) fn say(message: impl Display) {
    let _ = writeln!(io::stderr(), "vietqr-edge: {message}");
}

impl Display for Failure {
    /// The message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<io::Error> for Failure {
    /// Of writing results. A reader that has seen enough (`| head`) is no failure.
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::new(0, ""),
            _ => Failure::failed(format!("cannot write the result: {error}")),
        }
    }
}
