//! SIGTERM and SIGINT end the daemon; SIGHUP reads certificates, operators, the voice and the log level again.

use super::{board::Board, options};
use crate::{
    clock::Clock,
    config::{Config, LogLevel, Problems},
    ledger::{Command, Commands},
    link, logging, pin,
    supervisor::Notifier,
    tls::Floor,
    voice::{self, Speaker, clips::PackError},
};
use std::{io, path::Path, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// What takes a changed configuration while it runs.
pub(super) struct Renewable<'a> {
    pub(super) notifier: Notifier,
    pub(super) link: link::Handle,
    pub(super) voice: voice::Handle,
    pub(super) board: Arc<Board>,
    pub(super) pins: pin::Desk,
    pub(super) commands: Commands,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) floor: Floor,
    pub(super) path: &'a Path,
    pub(super) log: &'a logging::Handle,
}

/// Waits until the daemon is asked to end; the name of the signal.
pub(super) async fn wait(renewable: &Renewable<'_>) -> io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok("SIGTERM"),
            _ = interrupt.recv() => return Ok("SIGINT"),
            _ = hangup.recv() => tokio::select! {
                // What is read may lie on a card that stalls, and what is asked of the ledger may wait for it.
                _ = terminate.recv() => return Ok("SIGTERM"),
                _ = interrupt.recv() => return Ok("SIGINT"),
                () = renewable.renew() => {}
            },
        }
    }
}

impl Renewable<'_> {
    async fn renew(&self) {
        self.notifier.reloading();
        // Files, on a card that may stall.
        let path = self.path.to_owned();
        let read = tokio::task::spawn_blocking(move || {
            let config = Config::load(&path)?.0;
            let speaker = options::speaker(&config);
            Ok::<_, Problems>((config, speaker))
        });
        match read.await {
            Ok(Ok((config, speaker))) => self.take(config, speaker).await,
            Ok(Err(problems)) => {
                tracing::error!("SIGHUP: the configuration has errors, the old one stays:\n{problems}");
            }
            Err(error) => tracing::error!(%error, "SIGHUP: the configuration could not be read, the old one stays"),
        }
        // Whoever sends SIGHUP does not want to wait for the next try.
        self.link.hurry();
        self.notifier.ready();
    }

    async fn take(&self, config: Config, speaker: Result<Speaker, PackError>) {
        self.log.set_level(level(config.log.level));
        self.pins.renew(config.operators.clone());
        // Refused on a full disk, and taken all the same.
        let _ = self.commands.send(Command::Operators(options::operators(&config))).await;
        if let Err(error) = speaker.map_err(|error| error.to_string()).and_then(|speaker| {
            let renewed = self.voice.renew(options::voice(&config), Box::new(speaker));
            renewed.map_err(|error| error.to_string())
        }) {
            tracing::error!(error, "SIGHUP: the voice stays as it was");
        }
        self.renew_link(config).await;
        tracing::info!(
            "SIGHUP: certificates, operators, voice and log level are read again; other changes need a restart"
        );
    }

    /// New certificates are looked at before anything is given up for them.
    async fn renew_link(&self, config: Config) {
        let (board, link) = (self.board.clone(), self.link.clone());
        let (clock, floor) = (self.clock.clone(), self.floor.clone());
        let read = tokio::task::spawn_blocking(move || {
            board.renew(&config);
            let login = link.read_login(&link::Options::from_config(&config), &clock, &floor);
            login.map(|login| link.renew(login))
        });
        if let Ok(Err(error)) = read.await {
            tracing::error!("SIGHUP: the link keeps the certificates that it has: {error}");
        }
    }
}

/// `[log] level`, for the logger.
pub fn level(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
