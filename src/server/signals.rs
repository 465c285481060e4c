//! SIGTERM and SIGINT end the daemon; SIGHUP reads certificates, the voice and the log level again.

use super::options;
use crate::{
    config::{Config, LogLevel},
    link, logging, voice,
};
use std::{io, path::Path};
use tokio::signal::unix::{SignalKind, signal};
use tracing::level_filters::LevelFilter;

/// Waits until the daemon is asked to end; the name of the signal.
pub(super) async fn wait(
    link: &link::Handle,
    voice: &voice::Handle,
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
            _ = hangup.recv() => reload(link, voice, path, log),
        }
    }
}

fn reload(link: &link::Handle, voice: &voice::Handle, path: &Path, log: &logging::Handle) {
    match Config::load(path) {
        Ok((config, _)) => {
            log.set_level(level(config.log.level));
            tracing::info!("SIGHUP: certificates, voice and log level are read again; other changes need a restart");
            match options::speaker(&config) {
                Ok(speaker) => {
                    if let Err(error) = voice.renew(options::voice(&config), Box::new(speaker)) {
                        tracing::warn!(%error, "SIGHUP: the voice stays as it was");
                    }
                }
                Err(error) => tracing::error!(%error, "SIGHUP: the voice stays as it was"),
            }
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
