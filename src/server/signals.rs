//! SIGTERM and SIGINT end the daemon; SIGHUP reads certificates, operators, the voice and the log level again.

use super::{board::Board, options};
use crate::{
    config::{Config, LogLevel},
    ledger::{Command, Commands},
    link, logging, pin, voice,
};
use std::{io, path::Path, sync::Arc};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// What takes a changed configuration while it runs.
pub(super) struct Renewable<'a> {
    pub(super) link: link::Handle,
    pub(super) voice: voice::Handle,
    pub(super) board: Arc<Board>,
    pub(super) pins: pin::Desk,
    pub(super) commands: Commands,
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
            _ = hangup.recv() => renewable.renew().await,
        }
    }
}

impl Renewable<'_> {
    async fn renew(&self) {
        match Config::load(self.path) {
            Ok((config, _)) => {
                self.log.set_level(level(config.log.level));
                self.board.renew(&config);
                self.pins.renew(config.operators.clone());
                // Refused on a full disk, and taken all the same.
                let _ = self.commands.send(Command::Operators(options::operators(&config))).await;
                self.renew_voice(&config);
                tracing::info!(
                    "SIGHUP: certificates, operators, voice and log level are read again; other changes need a restart"
                );
            }
            Err(problems) => tracing::error!("SIGHUP: the configuration has errors, the old one stays:\n{problems}"),
        }
        self.link.reload();
    }

    fn renew_voice(&self, config: &Config) {
        let renewed = options::speaker(config).map_err(|error| error.to_string()).and_then(|speaker| {
            let renewed = self.voice.renew(options::voice(config), Box::new(speaker));
            renewed.map_err(|error| error.to_string())
        });
        if let Err(error) = renewed {
            tracing::error!(error, "SIGHUP: the voice stays as it was");
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
