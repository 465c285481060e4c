//! A ledger and a lane on one side, VietQR's sandbox on the other, real TLS between them.

use serde_json::json;
use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use vietqr_edge::{
    clock::{Clock, SystemClock},
    config::HttpUrl,
    fs::{Fs, RealFs},
    lane::{self, Caller},
    ledger::{
        self, Answer, Command, Incoming, Ledger, ProviderRules, RefundAnswer, RefundRules, Refused, Rules,
        store::SledStore,
    },
    tls::{Floor, TlsOptions},
};
use vietqr_edge_core::{
    payment::Source,
    provider::vietqr::VietQr,
    refund::{Ask, Door, Input, Limits, Person, Refund, RefundId, State, Verdict},
};
use vietqr_edge_sandbox::{
    certs::Certs,
    vietqr::http::{HttpOptions, Payment, VietQrHttp},
};

/// Nothing in a test takes longer.
pub const DEADLINE: Duration = Duration::from_secs(60);
pub const ACCOUNT: &str = "1234567890";

pub struct Shop {
    pub folder: TempDir,
    certs: Certs,
    pub cloud: Option<VietQrHttp>,
    base_url: HttpUrl,
    port: u16,
    pub run: Option<Run>,
    pub timeout: Duration,
}

/// A ledger with its lane, as one start of the daemon has it.
pub struct Run {
    pub ledger: Ledger,
    pub stop: watch::Sender<bool>,
    pub lane: JoinHandle<()>,
    ended: ledger::Running,
}

impl Shop {
    pub async fn open() -> Shop {
        let folder = TempDir::new().unwrap();
        let certs = Certs::open_or_create(&folder.path().join("certs"), &[]).unwrap();
        let cloud = VietQrHttp::start(HttpOptions::new(&certs)).await.unwrap();
        cloud.set(|settings| {
            settings.refund_window = Duration::ZERO;
            settings.execute_late = Duration::from_millis(500);
            settings.answer_late = Duration::from_secs(3);
            settings.drip = Duration::from_millis(200);
        });
        let (base_url, port) = (HttpUrl::parse_base(&cloud.base_url()).unwrap(), cloud.addr().port());
        let timeout = Duration::from_secs(2);
        let mut shop = Shop { folder, certs, cloud: Some(cloud), base_url, port, run: None, timeout };
        shop.start();
        shop
    }

    pub fn cloud(&self) -> &VietQrHttp {
        self.cloud.as_ref().unwrap()
    }

    pub fn ledger(&self) -> &Ledger {
        &self.run.as_ref().unwrap().ledger
    }

    /// Starts the device.
    pub fn start(&mut self) {
        let state_dir = self.folder.path().join("state");
        let (fs, clock): (Arc<dyn Fs>, Arc<dyn Clock>) = (Arc::new(RealFs), Arc::new(SystemClock::new()));
        let store = SledStore::new(Arc::clone(&fs), &state_dir);
        let writer = ledger::open(options(&state_dir), fs, clock.clone(), &store).unwrap();
        let (ledger, ended) = ledger::start(writer, 256).unwrap();
        let (stop, stopped) = watch::channel(false);
        let lane = lane::spawn(lane::Parts {
            provider: Box::new(VietQr::new("customer-demo-user01".into(), "pw_demo".into(), "sk_demo_1".into())),
            caller: Caller {
                base_url: self.base_url.clone(),
                tls: TlsOptions { ca_file: Some(self.certs.ca.clone()), client: None },
                clock: clock.clone(),
                floor: Floor::default(),
                timeout: self.timeout,
            },
            reader: ledger.reader.clone(),
            commands: ledger.commands.clone(),
            clock,
            stop: stopped,
        });
        self.run = Some(Run { ledger, stop, lane, ended });
    }

    /// Ends the device in order.
    pub async fn end(&mut self) {
        let Run { ledger, stop, lane, ended } = self.run.take().unwrap();
        stop.send(true).unwrap();
        tokio::time::timeout(DEADLINE, lane).await.unwrap().unwrap();
        drop(ledger);
        ended.ended.await.unwrap().unwrap();
    }

    /// VietQR is not reachable any more.
    pub async fn cloud_away(&mut self) -> vietqr_edge_sandbox::vietqr::http::Bank {
        let cloud = self.cloud.take().unwrap();
        let bank = cloud.bank();
        cloud.stop().await;
        bank
    }

    /// VietQR is there again, at the same address, with the same bank.
    pub async fn cloud_back(&mut self, bank: vietqr_edge_sandbox::vietqr::http::Bank) {
        let options = HttpOptions { port: self.port, bank, ..HttpOptions::new(&self.certs) };
        self.cloud = Some(VietQrHttp::start(options).await.unwrap());
    }

