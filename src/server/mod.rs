//! The whole daemon, wired.
//!
//! Each actor is built with what it reads and whom it asks, and runs until `stop`. The ledger is started first and ends last: it
//! ends when nobody can ask it any more.

mod board;
pub mod copy;
mod keeper;
mod options;
mod providers;
mod scrub;
mod signals;

pub use signals::level;

use crate::{
    answers,
    clock::{Clock, SystemClock},
    config::Config,
    cursor::Cursors,
    fs::RealFs,
    http, lane,
    ledger::{self, Fatal, Ledger, OpenError, store::SledStore},
    link, logging, memory, pin,
    supervisor::{Health, Notifier, Watchdog},
    tls::{Floor, build_time},
    voice::{Speaker, Voice},
};
use std::{future::Future, io, path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle},
    time::{Instant, timeout_at},
};

/// Commands that may wait for the ledger; more wait at their senders.
const QUEUE: usize = 256;
/// The actors end within 2 s of `stop`, a lane when the refund call in flight has ended; after this the daemon ends without them.
const GOODBYE: Duration = Duration::from_secs(4);
/// So often the supervisor is asked for more time while an actor ends.
const EXTEND_EVERY: Duration = Duration::from_secs(5);
/// So long after the link was tried first the start is over.
const SETTLED: Duration = Duration::from_secs(1);

/// Why the daemon could not run, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The ledger can not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The ledger failed; whoever supervises the daemon should start it again.
    #[error("the daemon must end: {0}")]
    Ledger(#[from] Fatal),
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// What it said.
        source: io::Error,
    },
    /// An actor ended that should not have: a defect of ours.
    #[error("a part of the daemon ended unexpectedly: {0}")]
    Broken(String),
}

fn system(what: &'static str) -> impl FnOnce(io::Error) -> RunError {
    move |source| RunError::System { what, source }
}

/// Runs the daemon until SIGTERM or SIGINT. `path` is read again on SIGHUP.
///
/// # Errors
/// [`RunError`].
pub fn run(config: Config, path: &Path, log: &logging::Handle) -> Result<(), RunError> {
    // A second call finds it installed; every TLS client of ours names the provider anyway.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(system("the runtime"))?;
    runtime.block_on(serve(config, path, log))
}

async fn serve(config: Config, path: &Path, log: &logging::Handle) -> Result<(), RunError> {
    let notifier = Notifier::from_env().unwrap_or_else(|error| {
        tracing::warn!(%error, "the supervisor's socket can not be used: it is told nothing");
        Notifier::default()
    });
    notifier.status("opening the ledger");
    let (clock, fs) = (Arc::new(SystemClock::new()) as Arc<dyn Clock>, Arc::new(RealFs));
    // sled makes its files with the process's own mask.
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let _lock = ledger::lock(&*fs, &config.device.state_dir)?;
    copy::if_grown(&config.device.state_dir).await;
    let store = SledStore::new(fs.clone(), &config.device.state_dir);
    let writer = ledger::open(options::ledger(&config)?, fs.clone(), clock.clone(), &store)?;
    let (ledger, mut running) = ledger::start(writer, QUEUE).map_err(system("the ledger's thread"))?;
    let Ledger { commands, reader } = ledger.clone();
    let (stopping, stop) = watch::channel(false);

    let before = reader.counters();
    let floor = Floor::new(before.clock_floor.map_or(build_time(), |confirmed| confirmed.max(build_time())));
    let first_run = *reader.committed().borrow() == 0;
    keeper::started(&commands, before.stopped || first_run).await;

    let speaker = options::speaker(&config).unwrap_or_else(|error| {
        // Money is heard of, kept and told to the till without a voice too.
        tracing::error!(%error, "nothing is spoken: the clips can not be used");
        Speaker::None
    });
    let (voice, said) = Voice::new(
        options::voice(&config),
        Box::new(speaker),
        Arc::new(reader.clone()),
        commands.clone(),
        clock.clone(),
        stop.clone(),
    );
    let to_link = link::Options::from_config(&config);
    let desk = to_link.desk.clone();
    let (link, linked) = link::spawn(link::Parts {
        options: to_link,
        ever_connected: before.linked,
        commands: commands.clone(),
        clock: clock.clone(),
        floor: floor.clone(),
        stop: stop.clone(),
    });
    let heard = board::link_for_voice(link.state());
    let changes = heard.clone();
    let health = Health::new(clock.clone(), running.at_disk.clone());
    let board = Arc::new(board::Board::new(&config, clock.clone(), &link, said.clone(), floor.clone(), health.clone()));
    let pins = pin::Desk::new(config.operators.clone(), &ledger, clock.clone());
    let api = http::Api::new(ledger, clock.clone(), board.clone(), Arc::new(said.clone()), stop.clone())
        .with_people(pins.clone().into());
    let router = http::router(api, http::Role::Admin);
    let serving = http::listen(&config.api.socket, config.api.socket_mode, router, stop.clone());
    let serving = serving.map_err(system("the socket"))?;
    tracing::info!(socket = %config.api.socket.display(), device = config.device.id, "vietqr-edge {} is running", env!("CARGO_PKG_VERSION"));

    let mut actors = vec![
        linked,
        tokio::spawn(voice.with_link(heard).run()),
        tokio::spawn(serving),
        tokio::spawn(keeper::watch_certificates(board.clone(), stop.clone())),
        tokio::spawn(keeper::keep_time(commands.clone(), clock.clone(), floor.clone(), stop.clone())),
    ];
    let mut patience = GOODBYE;
    for (provider, caller) in providers::lanes(&config, &clock, &floor) {
        patience = patience.max(caller.timeout + GOODBYE);
        let (reader, commands, clock, stop) = (reader.clone(), commands.clone(), clock.clone(), stop.clone());
        actors.push(lane::spawn(lane::Parts { provider, caller, reader, commands, clock, stop }));
    }
    if let Some(desk) = desk {
        let cursors = Cursors::open(fs.clone(), &config.device.state_dir);
        let (outbox, reader, clock, stop) = (link.outbox(), reader.clone(), clock.clone(), stop.clone());
        actors.push(answers::spawn(answers::Parts { desk, outbox, reader, cursors, clock, stop }));
    }
    let scrub = tokio::spawn(scrub::run(commands.clone(), fs, config.device.state_dir.clone(), stop.clone()));
    let line = {
        let (board, reader) = (board.clone(), reader.clone());
        Arc::new(move || board.line(&reader))
    };
    let watchdog = Watchdog {
        notifier: notifier.clone(),
        health,
        commands: commands.clone(),
        link: link.clone(),
        changes,
        line,
        stop,
    };
    actors.push(tokio::spawn(watchdog.run()));
    // The ledger is open, the socket listens, the link is being tried: it is not waited for, there may be no network.
    notifier.ready();

    let mut connected = link.state();
    tokio::spawn(async move {
        let tried = connected.wait_for(|link| !matches!(link.phase, link::Phase::Connecting));
        let _ = tokio::time::timeout(GOODBYE, tried).await;
        tokio::time::sleep(SETTLED).await;
        memory::forget_start();
    });

    let told = commands.clone();
    let renewable = signals::Renewable {
        notifier: notifier.clone(),
        link,
        voice: said,
        board,
        pins,
        commands: told,
        clock,
        floor,
        path,
        log,
    };
    let reason = tokio::select! {
        reason = signals::wait(&renewable) => reason.map_err(system("signals"))?,
        ended = &mut running.ended => return Err(ledger_ended(ended.ok())),
        ended = first_of(&mut actors) => return Err(broken(ended)),
    };
    tracing::info!(reason, "the daemon stops");
    notifier.stopping();
    notifier.status("stopping");
    let _ = stopping.send(true);
    scrub.abort();
    for actor in actors {
        if !ended_within(patience, EXTEND_EVERY, actor, &notifier).await {
            tracing::warn!("a part of the daemon did not stop in time");
        }
    }
    keeper::stopped(&commands, reason).await;
    drop((commands, renewable, reader));
    match tokio::time::timeout(GOODBYE, running.ended).await {
        Ok(Ok(ended)) => ended.map_err(RunError::Ledger),
        // What was answered is durable; what was not will be asked again.
        _ => Ok(()),
    }
}

