//! The link's actor: connects, serves the connection, waits, connects again.
//!
//! Owns the only connection to the broker. Promises: a message is acknowledged only after the ledger answered it, and in the
//! order received; the link is up only with every subscription granted; an outage is one `link.down`; it ends within two
//! seconds when it is asked to stop, and by itself only where the ledger has.

use super::{
    HARD_LIMIT, PACKET_LIMIT,
    board::Board,
    client::Client,
    failure::Failure,
    login::Login,
    options::{Options, Transport},
    outbox::{Outbox, Outgoing},
    patience::Patience,
    session::{End, Outcome, Session},
    state::LinkState,
};
use crate::{
    clock::Clock,
    ledger::Commands,
    tls::{Floor, PeerEnd, TlsError},
};
use std::{
    mem::{self, Discriminant, discriminant},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{Notify, mpsc, oneshot, watch},
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until, timeout},
};

/// The handle of the link.
#[derive(Clone, Debug)]
pub struct Handle {
    kind: Discriminant<Transport>,
    /// Holds the latest, so that none waits behind another or is lost.
    logins: watch::Sender<Option<Arc<Login>>>,
    hurry: Arc<Notify>,
    beats: mpsc::Sender<oneshot::Sender<()>>,
    seen: PeerEnd,
    state: watch::Receiver<LinkState>,
    outbox: Outbox,
}

impl Handle {
    /// Reads what another configuration would have the link connect with. Blocks for the files.
    ///
    /// # Errors
    /// [`TlsError`], also where the device's own certificate has expired.
    pub fn read_login(&self, options: &Options, clock: &Arc<dyn Clock>, floor: &Floor) -> Result<Login, TlsError> {
        Login::read_lasting(options, clock, floor, &self.seen)
    }

    /// From now on connects with this login: at once where it differs from that in use, else the connection stays as it is. A pause
    /// before the next try ends in either case. The latest login wins, whatever the link is at. One for `mqtt:` where the link runs
    /// with `mqtts:`, or the other way round, is not taken: that needs a restart.
    pub fn renew(&self, login: Login) {
        // Before it could replace one that is to be taken.
        if login.fits(self.kind) {
            self.logins.send_replace(Some(Arc::new(login)));
        }
    }

    /// Ends a pause before the next try; a connection stays as it is.
    pub fn hurry(&self) {
        self.hurry.notify_one();
    }

    /// A sign of life, given where the link's loop goes round; false where it gives none.
    pub fn beat(&self) -> impl Future<Output = bool> + Send + use<> {
        let beats = self.beats.clone();
        async move {
            let (answer, answered) = oneshot::channel();
            beats.send(answer).await.is_ok() && answered.await.is_ok()
        }
    }

    /// When the broker's certificate expires, as it showed it.
    pub fn broker_certificate(&self) -> PeerEnd {
        self.seen.clone()
    }

    /// The link's state, to read and to watch.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.clone()
    }

    /// Publishes through the link.
    pub fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }
}

/// What the link is made of.
pub struct Parts {
    /// Broker, login, topics.
    pub options: Options,
    /// There was a link in an earlier run (the ledger counts it), so the broker should have our session.
    pub ever_connected: bool,
    /// The ledger.
    pub commands: Commands,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The floor of the time that certificates are checked at.
    pub floor: Floor,
    /// True, or without a sender: stop.
    pub stop: watch::Receiver<bool>,
}

/// Starts the link. The task ends within two seconds of `stop`.
pub fn spawn(parts: Parts) -> (Handle, JoinHandle<()>) {
    let Parts { options, ever_connected, commands, clock, floor, stop } = parts;
    if options.transport == Transport::Plain {
        tracing::warn!(broker = options.broker(), "mqtt:// is used: everyone on the way can read and change messages");
    }
    let kind = discriminant(&options.transport);
    let (logins, latest) = watch::channel(None);
    let hurry = Arc::new(Notify::new());
    let (beats, asked) = mpsc::channel(1);
    let seen = PeerEnd::default();
    let (board, state, carrier) = Board::new(&options, ever_connected, clock.clone(), commands.clone());
    let patience = Patience::new(options.timing.clone());
    let inbox = Inbox { stop, logins: latest, untaken: false, hurry: hurry.clone(), beats: asked };
    let (outbox, outgoing) = Outbox::new();
    let link = Link {
        options,
        login: None,
        unusable: None,
        seen: seen.clone(),
        commands,
        clock,
        floor,
        board,
        patience,
        inbox,
        outgoing,
        limit: PACKET_LIMIT,
    };
    (Handle { kind, logins, hurry, beats, seen, state, outbox }, tokio::spawn(link.run(carrier)))
}

