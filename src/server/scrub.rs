//! Reads the whole journal once after each start, at leisure: damage in an old segment is found before anybody needs it.

use crate::{
    fs::Fs,
    ledger::{Command, Commands, verify},
};
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::sync::watch;
use vietqr_edge_core::event::Event;

/// Between two segments, so that a small device has time for its work.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) async fn run(commands: Commands, fs: Arc<dyn Fs>, state_dir: PathBuf, stop: watch::Receiver<bool>) {
    let found = tokio::task::spawn_blocking(move || {
        verify::verify_with(&*fs, &state_dir, &mut || {
            std::thread::sleep(PAUSE);
            !*stop.borrow()
        })
    });
    match found.await {
        Ok(Ok(report)) => {
            for place in report.damages {
                // A damage that is in the journal already is not told again.
                if commands.send(Command::Record(Event::JournalDamaged(place.damage))).await.is_err() {
                    return;
                }
            }
        }
        Ok(Err(error)) => tracing::warn!(%error, "the journal could not be verified"),
        Err(_) => {}
    }
}
