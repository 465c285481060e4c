//! Small records that no actor owns: the device's start and end, and the time as it is confirmed.

use super::board::Board;
use crate::{
    clock::Clock,
    ledger::{Command, Commands},
    supervisor::{Expiries, expiry::Warning},
    tls::{Floor, kernel_synchronised},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;
use vietqr_edge_core::event::{ClockCorrected, DeviceStarted, DeviceStopped, Event, Note};

/// How often the kernel is asked whether its clock is right.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often a confirmed time is written down.
const WRITE_EVERY_MS: i64 = 6 * 3600 * 1000;
/// How often it is looked whether a certificate expires.
const CERTIFICATES_EVERY: Duration = Duration::from_secs(3600);

pub(super) async fn started(commands: &Commands, clean: bool) {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    record(commands, Command::Record(Event::DeviceStarted(DeviceStarted { version, clean }))).await;
}

pub(super) async fn stopped(commands: &Commands, reason: &str) {
    record(commands, Command::Record(Event::DeviceStopped(DeviceStopped { reason: reason.to_owned() }))).await;
}

/// Raises the floor of certificate checks while the kernel says that its clock is synchronised (NTP).
pub(super) async fn keep_time(
    commands: Commands,
    clock: Arc<dyn Clock>,
    floor: Floor,
    mut stop: watch::Receiver<bool>,
) {
    let mut written = None;
    loop {
        if kernel_synchronised() {
            let now = clock.now();
            if let Some((from, to)) = floor.confirm(now) {
                tracing::warn!(%from, %to, "the clock was ahead; the confirmed time is taken");
                record(&commands, Command::Record(Event::ClockCorrected(ClockCorrected { from, to }))).await;
                written = Some(now);
            } else if written.is_none_or(|last| now.millis() - last.millis() >= WRITE_EVERY_MS) {
                record(&commands, Command::Note(Note::ClockConfirmed { at: now, by: "ntp".into() })).await;
                written = Some(now);
            }
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// Says which certificates expire, each as rarely as [`Expiries`] has it.
pub(super) async fn watch_certificates(board: Arc<Board>, mut stop: watch::Receiver<bool>) {
    let mut said = Expiries::default();
    loop {
        said.due(&board.certificates(), board.certified_at()).iter().for_each(Warning::log);
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = board.renewed() => {}
            () = tokio::time::sleep(CERTIFICATES_EVERY) => {}
        }
    }
}

async fn record(commands: &Commands, command: Command) {
    if let Err(error) = commands.send(command).await {
        tracing::warn!(%error, "a record of the device's own could not be written");
    }
}
