//! The command line.

mod bank;
mod fault;
mod login;
mod pay;
mod serve;
mod serve_options;
mod sign_refund;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::PathBuf;
use vietqr_edge_sandbox::certs::Certs;

/// The other side of vietqr-edge: a TLS broker, VietQR's messages and its HTTP interface, VNPAY and QFPay, to try a device
/// with.
///
/// Without a command it serves. In a second terminal: vietqr-edge-sandbox pay --amount 25000
#[derive(Parser)]
#[command(version)]
pub(crate) struct Args {
    /// Log what the broker does.
    #[arg(long, global = true)]
    pub(crate) verbose: bool,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run a TLS broker, VietQR's HTTP interface, VNPAY and QFPay, and print the configuration that a device needs for them.
    Serve(Box<serve::Serve>),
    /// Publish payments as VietQR does, with quirks and faults; or make a payment at VNPAY or QFPay, to refund it.
    Pay(Box<pay::Pay>),
    /// Make the next calls to a provider go wrong.
    Fault(fault::Fault),
    /// List a provider's payments, and every movement of money back out.
    Bank(bank::Bank),
    /// Give money back past the device, as the provider's portal or another device does.
    ForeignRefund(bank::ForeignRefund),
    /// Sign a refund request for a device, print it, and publish it.
    SignRefund(Box<sign_refund::SignRefund>),
    /// Make a throw-away CA and certificates, right and wrong ones.
    Certs {
        /// The folder to make them in.
        dir: PathBuf,
        /// A further name or address of the server; may be given more than once.
        #[arg(long = "host", value_name = "NAME")]
        hosts: Vec<String>,
    },
}

pub(crate) async fn run(command: Option<Command>) -> Result<()> {
    match command {
        // As with `serve` and nothing else.
        None => Box::pin(run(Args::parse_from(["vietqr-edge-sandbox", "serve"]).command)).await,
        Some(Command::Serve(serve)) => serve.run().await,
        Some(Command::Pay(pay)) => pay.run().await,
        Some(Command::Fault(fault)) => fault.run().await,
        Some(Command::Bank(bank)) => bank.run().await,
        Some(Command::ForeignRefund(refund)) => refund.run().await,
        Some(Command::SignRefund(sign)) => sign.run().await,
        Some(Command::Certs { dir, hosts }) => {
            let certs = Certs::create(&dir, &hosts)?;
            println!("CA                  {}", certs.ca.display());
            println!("server              {} {}", certs.server.cert.display(), certs.server.key.display());
            println!("client              {} {}", certs.client.cert.display(), certs.client.key.display());
            println!("to be refused       {}", dir.join("bad").display());
            println!("Throw-away: for tests and trials only.");
            Ok(())
        }
    }
}
