//! How a command fails: an exit code and what to do.

use std::{
    fmt::Display,
    io::{self, Write},
    process::ExitCode,
};

/// What ends a command early.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command did not do what it should: exit 1.
    pub(super) fn failed(message: impl Display) -> Failure {
        Failure { code: 1, message: message.to_string() }
    }

    /// The daemon is not reachable: exit 69 (`EX_UNAVAILABLE`).
    pub(super) fn unreachable(message: impl Display) -> Failure {
        Failure { code: 69, message: message.to_string() }
    }

    /// The configuration has errors: exit 78 (`EX_CONFIG`).
    pub(super) fn config(message: impl Display) -> Failure {
        Failure { code: 78, message: message.to_string() }
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

impl From<io::Error> for Failure {
    /// Of writing results. A reader that has seen enough (`| head`) is no failure.
    fn from(error: io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure { code: 0, message: String::new() },
            _ => Failure::failed(format!("cannot write the result: {error}")),
        }
    }
}
