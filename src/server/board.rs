//! How the actors are, for the HTTP interface and for each other.

use crate::{
    clock::Clock,
    config::{self, Config},
    http::{self, Certificate, Device, LinkState, Snapshot, Speak, SpeakError, Spoken},
    ledger::Running,
    link::{self, Phase},
    tls::Floor,
    voice,
};
use futures_util::future::BoxFuture;
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::watch;
use vietqr_edge_core::{money::Dong, payment::PaymentId, time::Timestamp};

/// The ledger's thread goes round at least every 5 s; a flash card may stall for 30.
const STILL_MS: u64 = 60_000;

/// What the HTTP interface asks about the device.
pub(super) struct Board {
    started_at: Timestamp,
    clock: Arc<dyn Clock>,
    link: watch::Receiver<link::LinkState>,
    voice: voice::Handle,
    floor: Floor,
    certificates: Mutex<Vec<Certificate>>,
    progress: Arc<AtomicU64>,
}

impl Board {
    pub(super) fn new(
        config: &Config,
        clock: Arc<dyn Clock>,
        link: watch::Receiver<link::LinkState>,
        voice: voice::Handle,
        floor: Floor,
        running: &Running,
    ) -> Board {
        let progress = Arc::new(AtomicU64::new(clock.monotonic_ms()));
        let (mut rounds, seen, at) = (running.progress.clone(), progress.clone(), clock.clone());
        tokio::spawn(async move {
            while rounds.changed().await.is_ok() {
                seen.store(at.monotonic_ms(), Ordering::Relaxed);
            }
        });
        let certificates = Mutex::new(expiries(config));
        Board { started_at: clock.now(), clock, link, voice, floor, certificates, progress }
    }

    /// Looks again at when the certificates expire: they may have been renewed.
    pub(super) fn renew(&self, config: &Config) {
        *self.certificates.lock().unwrap_or_else(PoisonError::into_inner) = expiries(config);
    }
}

impl Device for Board {
    fn health(&self) -> Result<(), String> {
        let still = self.clock.monotonic_ms().saturating_sub(self.progress.load(Ordering::Relaxed));
        if still > STILL_MS {
            return Err(format!("the ledger has made no progress for {} s: is the disk stuck?", still / 1000));
        }
        Ok(())
    }

    fn snapshot(&self) -> Snapshot {
        let status = self.voice.status();
        Snapshot {
            started_at: self.started_at,
            link: link_status(&self.link.borrow()),
            voice: http::Voice {
                mode: match status.mode {
                    voice::Mode::Full => "full",
                    voice::Mode::Chime => "chime",
                    voice::Mode::Off => "off",
                }
                .to_owned(),
                speaking: status.speaking.is_some(),
                last_error: status.last_error.map(|error| error.reason),
            },
            clock_floor: Some(self.floor.get()),
            certificates: self.certificates.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

fn expiries(config: &Config) -> Vec<Certificate> {
    let certificates = config::certificates(config).into_iter();
    certificates.map(|(key, not_after)| Certificate { key: key.to_owned(), not_after }).collect()
}

fn link_status(state: &link::LinkState) -> http::Link {
    let (phase, since, reason, tries) = match &state.phase {
        Phase::Up { since, .. } => (LinkState::Up, Some(*since), None, 0),
        Phase::Connecting => (LinkState::Connecting, None, None, 0),
        Phase::Down { since, reason, tries, .. } => (LinkState::Down, Some(*since), Some(reason.clone()), *tries),
        Phase::Stopped => (LinkState::Down, None, Some("the daemon stops".to_owned()), 0),
    };
    http::Link {
        state: phase,
        broker: state.broker.clone(),
        since,
        reason,
        tries: u64::from(tries),
        last_message: state.last_message,
    }
}

/// The link as the voice wants it: up or not, and since when.
pub(super) fn link_for_voice(mut link: watch::Receiver<link::LinkState>) -> watch::Receiver<voice::Link> {
    let of = |state: &link::LinkState| match state.phase {
        Phase::Up { since_ms, .. } => Some(voice::Link { up: true, since_ms }),
        Phase::Down { since_ms, .. } => Some(voice::Link { up: false, since_ms }),
        Phase::Connecting | Phase::Stopped => None,
    };
    // Until the first try has ended nothing is known, so nothing is to be said.
    let (tell, told) = watch::channel(voice::Link { up: true, since_ms: 0 });
    tokio::spawn(async move {
        loop {
            let now = of(&link.borrow_and_update());
            if let Some(now) = now {
                tell.send_if_modified(|last| std::mem::replace(last, now) != now);
            }
            if link.changed().await.is_err() {
                return;
            }
        }
    });
    told
}

impl Speak for voice::Handle {
    fn replay(&self, payment: Option<PaymentId>) -> BoxFuture<'_, Result<Spoken, SpeakError>> {
        Box::pin(async move { voice::Handle::replay(self, payment).await.map(spoken).map_err(unspoken) })
    }

    fn test(&self, amount: Dong) -> BoxFuture<'_, Result<Spoken, SpeakError>> {
        Box::pin(async move { voice::Handle::test(self, amount).await.map(spoken).map_err(unspoken) })
    }
}

fn spoken(said: voice::Said) -> Spoken {
    Spoken { sentence: said.sentence, payment: said.payment }
}

fn unspoken(error: voice::RequestError) -> SpeakError {
    use voice::RequestError as E;
    match error {
        E::Busy => SpeakError::Busy,
        E::Off | E::ChimeOnly => SpeakError::Off,
        E::NoSpeaker => SpeakError::NoSpeaker,
        E::QuietHours => SpeakError::QuietHours,
        E::NotIncome(payment) => SpeakError::NoSuchPayment(payment),
        E::NothingYet => SpeakError::NothingYet,
        E::Refused(refused) => SpeakError::NotDurable(refused.to_string()),
        E::Unreadable(why) | E::Failed(why) => SpeakError::Failed(why),
        E::Stopped => SpeakError::Stopping,
    }
}