/// What the link is asked, from either side.
#[derive(Debug)]
pub(super) enum Ask {
    Stop,
    /// Connect anew where this login differs. [`Inbox::untaken`] gives the one to connect with.
    Renew(Arc<Login>),
    /// Wait no longer.
    Hurry,
    /// Answer, as a sign of life.
    Beat(oneshot::Sender<()>),
}

pub(super) struct Inbox {
    stop: watch::Receiver<bool>,
    logins: watch::Receiver<Option<Arc<Login>>>,
    /// [`Ask::Renew`] was given, and its login not yet taken.
    untaken: bool,
    hurry: Arc<Notify>,
    beats: mpsc::Receiver<oneshot::Sender<()>>,
}

impl Inbox {
    /// Waits to be asked. Cancel-safe.
    pub(super) async fn asked(&mut self) -> Ask {
        tokio::select! {
            biased;
            _ = self.stop.wait_for(|stop| *stop) => Ask::Stop,
            Some(login) = changed(&mut self.logins) => {
                self.untaken = true;
                Ask::Renew(login)
            }
            () = self.hurry.notified() => Ask::Hurry,
            Some(answer) = self.beats.recv() => Ask::Beat(answer),
        }
    }

    /// The latest login, where [`Ask::Renew`] was given since the last one was taken.
    fn untaken(&mut self) -> Option<Arc<Login>> {
        // Without it nothing is marked as seen: one that came now is yet to be asked for.
        if mem::take(&mut self.untaken) { self.logins.borrow_and_update().clone() } else { None }
    }
}

/// Waits for a login that was not seen; `None` where none can come. Cancel-safe.
async fn changed(logins: &mut watch::Receiver<Option<Arc<Login>>>) -> Option<Arc<Login>> {
    logins.changed().await.ok()?;
    logins.borrow_and_update().clone()
}

/// What comes after a connection.
#[derive(Debug)]
enum Next {
    Now,
    After(Duration),
    End,
}

struct Link {
    options: Options,
    /// What the last connection was made with.
    login: Option<Login>,
    /// Why the files can not be used as they are, as it was said last.
    unusable: Option<String>,
    seen: PeerEnd,
    commands: Commands,
    clock: Arc<dyn Clock>,
    floor: Floor,
    board: Board,
    patience: Patience,
    inbox: Inbox,
    outgoing: mpsc::Receiver<Outgoing>,
    /// Largest packet of the next connection, in bytes.
    limit: usize,
}

impl Link {
    async fn run(mut self, carrier: JoinHandle<()>) {
        loop {
            let outcome = self.connection().await;
            match self.judge(outcome) {
                Next::Now => {}
                Next::End => break,
                Next::After(pause) => {
                    if self.rest(Instant::now() + pause).await {
                        break;
                    }
                }
            }
        }
        self.board.stopped();
        drop(self.board);
        // What the journal takes in this time is in it; the ledger may be busy with its own end.
        let _ = timeout(Duration::from_millis(300), carrier).await;
    }

    /// Waits before the next try; true where it is asked to stop meanwhile.
    async fn rest(&mut self, until: Instant) -> bool {
        loop {
            let ask = tokio::select! {
                biased;
                ask = self.inbox.asked() => ask,
                () = sleep_until(until) => return false,
            };
            match ask {
                Ask::Stop => return true,
                Ask::Beat(answer) => drop(answer.send(())),
                Ask::Renew(_) | Ask::Hurry => return false,
            }
        }
    }

    /// Takes the latest login that it was renewed with.
    fn take(&mut self) {
        let Some(login) = self.inbox.untaken() else { return };
        self.options.transport.clone_from(&login.transport);
        self.options.username.clone_from(&login.username);
        self.options.password.clone_from(&login.password);
        self.login = Some(Login::clone(&login));
    }

