//! When the supervisor's watchdog is fed, with a real ledger and a real link, a disk that stalls, and a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{
    any::Any,
    io,
    os::unix::net::UnixDatagram,
    path::Path,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use support::{TestClock, memory, notice, options, simfs::SimFs};
use tokio::sync::watch;
use vietqr_edge::{
    clock::Clock,
    fs::{Entry, File, Free, Fs, ReadAt},
    ledger::{self, Answer, Commands},
    link::{self, Options, Timing, Transport},
    supervisor::{Health, Notifier, Watchdog},
    tls::Floor,
    voice,
};
use vietqr_edge_core::time::Timestamp;

const LIMIT: Duration = Duration::from_secs(20);

/// Who comes here waits while it is shut.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, usize)>, Condvar)>);

impl Gate {
    fn shut(&self, shut: bool) {
        self.0.0.lock().unwrap().0 = shut;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mut state = self.0.0.lock().unwrap();
        state.1 += 1;
        let mut state = self.0.1.wait_while(state, |state| state.0).unwrap();
        state.1 -= 1;
    }

    /// Waits until somebody waits here.
    fn taken(&self) {
        let until = Instant::now() + LIMIT;
        while self.0.0.lock().unwrap().1 == 0 {
            assert!(Instant::now() < until, "nobody came");
            thread::yield_now();
        }
    }
}

/// A flash card whose syncs wait at a gate.
#[derive(Clone)]
struct Flash {
    disk: SimFs,
    gate: Gate,
}

struct FlashFile(Box<dyn File>, Gate);

impl File for FlashFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }
}

impl Fs for Flash {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        self.disk.list(dir)
    }
    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>> {
        Ok(Box::new(FlashFile(self.disk.append(path, create)?, self.gate.clone())))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(FlashFile(self.disk.create(path)?, self.gate.clone())))
    }
    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        self.disk.read(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }
    fn free(&self, dir: &Path) -> io::Result<Free> {
        self.disk.free(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send>> {
        self.disk.lock(path)
    }
}

/// A clock that holds the ledger's thread up, as a lock that is never given back would: outside every call to the disk.
struct Sticky {
    clock: Arc<TestClock>,
    gate: Gate,
    stuck: AtomicBool,
}

impl Clock for Sticky {
    fn now(&self) -> Timestamp {
        if self.stuck.load(Ordering::Relaxed) && thread::current().name() == Some("ledger") {
            self.gate.pass();
        }
        self.clock.now()
    }
    fn monotonic_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }
}

struct Rig {
    clock: Arc<TestClock>,
    sticky: Arc<Sticky>,
    card: Gate,
    health: Health,
    commands: Commands,
    supervisor: UnixDatagram,
    stop_link: watch::Sender<bool>,
    _stop: watch::Sender<bool>,
}

impl Rig {
    /// The ledger, a link without a network, and the watchdog, which looks all the time.
    fn start() -> Rig {
        let (clock, card) = (TestClock::new(), Gate::default());
        let stuck = AtomicBool::new(false);
        let sticky = Arc::new(Sticky { clock: clock.clone(), gate: Gate::default(), stuck });
        let fs: Arc<dyn Fs> = Arc::new(Flash { disk: SimFs::default(), gate: card.clone() });
        let writer = ledger::open(options(Path::new("/state")), fs, sticky.clone(), &memory().1).unwrap();
        let (ledger, running) = ledger::start(writer, 16).unwrap();
        let (stop, stopped) = watch::channel(false);
        let (stop_link, link_stopped) = watch::channel(false);
        let (link, _) = link::spawn(link::Parts {
            options: nowhere(),
            ever_connected: false,
            commands: ledger.commands.clone(),
            clock: clock.clone(),
            floor: Floor::default(),
            stop: link_stopped,
        });
        let health = Health::new(clock.clone(), running.at_disk.clone());
        let (ours, supervisor) = UnixDatagram::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        supervisor.set_nonblocking(true).unwrap();
        let told = health.clone();
        let watchdog = Watchdog {
            notifier: Notifier::to(ours, Duration::from_millis(8)),
            health: health.clone(),
            commands: ledger.commands.clone(),
            link,
            changes: watch::channel(voice::Link { up: true, since_ms: 0 }).1,
            line: Arc::new(move || format!("{:?} {:?}", told.judge(), told.stalled_s())),
            stop: stopped,
        };
        tokio::spawn(watchdog.run());
        Rig { clock, sticky, card, health, commands: ledger.commands, supervisor, stop_link, _stop: stop }
    }

    /// What the supervisor was told next; `None` where nothing waits.
    fn told(&self) -> Option<String> {
        let mut buffer = [0; 1024];
        let n = self.supervisor.recv(&mut buffer).ok()?;
        Some(String::from_utf8(buffer[..n].to_vec()).unwrap())
    }

