//! SIGTERM and SIGINT end the daemon; SIGHUP reads certificates and the log level again.

use super::board::Board;
use crate::{
    config::{Config, LogLevel},
    link, logging,
};
use std::{io, path::Path};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// Waits until the daemon is asked to end; the name of the signal.
pub(super) async fn wait(
    link: &link::Handle,
    board: &Board,
    path: &Path,
    log: &logging::Handle,
) -> io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok("SIGTERM"),
            _ = interrupt.recv() => return Ok("SIGINT"),
            _ = hangup.recv() => reload(link, board, path, log),
        }
    }
}

fn reload(link: &link::Handle, board: &Board, path: &Path, log: &logging::Handle) {
    match Config::load(path) {
        Ok((config, _)) => {
            log.set_level(level(config.log.level));
            board.renew(&config);
            tracing::info!("SIGHUP: log level and certificates are read again; other changes need a restart");
        }
        Err(problems) => tracing::error!("SIGHUP: the configuration has errors, the old one stays:\n{problems}"),
    }
    link.reload();
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