    /// What to connect with: the files as they are on disk now, or as they were last where they can not be used now.
    async fn login(&mut self) -> Result<Login, End> {
        let (options, clock, floor, seen) =
            (self.options.clone(), self.clock.clone(), self.floor.clone(), self.seen.clone());
        // Off the runtime: the card may stall.
        let mut reading = spawn_blocking(move || Login::read(&options, &clock, &floor, &seen));
        let read = loop {
            let ask = tokio::select! {
                biased;
                ask = self.inbox.asked() => ask,
                read = &mut reading => break read,
            };
            match ask {
                Ask::Stop => return Err(End::Stopped),
                Ask::Beat(answer) => drop(answer.send(())),
                Ask::Renew(_) => return Err(End::Renewed),
                Ask::Hurry => {}
            }
        };
        match read {
            Ok(Ok(login)) => {
                self.unusable = None;
                self.login = Some(login.clone());
                Ok(login)
            }
            Ok(Err(error)) => {
                let Some(old) = &self.login else { return Err(End::Failed(Failure::Material(error))) };
                let why = error.to_string();
                if self.unusable.as_ref() != Some(&why) {
                    tracing::error!("the certificates of before are used on: {why}");
                    self.unusable = Some(why);
                }
                Ok(old.clone())
            }
            Err(error) => Err(End::Failed(Failure::Protocol(format!("the certificates were not read: {error}")))),
        }
    }

    /// Makes one connection and serves it.
    async fn connection(&mut self) -> Outcome {
        self.take();
        let login = match self.login().await {
            Ok(login) => login,
            Err(end) => return Outcome { end, connected_ms: None, granted: false },
        };
        let client = Client::connect(&self.options, login, self.limit);
        let Link { options, commands, clock, floor, board, outgoing, .. } = self;
        Session::new(options, commands, clock.as_ref(), floor, board, outgoing, client).run(&mut self.inbox).await
    }

    fn judge(&mut self, outcome: Outcome) -> Next {
        let now_ms = self.clock.monotonic_ms();
        let lasted = outcome.connected_ms.map(|at| Duration::from_millis(now_ms.saturating_sub(at)));
        if lasted.is_some_and(|lasted| self.patience.lasted(lasted)) {
            self.board.healthy();
        }
        let failure = match outcome.end {
            End::Stopped | End::Failed(Failure::LedgerStopped) => return Next::End,
            End::Renewed => {
                tracing::info!("connecting anew with certificates and login as they are now");
                self.board.connecting();
                return Next::Now;
            }
            End::Failed(failure) => failure,
        };
        match failure {
            // Its ticket can only be learnt by reading it: once more, with the hard limit.
            Failure::TooLarge(_) if self.limit == PACKET_LIMIT => {
                let reason = self.say(&failure);
                tracing::warn!("{reason}: connecting once more to set it aside");
                self.limit = HARD_LIMIT;
                self.board.connecting();
                return Next::Now;
            }
            Failure::TooLarge(_) => return self.after(&failure, Patience::long),
            _ => {}
        }
        // Only a connection that was made has read what was in its way.
        if lasted.is_some() {
            self.limit = PACKET_LIMIT;
        }
        match (failure, lasted) {
            (Failure::Closed, Some(lasted)) if self.patience.ended_by_broker(lasted, now_ms) => {
                self.after(&Failure::TakenOver { granted: outcome.granted }, Patience::long)
            }
            (Failure::DiskFull, _) => self.after(&Failure::DiskFull, Patience::full),
            (failure, _) => self.after(&failure, Patience::pause),
        }
    }

    fn after(&mut self, failure: &Failure, pause: fn(&mut Patience, u64) -> Duration) -> Next {
        let reason = self.say(failure);
        self.board.down(reason);
        // Without randomness the pause is the middle one: it only spreads devices.
        Next::After(pause(&mut self.patience, getrandom::u64().unwrap_or(u64::MAX / 2)))
    }

    fn say(&self, failure: &Failure) -> String {
        failure.sentence(&self.options, self.clock.now(), self.floor.get())
    }
}