    /// A payment that the bank has and that this device heard of.
    pub async fn pay(&self, reference: &str, amount: u64) {
        self.pay_elsewhere(reference, amount);
        let body = json!({"bankAccount": ACCOUNT, "amount": amount, "transType": "C", "referenceNumber": reference,
            "content": "thanh toan", "status": 1});
        let incoming = Incoming {
            topic: "vietqr/bdsd/VVB123456".into(),
            terminal: "VVB123456".into(),
            source: Source::Bdsd,
            body: body.to_string().into_bytes(),
            received_at: SystemClock::new().now(),
            redelivered: false,
            retained: false,
        };
        let booked = self.ledger().commands.send(Command::Receive(incoming)).await.unwrap();
        assert!(matches!(booked, Answer::Booked(_)), "{booked:?}");
    }

    /// A payment that only the bank has.
    pub fn pay_elsewhere(&self, reference: &str, amount: u64) {
        self.cloud().bank().pay(Payment {
            account: ACCOUNT.into(),
            reference: reference.into(),
            amount,
            order: String::new(),
            content: "thanh toan".into(),
            terminal: "VVB123456".into(),
            paid_at: chrono::Utc::now(),
            refunded: 0,
            refunds: 0,
            multi_times: None,
        });
    }

    pub async fn ask(&self, request_id: &str, reference: &str, amount: u64) -> Result<RefundAnswer, Refused> {
        let body = json!({"request_id": request_id, "provider": "vietqr", "bank_account": ACCOUNT,
            "reference_number": reference, "amount": amount, "reason": "khách trả hàng", "operator": "lan",
            "multi_times": true});
        let ask = Box::new(Ask::from_json(body.to_string().as_bytes()).unwrap());
        self.command(Command::RefundRequest { ask, door: Door::Http, replay: None }).await
    }

    pub async fn command(&self, command: Command) -> Result<RefundAnswer, Refused> {
        match self.ledger().commands.send(command).await? {
            Answer::Refund(answer) => Ok(answer),
            other => panic!("{other:?}"),
        }
    }

    pub async fn cancel(&self, refund: RefundId) -> Result<RefundAnswer, Refused> {
        let by = Person { name: "lan".into(), manager: false };
        let input = Box::new(Input::Cancel { by, reason: "nhầm".into() });
        self.command(Command::Refund { refund, input }).await
    }

    pub async fn resolve(&self, refund: RefundId, verdict: Verdict) -> Result<RefundAnswer, Refused> {
        let by = Person { name: "boss".into(), manager: true };
        let input = Box::new(Input::Resolve { verdict, by, reason: "đã xem sao kê".into() });
        self.command(Command::Refund { refund, input }).await
    }

    pub fn refund(&self, id: RefundId) -> Refund {
        self.ledger().reader.refund(id).unwrap().unwrap()
    }

    /// Waits until the refund is in one of these states.
    pub async fn until(&self, id: RefundId, states: &[State]) -> Refund {
        self.until_(id, |refund| states.contains(&refund.state)).await
    }

    pub async fn until_(&self, id: RefundId, is: impl Fn(&Refund) -> bool) -> Refund {
        let mut committed = self.ledger().reader.committed();
        let by = Instant::now() + DEADLINE;
        loop {
            committed.mark_unchanged();
            let refund = self.refund(id);
            if is(&refund) {
                return refund;
            }
            assert!(Instant::now() < by, "{refund:?}");
            let _ = tokio::time::timeout(Duration::from_millis(500), committed.changed()).await;
        }
    }

    /// How often money moved for this payment.
    pub fn moved(&self, reference: &str) -> usize {
        self.cloud().bank().movements().iter().filter(|movement| movement.reference == reference).count()
    }

    /// Refund calls that reached VietQR.
    pub fn refund_calls(&self) -> usize {
        use vietqr_edge_sandbox::vietqr::http::Call;
        self.cloud().handled().iter().filter(|handled| handled.call == Some(Call::Refund)).count()
    }
}

pub fn options(state_dir: &Path) -> ledger::Options {
    ledger::Options {
        state_dir: state_dir.to_owned(),
        device: "quay-1".into(),
        machine: "m".into(),
        fresh_journal: "0a1b2c3d".into(),
        rules: Rules {
            accounts: vec![ACCOUNT.into()],
            terminals: [("VVB123456".into(), ACCOUNT.into())].into(),
            fresh_s: 120,
            late_s: 900,
            refund: RefundRules {
                limits: Some(Limits { max_amount: 5_000_000, daily_total: 200_000_000, approval_above: 1_000_000 }),
                accounts: vec![(ACCOUNT.into(), "MB".into())],
                providers: [("vietqr", ProviderRules { lookup_s: vec![1, 1, 1], ..ProviderRules::default() })].into(),
                ..RefundRules::default()
            },
        },
        limits: ledger::Limits::new(256, 30, 400),
    }
}
