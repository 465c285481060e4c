//! Reads a PIN: from a terminal without showing it, or a line from a pipe. Never from an argument, which other processes see.

use super::failure::{Failure, say};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead, IsTerminal, Read, Stdin, Write};
use zeroize::Zeroizing;

/// The longest line that is read, in bytes.
const MOST: u64 = 256;

/// Whether there is a person to ask.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// A PIN, asked for with these words where a person sits there.
///
/// # Errors
/// Exit 1 where none comes.
pub(super) fn read(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return line(&stdin);
    }
    let _hidden = Hidden::new().map_err(|e| Failure::failed(format!("the terminal can not hide a PIN: {e}")))?;
    let mut out = io::stderr();
    // Where stderr is closed the question is not seen, and the answer still counts.
    let _ = write!(out, "{prompt}: ").and_then(|()| out.flush());
    let pin = line(&stdin);
    let _ = writeln!(out);
    pin
}

/// A new PIN, twice the same where a person types it.
///
/// # Errors
/// Exit 1 where none comes that will do.
pub(super) fn read_new() -> Result<Zeroizing<String>, Failure> {
    loop {
        let pin = read("PIN, 4 to 12 digits")?;
        let wrong = match crate::pin::check_new(&pin) {
            Err(expected) => expected,
            Ok(()) if !can_ask() || read("the same again")? == pin => return Ok(pin),
            Ok(()) => "the two are not the same",
        };
        if !can_ask() {
            return Err(Failure::failed(format!("PIN: {wrong}")));
        }
        say(wrong);
    }
}

/// A line without its end.
fn line(stdin: &Stdin) -> Result<Zeroizing<String>, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(MOST as usize));
    match stdin.lock().take(MOST).read_line(&mut text) {
        Ok(1..) => {
            let length = text.trim_end_matches(['\n', '\r']).len();
            text.truncate(length);
            Ok(text)
        }
        Ok(0) => Err(Failure::failed("expected a PIN on standard input, and there is none")),
        Err(e) => Err(Failure::failed(format!("the PIN can not be read: {e}"))),
    }
}

/// The terminal shows nothing that is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn new() -> io::Result<Hidden> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hidden)?;
        Ok(Hidden(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
