//! A real ledger behind the real socket, with a device and a speaker that a test owns.

use super::{TestClock, notice, options};
use futures_util::future::{BoxFuture, FutureExt, ready};
use reqwest::{Method, RequestBuilder};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use vietqr_edge::{
    clock::Clock,
    config::{self, Operator},
    fs::{Fs, RealFs},
    http::{self, Api, Certificate, Device, Link, LinkState, Role, Snapshot, Speak, SpeakError, Spoken, Voice},
    ledger::{self, Answer, Command, Ledger, store::SledStore},
    pin::{Desk, PinHash},
};
use vietqr_edge_core::{
    event::{Event, Kind, LinkDown},
    money::Dong,
    payment::PaymentId,
    time::Timestamp,
};

/// Nothing in a test takes longer.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What the fake device and speaker answer.
#[derive(Default)]
pub struct Fake {
    pub ill: Mutex<Option<String>>,
    pub refusal: Mutex<Option<SpeakError>>,
    pub asked: Mutex<Vec<String>>,
}

impl Device for Fake {
    fn health(&self) -> Result<(), String> {
        self.ill.lock().unwrap().clone().map_or(Ok(()), Err)
    }

    fn snapshot(&self) -> Snapshot {
        let since = Some(Timestamp::from_millis(super::MORNING - 60_000));
        let (broker, reason) =
            ("mqtt.example.vn:8883".to_owned(), Some("the broker refused the connection".to_owned()));
        let link = Link { state: LinkState::Down, broker, since, reason, tries: 3, last_message: since };
        let not_after = Timestamp::from_millis(super::MORNING + 20 * 86_400_000 + 1);
        Snapshot {
            started_at: Timestamp::from_millis(super::MORNING - 3_600_000),
            link,
            voice: Voice { mode: "full".into(), speaking: false, last_error: None },
            clock_floor: since,
            certificates: vec![Certificate { key: "mqtt.client_cert_file".into(), not_after }],
        }
    }
}

impl Fake {
    fn answer(&self, asked: String, spoken: Spoken) -> BoxFuture<'_, Result<Spoken, SpeakError>> {
        self.asked.lock().unwrap().push(asked);
        let refusal = self.refusal.lock().unwrap().clone();
        ready(refusal.map_or(Ok(spoken), Err)).boxed()
    }
}

impl Speak for Fake {
    fn replay(&self, payment: Option<PaymentId>) -> BoxFuture<'_, Result<Spoken, SpeakError>> {
        let spoken = Spoken { sentence: "Nhắc lại, đã nhận hai mươi lăm nghìn đồng".into(), payment };
        self.answer(format!("replay {payment:?}"), spoken)
    }

    fn test(&self, amount: Dong) -> BoxFuture<'_, Result<Spoken, SpeakError>> {
        let spoken = Spoken { sentence: format!("Đây là giao dịch thử, {amount} đồng"), payment: None };
        self.answer(format!("test {}", amount.0), spoken)
    }
}

/// A served ledger. Dropped, its folder is removed.
pub struct Served {
    pub socket: PathBuf,
    pub ledger: Ledger,
    pub fake: Arc<Fake>,
    pub clock: Arc<TestClock>,
    pub stop: watch::Sender<bool>,
    pub serving: JoinHandle<()>,
    client: reqwest::Client,
    pub folder: TempDir,
}

