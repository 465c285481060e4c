//! `vietqr-edge-sandbox`: the provider's side, for a real device or for one on this machine.

mod cli;

use clap::Parser;
use std::process::ExitCode;
use tracing_subscriber::filter::LevelFilter;

fn main() -> ExitCode {
    let args = cli::Args::parse();
    let level = if args.verbose { LevelFilter::DEBUG } else { LevelFilter::ERROR };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level).init();
    let done = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(cli::run(args.command)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vietqr-edge-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}
