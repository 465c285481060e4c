//! The demo: a broker with TLS, VietQR's side, and the real daemon, on this machine.
//!
//! `cargo run --example demo` tells the story and leaves everything running until Ctrl-C; with `-- --once` it ends after the story.
//! It checks what it tells: exit code 1, with a reason, where a step does not happen in time.
//!
//! The daemon is a process of its own, so that `kill -9` is one. Cargo builds no other program for an example: this one starts
//! itself again, with a first argument that names the part to play.

mod daemon;
mod page;
mod refunds;
mod speaker;
mod stage;
mod story;
mod turn;

use clap::Parser;
use std::{error::Error, process::ExitCode};

/// Nothing here is handled but told.
type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// Payments come, are stored and said, through a kill -9; money goes back, once, whatever happens on the way.
#[derive(Debug, Parser)]
#[command(name = "demo")]
struct Arguments {
    /// End after the story
    #[arg(long)]
    once: bool,
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).peekable();
    match arguments.peek().and_then(|first| first.to_str()) {
        Some(daemon::PART) => daemon::play(arguments),
        Some(speaker::PART) => speaker::play(arguments.nth(1)),
        _ => tell(&Arguments::parse()),
    }
}

fn tell(arguments: &Arguments) -> ExitCode {
    // One thread: a child is told of the end of the thread that began it.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return page::failed(&error),
    };
    match runtime.block_on(story::run(arguments.once)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => page::failed(&*error),
    }
}