/// Whether the actor ends in time. A refund call in flight may take longer than the supervisor would wait.
async fn ended_within(patience: Duration, every: Duration, mut actor: JoinHandle<()>, notifier: &Notifier) -> bool {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        let look = until.min(Instant::now() + every);
        if timeout_at(look, &mut actor).await.is_ok() {
            return true;
        }
        notifier.extend(2 * every);
    }
    false
}

fn ledger_ended(ended: Option<Result<(), Fatal>>) -> RunError {
    match ended {
        Some(Err(fatal)) => RunError::Ledger(fatal),
        _ => RunError::Broken("the ledger".into()),
    }
}

fn broken(ended: Result<(), JoinError>) -> RunError {
    RunError::Broken(ended.err().map_or_else(|| "it returned".to_owned(), |error| error.to_string()))
}

/// The first of the actors that ends.
fn first_of(actors: &mut [JoinHandle<()>]) -> impl Future<Output = Result<(), JoinError>> {
    std::future::poll_fn(move |context| {
        for actor in actors.iter_mut() {
            if let std::task::Poll::Ready(ended) = std::pin::Pin::new(actor).poll(context) {
                return std::task::Poll::Ready(ended);
            }
        }
        std::task::Poll::Pending
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn the_supervisor_is_asked_for_time_again_and_again_while_an_actor_ends() {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let notifier = Notifier::to(ours, Duration::from_secs(1));
        let (end, ended) = oneshot::channel();
        let actor = tokio::spawn(async {
            let _: Result<(), _> = ended.await;
        });
        let told = tokio::task::spawn_blocking(move || {
            let next = || {
                let mut buffer = [0; 64];
                let n = theirs.recv(&mut buffer).unwrap();
                String::from_utf8(buffer[..n].to_vec()).unwrap()
            };
            let told = [next(), next()];
            end.send(()).unwrap();
            told
        });
        let (patience, every) = (Duration::from_secs(20), Duration::from_millis(5));
        assert!(ended_within(patience, every, actor, &notifier).await);
        assert_eq!(told.await.unwrap(), ["EXTEND_TIMEOUT_USEC=10000", "EXTEND_TIMEOUT_USEC=10000"]);
    }

    #[tokio::test]
    async fn it_is_not_awaited_for_ever() {
        let actor = tokio::spawn(std::future::pending());
        let (patience, every) = (Duration::from_millis(20), Duration::from_millis(5));
        assert!(!ended_within(patience, every, actor, &Notifier::default()).await);
    }
}
