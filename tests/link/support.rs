//! A ledger that answers as told, and a link that is watched.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use vietqr_edge::{
    clock::{Clock, SystemClock},
    config::{ClientCert, Secret},
    ledger::{Answer, Command, Commands, Incoming, Refused, Stray},
    link::{self, Handle, Kind, LinkState, Options, Parts, Phase, Timing, Topic, Transport},
    tls::{Floor, TlsOptions},
};
use vietqr_edge_core::{event::Event, payment::PaymentId};
use vietqr_edge_sandbox::certs::{Certs, Pair};

/// The topic of the sample terminal.
pub(crate) const TOPIC: &str = "vietqr/bdsd/VVB123456";
/// The topic of a second terminal.
pub(crate) const OTHER: &str = "vietqr/bdsd/VVB654321";
/// How long anything may take that a test waits for.
pub(crate) const LIMIT: Duration = Duration::from_secs(15);
/// How long a test looks for something that must not happen.
pub(crate) const QUIET: Duration = Duration::from_millis(250);

/// A ledger that keeps what it is asked in order, and answers when, and as, it is told.
pub(crate) struct TestLedger {
    pub(crate) commands: Commands,
    pub(crate) asked: watch::Receiver<Vec<Command>>,
    gate: Arc<Semaphore>,
    full: watch::Sender<bool>,
}

impl TestLedger {
    /// Answers at once.
    pub(crate) fn open() -> TestLedger {
        TestLedger::new(Semaphore::MAX_PERMITS, 256, Duration::ZERO)
    }

    /// Answers messages only as [`TestLedger::answer`] tells; link events at once.
    pub(crate) fn held() -> TestLedger {
        TestLedger::new(0, 256, Duration::ZERO)
    }

    pub(crate) fn new(permits: usize, queue: usize, each: Duration) -> TestLedger {
        let (commands, mut jobs) = Commands::channel(queue);
        let (asked_in, asked) = watch::channel(Vec::new());
        let (full, full_now) = watch::channel(false);
        let gate = Arc::new(Semaphore::new(permits));
        let permits = gate.clone();
        tokio::spawn(async move {
            while let Some((command, answer)) = jobs.recv().await {
                let message = matches!(command, Command::Receive(_) | Command::Quarantine(_));
                asked_in.send_modify(|asked| asked.push(command));
                if message {
                    permits.acquire().await.unwrap().forget();
                    if each > Duration::ZERO {
                        tokio::time::sleep(each).await;
                    }
                }
                let refused = message && *full_now.borrow();
                let _ = answer.send(if refused { Err(Refused::DiskFull) } else { Ok(Answer::Booked(PaymentId(1))) });
            }
        });
        TestLedger { commands, asked, gate, full }
    }

    /// Lets `n` more messages be answered.
    pub(crate) fn answer(&self, n: usize) {
        self.gate.add_permits(n);
    }

    /// Every message is refused while the disk is full.
    pub(crate) fn disk_full(&self, full: bool) {
        self.full.send_replace(full);
    }

    pub(crate) async fn wait(&self, what: &str, wanted: impl FnMut(&Vec<Command>) -> bool) {
        let mut asked = self.asked.clone();
        let found = timeout(LIMIT, asked.wait_for(wanted)).await;
        assert!(found.is_ok(), "waited for {what}; the ledger was asked {:?}", self.asked.borrow());
    }

    /// Waits until `n` notices were received in all, and gives them.
    pub(crate) async fn notices(&self, n: usize) -> Vec<Incoming> {
        self.wait(&format!("{n} notices"), |asked| notices(asked).len() >= n).await;
        notices(&self.asked.borrow())
    }

    pub(crate) async fn strays(&self, n: usize) -> Vec<Stray> {
        self.wait(&format!("{n} strays"), |asked| strays(asked).len() >= n).await;
        strays(&self.asked.borrow())
    }

    /// The link events in the journal, by name.
    pub(crate) fn events(&self) -> Vec<&'static str> {
        events(&self.asked.borrow())
    }
}

pub(crate) fn notices(asked: &[Command]) -> Vec<Incoming> {
    asked.iter().filter_map(|c| if let Command::Receive(i) = c { Some(i.clone()) } else { None }).collect()
}

pub(crate) fn strays(asked: &[Command]) -> Vec<Stray> {
    asked.iter().filter_map(|c| if let Command::Quarantine(s) = c { Some(s.clone()) } else { None }).collect()
}