    /// Waits until the watchdog is fed as things are now.
    async fn fed(&self, when: &str) {
        while self.told().is_some() {}
        let until = Instant::now() + LIMIT;
        while self.told().as_deref() != Some("WATCHDOG=1") {
            assert!(Instant::now() < until, "not fed {when}: {:?}", self.health.judge());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Waits until it is told that things are bad, and sees that it is fed no more.
    async fn starved(&self, why: &str) {
        let until = Instant::now() + LIMIT;
        loop {
            match self.told() {
                Some(told) if told.starts_with("STATUS=") && told.contains(why) => break,
                Some(_) => {}
                None => tokio::time::sleep(Duration::from_millis(1)).await,
            }
            assert!(Instant::now() < until, "never told: {why}; {:?}", self.health.judge());
        }
        // Some dozens of looks.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(self.told(), None);
    }
}

/// For a broker that is not there.
fn nowhere() -> Options {
    Options {
        host: "127.0.0.1".into(),
        port: 1,
        transport: Transport::Plain,
        username: None,
        password: None,
        client_id: "quay-1".into(),
        clean_session: false,
        keep_alive_s: 20,
        topics: Vec::new(),
        desk: None,
        timing: Timing::default(),
    }
}

#[tokio::test]
async fn a_flash_card_that_stalls_for_30_s_is_not_a_reason_to_be_killed() {
    let rig = Rig::start();
    rig.fed("at the start, without a network").await;
    rig.card.shut(true);
    let commands = rig.commands.clone();
    let booked = tokio::spawn(async move { commands.send(notice("FT1", 25_000)).await });
    tokio::task::yield_now().await;
    tokio::task::spawn_blocking({
        let card = rig.card.clone();
        move || card.taken()
    })
    .await
    .unwrap();
    for s in 1..=30 {
        rig.clock.forward(1_000);
        rig.fed(&format!("after {s} s")).await;
    }
    assert_eq!(rig.health.stalled_s(), Some(30));
    // Longer than our own code may take, and still the disk's fault.
    rig.clock.forward(250_000);
    rig.fed("after 280 s").await;
    rig.card.shut(false);
    assert!(matches!(booked.await.unwrap(), Ok(Answer::Booked(_))));
    rig.fed("when it is over").await;
    assert_eq!((rig.health.judge(), rig.health.stalled_s()), (Ok(()), None));
}

#[tokio::test]
async fn a_disk_that_does_not_answer_for_five_minutes_is_one() {
    let rig = Rig::start();
    rig.fed("at the start").await;
    rig.card.shut(true);
    let commands = rig.commands.clone();
    tokio::spawn(async move { commands.send(notice("FT1", 25_000)).await });
    tokio::task::yield_now().await;
    let card = rig.card.clone();
    tokio::task::spawn_blocking(move || card.taken()).await.unwrap();
    rig.fed("while the card stalls, so that an answer is owed").await;
    rig.fed("and again").await;
    rig.clock.forward(300_001);
    rig.starved("the ledger has waited for the disk for 300 s").await;
    rig.card.shut(false);
    rig.fed("when the disk answers again").await;
}

#[tokio::test]
async fn a_ledger_that_is_stuck_in_our_own_code_starves_the_watchdog_within_a_minute() {
    let rig = Rig::start();
    rig.fed("at the start").await;
    rig.sticky.gate.shut(true);
    rig.sticky.stuck.store(true, Ordering::Relaxed);
    let commands = rig.commands.clone();
    tokio::spawn(async move { commands.send(notice("FT1", 25_000)).await });
    tokio::task::yield_now().await;
    let gate = rig.sticky.gate.clone();
    tokio::task::spawn_blocking(move || gate.taken()).await.unwrap();
    rig.fed("while an answer is owed").await;
    rig.fed("and again").await;
    rig.clock.forward(60_000);
    rig.fed("after 60 s").await;
    rig.clock.forward(1_000);
    rig.starved("the ledger has made no progress for 61 s, and not for the disk").await;
    rig.sticky.gate.shut(false);
    rig.fed("when it goes on").await;
}

#[tokio::test]
async fn no_network_is_not_a_reason_however_long() {
    let rig = Rig::start();
    for hour in 0..48 {
        rig.fed(&format!("after {hour} h")).await;
        rig.clock.forward(3_600_000);
    }
}

#[tokio::test]
async fn a_link_whose_loop_goes_round_no_more_starves_the_watchdog_within_a_minute() {
    let rig = Rig::start();
    rig.fed("at the start").await;
    rig.stop_link.send_replace(true);
    rig.fed("while an answer is owed").await;
    rig.clock.forward(61_000);
    rig.starved("the link has made no progress for 61 s").await;
}
