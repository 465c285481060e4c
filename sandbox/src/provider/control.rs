//! Orders of other programs of this user: `fault`, `bank` and `pay` reach the running `serve` at a Unix socket in its folder,
//! which nobody else may enter. A line of JSON is an order, `{"PROVIDER": order}`; a line of JSON is the answer.

use super::{Desk, Provider, Statement};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
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

/// What can be ordered of a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", bound = "")]
pub enum Order<P: Provider> {
    /// Arm a fault.
    Fault {
        /// For this call.
        call: P::Call,
        /// The fault.
        fault: P::Fault,
        /// So often; none: always.
        times: Option<u32>,
    },
    /// Disarm all faults.
    ClearFaults,
    /// Book payments.
    Pay(Vec<P::Payment>),
    /// Give money back past the interface.
    RefundElsewhere {
        /// As [`super::Movement::account`].
        account: String,
        /// As [`super::Movement::reference`].
        reference: String,
        /// As [`super::Movement::amount`].
        amount: u64,
    },
    /// Tell what is known.
    Statement,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Done(Value),
    Refused(String),
}

/// A provider that takes orders.
pub trait Obeys: Send + Sync {
    /// As the command line names it.
    fn name(&self) -> &'static str;

    /// Obeys an order, and gives the statement after it.
    ///
    /// # Errors
    /// Where it is none, or is refused.
    fn obey(&self, order: Value) -> Result<Value>;
}

type All = Arc<Vec<Arc<dyn Obeys>>>;

/// Takes orders until it is dropped.
pub struct Control {
    socket: PathBuf,
    task: JoinHandle<()>,
}

impl Control {
    /// Takes orders of other programs of this user at a Unix socket, which is made at `socket`.
    ///
    /// # Errors
    /// Where another sandbox has the socket, or it cannot be made.
    pub fn listen(socket: &Path, providers: Vec<Arc<dyn Obeys>>) -> Result<Control> {
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
        Ok(Control { socket: socket.to_path_buf(), task: tokio::spawn(accept(listener, Arc::new(providers))) })
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

/// Gives an order to a provider of the sandbox at `socket`. Gives what it knows after it.
///
/// # Errors
/// Where nobody listens there, or the order is refused.
pub async fn ask<P: Provider>(socket: &Path, order: &Order<P>) -> Result<Statement<P::Payment>> {
    let exchange = async {
        let mut stream = UnixStream::connect(socket)
            .await
            .with_context(|| format!("no sandbox listens at {}: is `serve` running?", socket.display()))?;
        stream.write_all(format!("{}\n", json!({P::NAME: order})).as_bytes()).await?;
        let mut line = String::new();
        BufReader::new(stream.take(MAX_LINE)).read_line(&mut line).await?;
        serde_json::from_str(&line).context("the sandbox gave no answer")
    };
    match tokio::time::timeout(LIMIT, exchange).await {
        Ok(reply) => match reply? {
            Reply::Done(statement) => Ok(serde_json::from_value(statement)?),
            Reply::Refused(reason) => bail!(reason),
        },
        Err(_) => bail!("the sandbox at {} did not answer within {LIMIT:?}", socket.display()),
    }
}

async fn accept(listener: UnixListener, providers: All) {
    let mut clients = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let providers = Arc::clone(&providers);
                clients.spawn(async move { tokio::time::timeout(LIMIT, answer(stream, &providers)).await });
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while clients.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: UnixStream, providers: &[Arc<dyn Obeys>]) -> Result<()> {
    let mut line = String::new();
    BufReader::new((&mut stream).take(MAX_LINE)).read_line(&mut line).await?;
    let reply = match obey(providers, &line) {
        Ok(statement) => Reply::Done(statement),
        Err(error) => Reply::Refused(format!("{error:#}")),
    };
    stream.write_all(format!("{}\n", serde_json::to_string(&reply)?).as_bytes()).await?;
    Ok(())
}

fn obey(providers: &[Arc<dyn Obeys>], line: &str) -> Result<Value> {
    let Value::Object(orders) = serde_json::from_str(line)? else { bail!("expected an object") };
    let (name, order) = orders.into_iter().next().context("expected an order")?;
    let provider = providers.iter().find(|provider| provider.name() == name);
    provider.with_context(|| format!("this sandbox does not serve {name}"))?.obey(order)
}

impl<P: Provider> Obeys for Desk<P> {
    fn name(&self) -> &'static str {
        P::NAME
    }

    fn obey(&self, order: Value) -> Result<Value> {
        match serde_json::from_value(order)? {
            Order::<P>::Fault { call, fault, times: Some(times) } => self.faults.times(call, fault, times)?,
            Order::Fault { call, fault, times: None } => self.faults.always(call, fault)?,
            Order::ClearFaults => self.faults.clear(),
            Order::Pay(payments) => payments.into_iter().try_for_each(|payment| self.provider.pay(payment))?,
            Order::RefundElsewhere { account, reference, amount } => {
                self.provider.refund_elsewhere(&account, &reference, amount)?;
            }
            Order::Statement => {}
        }
        Ok(serde_json::to_value(self.provider.statement())?)
    }
}