impl Served {
    pub fn new() -> Served {
        Served::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut ledger::Options)) -> Served {
        let folder = tempfile::tempdir().unwrap();
        let fs: Arc<dyn Fs> = Arc::new(RealFs);
        let clock = TestClock::new();
        let state_dir = folder.path().join("state");
        let mut options = options(&state_dir);
        change(&mut options);
        let store = SledStore::new(Arc::clone(&fs), &state_dir);
        let writer = ledger::open(options, fs, Arc::clone(&clock) as Arc<dyn Clock>, &store).unwrap();
        let (ledger, _running) = ledger::start(writer, 256).unwrap();
        let fake = Arc::new(Fake::default());
        let socket = folder.path().join("agent.sock");
        let (stop, serving) = serve(&ledger, &clock, &fake, &socket);
        let client = client(&socket);
        Served { socket, ledger, fake, clock, stop, serving, client, folder }
    }

    /// Stops to serve, and begins again.
    pub async fn restart(&mut self) {
        self.stop.send(true).unwrap();
        tokio::time::timeout(DEADLINE, &mut self.serving).await.unwrap().unwrap();
        (self.stop, self.serving) = serve(&self.ledger, &self.clock, &self.fake, &self.socket);
    }

    /// Books this many payments of 25.000 đ, one line each.
    pub async fn book(&self, from: u64, to: u64) -> Vec<PaymentId> {
        let mut ids = Vec::new();
        for n in from..=to {
            match self.ledger.commands.send(notice(&format!("FT{n:05}"), 25_000)).await.unwrap() {
                Answer::Booked(id) | Answer::Repeat(id) => ids.push(id),
                other => panic!("{other:?}"),
            }
        }
        ids
    }

    /// Books many at once, so that they share lines.
    pub async fn book_together(&self, from: u64, to: u64) {
        let sends = (from..=to).map(|n| self.ledger.commands.send(notice(&format!("FT{n:05}"), 25_000)));
        for answer in futures_util::future::join_all(sends).await {
            assert!(matches!(answer, Ok(Answer::Booked(_))), "{answer:?}");
        }
    }

    /// Says a payment, half a second long.
    pub async fn say(&self, payment: PaymentId) {
        let sentence = "Đã nhận hai mươi lăm nghìn đồng".to_owned();
        let start = Command::AnnounceStart { payments: vec![payment], kind: Kind::Fresh, sentence };
        let Ok(Answer::Recorded(started)) = self.ledger.commands.send(start).await else { panic!("not due") };
        self.clock.forward(500);
        self.ledger.commands.send(Command::AnnounceFinish { started, took_ms: 500 }).await.unwrap();
    }

    /// Writes an event that says nothing about money.
    pub async fn record(&self) -> u64 {
        let down = LinkDown { broker: "mqtt.example.vn:8883".into(), reason: "a test".into() };
        match self.ledger.commands.send(Command::Record(Event::LinkDown(down))).await.unwrap() {
            Answer::Recorded(seq) => seq,
            other => panic!("{other:?}"),
        }
    }

    /// The number of the last event.
    pub fn last(&self) -> u64 {
        *self.ledger.reader.committed().borrow()
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://localhost{path}"))
    }

    /// Status, content type and body.
    pub async fn get(&self, path: &str) -> (u16, String, Value) {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> (u16, String, Value) {
        answer(self.request(Method::POST, path).json(body)).await
    }
}

fn serve(
    ledger: &Ledger,
    clock: &Arc<TestClock>,
    fake: &Arc<Fake>,
    socket: &Path,
) -> (watch::Sender<bool>, JoinHandle<()>) {
    let (stop, stopped) = watch::channel(false);
    let api = Api::new(ledger.clone(), clock.clone(), fake.clone(), fake.clone(), stopped.clone());
    let bound = http::bind(socket, 0o600).unwrap();
    (stop, tokio::spawn(http::serve(bound, http::router(api, Role::Admin), stopped)))
}

impl Served {
    /// A second socket, for callers of this role; among these people, as the caller of this name.
    pub fn also_for(&self, role: Role, desk: Option<&Desk>, caller: &str) -> reqwest::Client {
        let socket = self.folder.path().join(format!("{role:?}{}{caller}.sock", desk.is_some()));
        let stopped = self.stop.subscribe();
        let fake = self.fake.clone();
        let api = Api::new(self.ledger.clone(), self.clock.clone(), fake.clone(), fake, stopped.clone());
        let api = api.with_people(desk.cloned().map(Into::into).unwrap_or_default());
        let bound = http::bind(&socket, 0o600).unwrap();
        let router = http::router(api, role).layer(axum::Extension(http::Caller::token(caller)));
        tokio::spawn(http::serve(bound, router, stopped));
        client(&socket)
    }

    /// A desk that checks PINs for these people.
    pub fn desk(&self, people: Vec<Operator>) -> Desk {
        Desk::new(people, &self.ledger, self.clock.clone())
    }
}

/// An operator with this PIN.
pub fn operator(name: &str, role: config::Role, pin: &str) -> Operator {
    Operator { name: name.into(), role, pin_hash: PinHash::new(pin, [7; 16]) }
}

/// A client of the socket.
pub fn client(socket: &Path) -> reqwest::Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let builder = reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(DEADLINE);
    builder.unix_socket(socket).build().unwrap()
}

/// Status, content type and body; text that is not JSON comes as a string.
pub async fn answer(request: RequestBuilder) -> (u16, String, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, kind.unwrap_or_default(), body)
}
