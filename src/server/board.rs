//! How the actors are, for the HTTP interface and for each other.

use crate::{
    clock::Clock,
    config::{self, Config},
    http::{self, Certificate, Device, Expiry, LinkState, Snapshot, Speak, SpeakError, Spoken},
    ledger::Reader,
    link::{self, Phase},
    supervisor::{self, Health, expiry::BROKER},
    tls::{Floor, PeerEnd},
    voice,
};
use futures_util::future::BoxFuture;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};
use vietqr_edge_core::{money::Dong, payment::PaymentId, time::Timestamp};

/// What the HTTP interface asks about the device.
pub(super) struct Board {
    started_at: Timestamp,
    clock: Arc<dyn Clock>,
    link: watch::Receiver<link::LinkState>,
    voice: voice::Handle,
    floor: Floor,
    health: Health,
    certificates: Mutex<Vec<Certificate>>,
    /// When the broker's certificate expires, as it showed it.
    broker: PeerEnd,
    renewed: Notify,
}

impl Board {
    pub(super) fn new(
        config: &Config,
        clock: Arc<dyn Clock>,
        link: &link::Handle,
        voice: voice::Handle,
        floor: Floor,
        health: Health,
    ) -> Board {
        let (started_at, now) = (clock.now(), clock.now().max(floor.get()));
        Board {
            started_at,
            clock,
            link: link.state(),
            voice,
            floor,
            health,
            certificates: Mutex::new(expiries(config, now)),
            broker: link.broker_certificate(),
            renewed: Notify::new(),
        }
    }

    /// Looks again at when the certificates expire: they may have been renewed. Blocks for the files.
    pub(super) fn renew(&self, config: &Config) {
        let renewed = expiries(config, self.certified_at());
        *self.certificates.lock().unwrap_or_else(PoisonError::into_inner) = renewed;
        self.renewed.notify_one();
    }

    /// Waits until certificates may have been renewed.
    pub(super) async fn renewed(&self) {
        self.renewed.notified().await;
    }

    /// The time that certificates are checked at.
    pub(super) fn certified_at(&self) -> Timestamp {
        self.clock.now().max(self.floor.get())
    }

    /// The certificates in use, the broker's own included.
    pub(super) fn certificates(&self) -> Vec<Certificate> {
        let broker = self.broker.get().map(|not_after| Certificate { key: BROKER.to_owned(), not_after });
        let ours = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
        ours.iter().cloned().chain(broker).collect()
    }

    /// How the device is, in one line.
    pub(super) fn line(&self, reader: &Reader) -> String {
        let (now, at) = (self.clock.now(), self.certified_at());
        let certificates: Vec<Expiry> = self.certificates().into_iter().map(|held| held.expiry(at)).collect();
        let (link, disk) = (link_status(&self.link.borrow()), http::Space::from(reader.disk()));
        supervisor::line(&link, &disk, self.health.stalled_s(), now < self.floor.get(), &certificates)
    }
}

impl Device for Board {
    fn health(&self) -> Result<(), String> {
        self.health.judge()
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
            certificates: self.certificates(),
        }
    }
}

fn expiries(config: &Config, now: Timestamp) -> Vec<Certificate> {
    let certificates = config::certificates(config, now).into_iter();
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