pub(crate) fn events(asked: &[Command]) -> Vec<&'static str> {
    asked.iter().filter_map(|c| if let Command::Record(e) = c { Some(Event::name(e)) } else { None }).collect()
}

/// A link that runs.
pub(crate) struct Rig {
    pub(crate) ledger: TestLedger,
    pub(crate) handle: Handle,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<()>,
    clock: Arc<dyn Clock>,
    floor: Floor,
}

impl Rig {
    pub(crate) fn start(options: Options, ledger: TestLedger) -> Rig {
        Rig::with(options, ledger, false, Arc::new(SystemClock::new()), Floor::default())
    }

    pub(crate) fn with(
        options: Options,
        ledger: TestLedger,
        ever_connected: bool,
        clock: Arc<dyn Clock>,
        floor: Floor,
    ) -> Rig {
        let (stop, stopped) = watch::channel(false);
        let commands = ledger.commands.clone();
        let parts =
            Parts { options, ever_connected, commands, clock: clock.clone(), floor: floor.clone(), stop: stopped };
        let (handle, task) = link::spawn(parts);
        Rig { ledger, handle, stop, task, clock, floor }
    }

    /// Takes another configuration while it runs, as SIGHUP has it.
    pub(crate) fn renew(&self, options: &Options) {
        self.handle.renew(self.handle.read_login(options, &self.clock, &self.floor).unwrap());
    }

    pub(crate) async fn wait(&self, what: &str, wanted: impl FnMut(&LinkState) -> bool) -> LinkState {
        let mut state = self.handle.state();
        let found = timeout(LIMIT, state.wait_for(wanted)).await.map(|state| state.unwrap().clone());
        found.unwrap_or_else(|_| panic!("waited for {what}; the link is {:?}", *self.handle.state().borrow()))
    }

    pub(crate) async fn up(&self) -> LinkState {
        self.wait("the link to be up", |state| state.phase.is_up()).await
    }

    /// Waits until it is down, and gives the reason.
    pub(crate) async fn down(&self) -> String {
        self.down_saying("").await
    }

    /// Waits until it is down for a reason that says `part`.
    pub(crate) async fn down_saying(&self, part: &str) -> String {
        let says = |state: &LinkState| matches!(&state.phase, Phase::Down { reason, .. } if reason.contains(part));
        match self.wait(&format!("a reason with {part:?}"), says).await.phase {
            Phase::Down { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Stops it; gives how long that took.
    pub(crate) async fn stop(self) -> Duration {
        let asked = Instant::now();
        self.stop.send_replace(true);
        timeout(LIMIT, self.task).await.expect("the link did not stop").unwrap();
        asked.elapsed()
    }
}

/// For a plain broker at `addr`, two topics, short pauses.
pub(crate) fn options(addr: SocketAddr) -> Options {
    let topic = |name: &str, terminal: &str| Topic { name: name.into(), terminal: terminal.into(), kind: Kind::Bdsd };
    Options {
        host: addr.ip().to_string(),
        port: addr.port(),
        transport: Transport::Plain,
        username: None,
        password: None,
        client_id: "vietqr-edge-quay-1".into(),
        clean_session: false,
        keep_alive_s: 20,
        topics: vec![topic(TOPIC, "VVB123456"), topic(OTHER, "VVB654321")],
        desk: None,
        timing: Timing {
            first_pause: Duration::from_millis(20),
            most_pause: Duration::from_millis(200),
            full_pause: Duration::from_millis(50),
            connect: Duration::from_secs(5),
            ..Timing::default()
        },
    }
}

/// For a TLS broker on `port` of this machine that is trusted by `certs`.
pub(crate) fn tls_options(port: u16, certs: &Certs) -> Options {
    let tls = TlsOptions { ca_file: Some(certs.ca.clone()), client: None };
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    Options { host: "localhost".into(), transport: Transport::Tls(tls), ..options(addr) }
}

pub(crate) fn with_client(mut options: Options, pair: &Pair) -> Options {
    if let Transport::Tls(tls) = &mut options.transport {
        tls.client = Some(ClientCert { cert_file: pair.cert.clone(), key_file: pair.key.clone() });
    }
    options
}

pub(crate) fn with_login(mut options: Options, user: &str, password: &str) -> Options {
    options.username = Some(user.into());
    options.password = Some(Secret::new(password.into(), "mqtt-password".into()));
    options
}
