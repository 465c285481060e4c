//! The command line (DESIGN 3.1): one file a command. Results go to stdout, everything else to stderr.

mod check;
mod client;
mod config;
mod events;
mod failure;
mod journal;
mod operator;
mod payment;
mod payments;
mod pin;
mod refund;
mod refund_sheet;
mod refund_words;
mod refunds;
mod run;
mod say;
mod socket;
mod sse;
mod status;
mod summary;
mod support_bundle;
mod table;
mod trace;

use clap::{CommandFactory, Parser, Subcommand};
use failure::Failure;
use std::{
    ffi::OsString,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

/// Where the configuration lies if nothing names it.
const DEFAULT_CONFIG: &str = "/etc/vietqr-edge/agent.toml";

/// The version, and the commit it was built from.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("VIETQR_EDGE_COMMIT"), ")");

/// Hears of money by MQTT, says it, and keeps it through any crash.
#[derive(Debug, Parser)]
#[command(name = "vietqr-edge", version = VERSION, arg_required_else_help = true, after_help = EXIT_CODES)]
struct Arguments {
    /// The configuration
    #[arg(long, global = true, value_name = "FILE", env = "VIETQR_EDGE_CONFIG", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 69 the daemon is not reachable, 78 configuration.\nLogs go to stderr, results to stdout.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon in the foreground
    Run,
    /// Find every problem of the configuration, and of what it names
    Check(check::Check),
    /// Print the effective configuration, secrets masked
    Config,
    /// Copy a store that has grown; `run` does it by itself
    #[command(name = crate::server::copy::COMMAND, hide = true)]
    CopyStore {
        /// The state folder; nobody may have it open
        state_dir: PathBuf,
    },
    /// Show how the daemon is
    Status(status::Status),
    /// List payments, newest last
    Payments(payments::Payments),
    /// Show one payment with its trace
    Payment(payment::Payment),
    /// List refunds, newest last
    Refunds(refunds::Refunds),
    /// Ask for a refund, show one, or decide about one
    Refund(Box<refund::Refund>),
    /// List or follow what happened
    Events(events::Events),
    /// Say the last payment again, or a test sentence
    Say(say::Say),
    /// Show the way of a payment through the device
    Trace(trace::Trace),
    /// Make what the configuration needs of a person who may refund
    Operator(operator::Operator),
    /// Verify or export the journal, without changing it
    Journal(journal::Journal),
    /// Write what support needs into one file
    SupportBundle(support_bundle::SupportBundle),
}

/// The arguments, for manual pages and shell completions.
#[doc(hidden)]
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs the command that the arguments of this process name.
pub fn main() -> ExitCode {
    main_from(std::env::args_os())
}

/// The same with other arguments, of which the first is the program's name. Wrong ones end the process with exit code 2.
pub fn main_from(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Arguments { config, command } = Arguments::parse_from(arguments);
    let mut out = io::stdout().lock();
    let done = match &command {
        Command::Run => run::run(&config),
        Command::Check(check) => check.run(&config, &mut out),
        Command::Config => config::run(&config, &mut out),
        Command::CopyStore { state_dir } => crate::server::copy::copy(state_dir).map_err(Failure::failed),
        Command::Status(status) => client::talk(status.run(&config, &mut out)),
        Command::Payments(payments) => client::talk(payments.run(&config, &mut out)),
        Command::Payment(payment) => client::talk(payment.run(&config, &mut out)),
        Command::Refunds(refunds) => client::talk(refunds.run(&config, &mut out)),
        Command::Refund(refund) => client::talk(refund.run(&config, &mut out)),
        Command::Events(events) => client::talk(events.run(&config, &mut out)),
        Command::Say(say) => client::talk(say.run(&config, &mut out)),
        Command::Trace(trace) => client::talk(trace.run(&config, &mut out)),
        Command::Operator(operator) => operator.run(&mut out),
        Command::Journal(journal) => journal.run(&config, &mut out),
        Command::SupportBundle(bundle) => client::talk(bundle.run(&config, VERSION, &mut out)),
    };
    match done.and_then(|()| out.flush().map_err(Failure::from)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_contradict_nothing() {
        command().debug_assert();
    }
}
