//! Writes the manual pages and the shell completions: `vietqr-edge-packaging OUT DATE`.
//!
//! `OUT/man/` gets a page a command of section 1 from what `--help` says, `vietqr-edge.toml.5` from the words that `config` prints, and
//! `vietqr-edge.8` from `docs/operations.md`. `OUT/completions/` gets bash, zsh and fish. `DATE` is at the
//! foot of each page: the same commit and date give the same bytes.

mod commands;
mod markdown;
mod page;
mod settings;

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let (Some(out), Some(date), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        eprintln!("usage: vietqr-edge-packaging OUT DATE");
        return ExitCode::from(2);
    };
    match write(&PathBuf::from(out), &date) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vietqr-edge-packaging: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(out: &Path, date: &str) -> io::Result<()> {
    let (man, completions) = (out.join("man"), out.join("completions"));
    fs::create_dir_all(&man)?;
    fs::create_dir_all(&completions)?;
    commands::pages(&man, date)?;
    fs::write(man.join("vietqr-edge.toml.5"), settings::page(date))?;
    fs::write(man.join("vietqr-edge.8"), markdown::page(include_str!("../../docs/operations.md"), date))?;
    commands::completions(&completions)
}
