//! Orders of other programs of this user: `fault`, `bank` and `pay` reach the running `serve` at a Unix socket in its folder,
//! which nobody else may enter. A line of JSON is an order, a line of JSON is the answer.

use super::bank::{Payment, Statement};
use super::desk::Desk;
use super::fault::{Call, Fault};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::{JoinHandle, JoinSet};

/// How long an order may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The longest order and the longest answer, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// What can be ordered.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ControlOrder {
    /// Arm a fault.
    Fault {
        /// For this call.
        call: Call,
        /// The fault.
        fault: Fault,
        /// So often; none: always.
        times: Option<u32>,
    },
    /// Disarm all faults.
    ClearFaults,
    /// Book payments.
    Pay(Vec<Payment>),
    /// Give money back past the interface.
    RefundElsewhere {
        /// The account it was paid into.
        account: String,
        /// The payment.
        reference: String,
        /// Đồng.
        amount: u64,
    },
    /// Tell what the bank knows.
    Bank,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Statement),
    Refused(String),
}

/// Takes orders until it is dropped.
pub struct Control {
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    pub(super) fn listen(socket: &Path, desk: Arc<Desk>) -> Result<Control> {
        let bound = match UnixListener::bind(socket) {
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                nobody_serves(socket)?;
                // Left behind by one that was killed.
                std::fs::remove_file(socket).and_then(|()| UnixListener::bind(socket))
            }
            other => other,
        };
        let listener = bound.with_context(|| format!("cannot make the control socket {}", socket.display()))?;
        std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
        Ok(Control { socket: socket.to_path_buf(), task: tokio::spawn(accept(listener, desk)) })
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Makes sure that no other sandbox takes orders at a socket.
///
/// # Errors
/// Where one does.
pub fn nobody_serves(socket: &Path) -> Result<()> {
    if std::os::unix::net::UnixStream::connect(socket).is_ok() {
        bail!("{}: another sandbox serves this folder", socket.display());
    }
    Ok(())
}

/// Gives an order to the sandbox at `socket`. Gives what the bank knows after it.
///
/// # Errors
/// Where nobody listens there, or the order is refused.
pub async fn ask(socket: &Path, order: &ControlOrder) -> Result<Statement> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket)
            .await
            .with_context(|| format!("no sandbox listens at {}: is `serve` running?", socket.display()))?;
        stream.write_all(format!("{}\n", serde_json::to_string(order)?).as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream.take(MAX_LINE)).read_line(&mut line).await?;
        serde_json::from_str(&line).context("the sandbox gave no answer")
    };
    match tokio::time::timeout(LIMIT, exchange).await {
        Ok(reply) => match reply? {
            Reply::Done(statement) => Ok(statement),
            Reply::Refused(reason) => bail!(reason),
        },
        Err(_) => bail!("the sandbox at {} did not answer within {LIMIT:?}", socket.display()),
    }
}

async fn accept(listener: UnixListener, desk: Arc<Desk>) {
    let mut clients = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let desk = Arc::clone(&desk);
                clients.spawn(async move { tokio::time::timeout(LIMIT, answer(stream, &desk)).await });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while clients.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: UnixStream, desk: &Desk) -> Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(MAX_LINE)).read_line(&mut line).await?;
    let done = serde_json::from_str(&line).map_err(anyhow::Error::from).and_then(|order| obey(desk, order));
    let reply = match done {
        Ok(()) => Reply::Done(desk.bank.statement()),
        Err(error) => Reply::Refused(format!("{error:#}")),
    };
    stream.write_all(format!("{}\n", serde_json::to_string(&reply)?).as_bytes()).await?;
    Ok(())
}

fn obey(desk: &Desk, order: ControlOrder) -> Result<()> {
    match order {
        ControlOrder::Fault { call, fault, times: Some(times) } => desk.faults.times(call, fault, times)?,
        ControlOrder::Fault { call, fault, times: None } => desk.faults.always(call, fault)?,
        ControlOrder::ClearFaults => desk.faults.clear(),
        ControlOrder::Pay(payments) => payments.into_iter().for_each(|payment| desk.bank.pay(payment)),
        ControlOrder::RefundElsewhere { account, reference, amount } => {
            if let Err(code) = desk.bank.refund_elsewhere(&account, &reference, amount) {
                bail!("the bank refused: {code}");
            }
        }
        ControlOrder::Bank => {}
    }
    Ok(())
}
