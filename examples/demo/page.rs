//! How the story looks: colours on a terminal, plain text elsewhere (and where `NO_COLOR` is set).

use std::{
    error::Error,
    fmt::Display,
    io::{self, IsTerminal, Write},
    process::ExitCode,
};

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const SAID: &str = "1;36";

/// What the story is about.
pub fn title(text: impl Display) {
    line(format_args!("{}\n", styled(BOLD, text)));
}

/// A step begins.
pub fn step(number: u32, text: impl Display) {
    line(format_args!("\n{}", styled(BOLD, format_args!("{number}  {text}"))));
}

/// What happens.
pub fn tell(text: impl Display) {
    line(format_args!("   {text}"));
}

/// What was checked and found.
pub fn seen(text: impl Display) {
    line(format_args!("   {} {text}", styled(GREEN, "✓")));
}

/// What the speaker says.
pub fn said(sentence: &str) {
    line(format_args!("   {}", styled(SAID, format_args!("♪ {sentence}"))));
}

/// A command and what it printed.
pub fn command(command: &str, output: &str) {
    line(format_args!("   {}", styled(BOLD, format_args!("$ {command}"))));
    for text in output.lines() {
        line(format_args!("     {}", styled(DIM, text)));
    }
}

/// A command to try, with what it does.
pub fn try_this(command: impl Display, does: &str) {
    line(format_args!("   {command}"));
    line(format_args!("        {}", styled(DIM, does)));
}

/// An empty line.
pub fn gap() {
    line("");
}

/// Why the story ended early.
pub fn failed(error: &(impl Error + ?Sized)) -> ExitCode {
    let _ = writeln!(io::stderr(), "\n   {} {error}", styled(RED, "✗"));
    ExitCode::FAILURE
}

fn styled(style: &str, text: impl Display) -> String {
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) || !io::stdout().is_terminal();
    if plain { text.to_string() } else { format!("\x1b[{style}m{text}\x1b[0m") }
}

fn line(text: impl Display) {
    // Where nobody reads any more, the checks go on.
    let _ = writeln!(io::stdout(), "{text}");
}
