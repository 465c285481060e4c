//! What the story is played on: a folder, the broker, VietQR's side, the daemon.

use crate::{
    Result,
    daemon::{self, Daemon},
    speaker::{self, Said},
};
use std::{path::PathBuf, time::Duration};
use tempfile::TempDir;
use tokio::time::Instant;
use vietqr_edge_sandbox::{
    folder::{self, Folder, FolderOptions},
    mqtt::{Broker, Seen, Watch},
    provider::Control,
    vietqr::{
        Bdsd, Cloud, Fault, Publish,
        http::{Bank, HttpOptions, VietQrHttp},
    },
};

/// How long a step may take.
pub const LIMIT: Duration = Duration::from_secs(10);

/// Between two looks at what is waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Everything that runs. The folder goes with it.
pub struct Stage {
    /// Reports what clients of the broker do.
    pub watch: Watch,
    /// The broker.
    pub broker: Broker,
    /// Where it lies.
    pub folder: Folder,
    /// The daemon.
    pub daemon: Daemon,
    /// VietQR's HTTP interface, with the bank behind it, and where other programs give it orders.
    http: Option<(VietQrHttp, Control)>,
    said: PathBuf,
    dir: TempDir,
}

impl Stage {
    /// Starts VietQR's side in a fresh folder. The daemon is not started yet.
    ///
    /// # Errors
    /// As the sandbox's.
    pub async fn build() -> Result<Stage> {
        let dir = tempfile::Builder::new().prefix("vietqr-edge-demo-").tempdir()?;
        let mut folder = Folder::prepare(dir.path(), FolderOptions { port: 0, ..FolderOptions::default() })?;
        let broker = folder.serve().await?;
        let http = folder.serve_http().await?;
        let control = Control::listen(&folder::control_socket(&folder.dir), vec![http.obeys()])?;
        let said = dir.path().join("said.txt");
        daemon::configure(&folder.config, &said)?;
        let daemon = Daemon::new(folder.config.clone(), dir.path().join("daemon.log"));
        Ok(Stage { watch: broker.watch(), broker, folder, daemon, http: Some((http, control)), said, dir })
    }

    /// Ends all of it, in order.
    ///
    /// # Errors
    /// Where the daemon does not stop as promised, or the folder can not be removed.
    pub async fn strike(mut self) -> Result {
        self.daemon.stop().await?;
        if let Some((http, _control)) = self.http.take() {
            http.stop().await;
        }
        self.broker.stop().await?;
        Ok(self.dir.close()?)
    }

    /// Publishes over a connection of its own; the broker has it when this returns.
    ///
    /// # Errors
    /// As the sandbox's.
    pub async fn publish(&self, publishes: Vec<Publish>) -> Result {
        let cloud = Cloud::connect_with(self.folder.cloud()).await?;
        for publish in publishes {
            cloud.publish(publish).await?;
        }
        cloud.close().await;
        Ok(())
    }

    /// A customer pays: the bank has it, and VietQR tells of it.
    ///
    /// # Errors
    /// As the sandbox's.
    pub async fn pay(&self, payment: &Bdsd, wrong: Option<Fault>) -> Result {
        let cloud = Cloud::connect_with(self.folder.cloud()).await?.with_bank(self.http()?.bank());
        match wrong {
            Some(fault) => cloud.pay_with(payment, fault).await?,
            None => cloud.pay(payment).await?,
        }
        cloud.close().await;
        Ok(())
    }

    /// VietQR's HTTP interface.
    ///
    /// # Errors
    /// Where it is away.
    pub fn http(&self) -> Result<&VietQrHttp> {
        Ok(self.http.as_ref().map(|(http, _)| http).ok_or("VietQR's HTTP interface is away")?)
    }

    /// Ends VietQR's HTTP interface; the bank is kept.
    ///
    /// # Errors
    /// Where it is away already.
    pub async fn http_away(&mut self) -> Result<Bank> {
        let (http, _control) = self.http.take().ok_or("VietQR's HTTP interface is away")?;
        let bank = http.bank();
        http.stop().await;
        Ok(bank)
    }

    /// Starts VietQR's HTTP interface again, at the same address and with the same bank.
    ///
    /// # Errors
    /// As the sandbox's.
    pub async fn http_back(&mut self, bank: Bank) -> Result {
        let http = VietQrHttp::start(HttpOptions { bank, ..self.folder.http() }).await?;
        let control = Control::listen(&folder::control_socket(&self.folder.dir), vec![http.obeys()])?;
        self.http = Some((http, control));
        Ok(())
    }

    /// Waits until the device has acknowledged a message.
    ///
    /// # Errors
    /// Where it does not in time.
    pub async fn acknowledged(&mut self) -> Result {
        let acknowledged = |seen: &Seen| matches!(seen, Seen::Acknowledged { client, .. } if is_device(client));
        match self.watch.wait_for(LIMIT, acknowledged).await {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("the device did not acknowledge: {error}{}", self.daemon.last_lines()).into()),
        }
    }

    /// Waits until the broker has noticed that the device is gone.
    ///
    /// # Errors
    /// Where it does not in time.
    pub async fn lost(&mut self) -> Result {
        let lost = |seen: &Seen| matches!(seen, Seen::Disconnected { client, .. } if is_device(client));
        self.watch.wait_for(LIMIT, lost).await?;
        Ok(())
    }

    /// Everything that the speaker was given so far.
    ///
    /// # Errors
    /// As the system says.
    pub fn said(&self) -> Result<Vec<Said>> {
        speaker::all_said(&self.said)
    }

    /// Looks again and again until it is there.
    ///
    /// # Errors
    /// `what` did not happen, where it is not there in time.
    pub async fn until<T>(&self, what: &str, mut look: impl AsyncFnMut(&Stage) -> Result<Option<T>>) -> Result<T> {
        let deadline = Instant::now() + LIMIT;
        loop {
            // A daemon that has just been started can not answer yet.
            let problem = match look(self).await {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => String::new(),
                Err(error) => format!(": {error}"),
            };
            if Instant::now() >= deadline {
                return Err(format!("not within {LIMIT:?}: {what}{problem}{}", self.daemon.last_lines()).into());
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn is_device(client: &str) -> bool {
    client == "vietqr-edge-sandbox-1"
}
