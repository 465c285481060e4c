//! What hangs on the time of day: QFPay's rows are kept by the month, and about midnight nothing is refunded. The device's clock is
//! set for it; QFPay's is a little ahead or behind.

use super::shop::{DEADLINE, options};
use chrono::{DateTime, Datelike, FixedOffset, Months, NaiveTime, TimeDelta, Utc};
use serde_json::json;
use std::{sync::Arc, time::Instant};
use tempfile::TempDir;
use tokio::{sync::watch, task::JoinHandle};
use vietqr_edge::{
    clock::{Clock, SystemClock},
    config::HttpUrl,
    fs::{Fs, RealFs},
    lane::{self, Caller},
    ledger::{self, Answer, Command, Ledger, ProviderRules, store::SledStore},
    tls::{Floor, TlsOptions},
};
use vietqr_edge_core::{
    provider::qfpay::{Merchant, Qfpay as Provider, SignType, Verify},
    refund::{Ask, AttemptEnd, Door, Refund, RefundId, State},
    time::Timestamp,
};
use vietqr_edge_sandbox::{
    certs::Certs,
    qfpay::{Call, Fault, Payment, Qfpay, QfpayOptions},
};

/// The system clock, set forward.
struct Ahead(SystemClock, TimeDelta);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.now().millis() + self.1.num_milliseconds())
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.monotonic_ms()
    }
}

struct Stall {
    qfpay: Qfpay,
    ledger: Ledger,
    _running: ledger::Running,
    _stop: watch::Sender<bool>,
    _lane: JoinHandle<()>,
    _folder: TempDir,
}

impl Stall {
    /// A device whose clock is so far ahead, and a QFPay whose clock is further ahead.
    async fn open(ahead: TimeDelta, further: TimeDelta) -> Stall {
        let folder = TempDir::new().unwrap();
        let certs = Certs::open_or_create(&folder.path().join("certs"), &[]).unwrap();
        let set_up = QfpayOptions::new(&certs);
        let merchant = Merchant {
            app_code: set_up.app_code.clone(),
            mchid: None,
            client_key: set_up.client_key.clone().into_bytes(),
            sign: SignType::Sha256,
            verify: Verify::Require,
        };
        let qfpay = Qfpay::open(set_up).await.unwrap();
        qfpay.set(|settings| settings.ahead = ahead + further);
        let state_dir = folder.path().join("state");
        let (fs, clock): (Arc<dyn Fs>, Arc<dyn Clock>) = (Arc::new(RealFs), Arc::new(Ahead(SystemClock::new(), ahead)));
        let store = SledStore::new(Arc::clone(&fs), &state_dir);
        let mut options = options(&state_dir);
        let rules = ProviderRules { lookup_s: vec![1, 1], merchant: merchant.app_code.clone(), limits: None };
        options.rules.refund.providers.insert("qfpay", rules);
        let (ledger, running) = ledger::start(ledger::open(options, fs, clock.clone(), &store).unwrap(), 256).unwrap();
        let (stop, stopped) = watch::channel(false);
        let lane = lane::spawn(lane::Parts {
            provider: Box::new(Provider::new(merchant)),
            caller: Caller {
                base_url: HttpUrl::parse_base(&qfpay.base_url()).unwrap(),
                tls: TlsOptions { ca_file: Some(certs.ca.clone()), client: None },
                clock: clock.clone(),
                floor: Floor::default(),
                timeout: std::time::Duration::from_secs(2),
            },
            reader: ledger.reader.clone(),
            commands: ledger.commands.clone(),
            clock,
            stop: stopped,
        });
        Stall { qfpay, ledger, _running: running, _stop: stop, _lane: lane, _folder: folder }
    }

    /// A payment of 1000 at QFPay, and a request for 300 of it.
    async fn ask(&self) -> (String, RefundId) {
        let syssn = self.qfpay.pay(Payment::new("P1", 1000)).syssn;
        let body = json!({"request_id": "r-1", "provider": "qfpay", "syssn": syssn, "original_amount": 1000,
            "currency": "HKD", "amount": 300, "reason": "x", "operator": "lan"});
        let ask = Box::new(Ask::from_json(body.to_string().as_bytes()).unwrap());
        match self.ledger.commands.send(Command::RefundRequest { ask, door: Door::Http, replay: None }).await.unwrap() {
            Answer::Refund(answer) => (syssn, answer.refund),
            other => panic!("{other:?}"),
        }
    }

    async fn until(&self, id: RefundId, is: impl Fn(&Refund) -> bool) -> Refund {
        let by = Instant::now() + DEADLINE;
        loop {
            let refund = self.ledger.reader.refund(id).unwrap().unwrap();
            if is(&refund) {
                return refund;
            }
            assert!(Instant::now() < by, "{refund:?}");
            super::daemon::look().await;
        }
    }
}

fn hong_kong() -> DateTime<FixedOffset> {
    Utc::now().with_timezone(&FixedOffset::east_opt(8 * 3600).unwrap())
}

/// How far it is to this many seconds after the next month begins in Hong Kong.
fn to_next_month(seconds: i64) -> TimeDelta {
    let now = hong_kong();
    let first = now.date_naive().with_day(1).unwrap().checked_add_months(Months::new(1)).unwrap();
    first.and_time(NaiveTime::MIN) - now.naive_local() + TimeDelta::seconds(seconds)
}

#[tokio::test]
async fn a_refund_at_a_months_end_is_found_whichever_month_its_row_is_in() {
    for (ours, further) in [(-30, 60), (30, -60)] {
        let stall = Stall::open(to_next_month(ours), TimeDelta::seconds(further)).await;
        stall.qfpay.fault(Call::Refund, Fault::ProcessAndClose).unwrap();
        let (syssn, id) = stall.ask().await;
        let refund = stall.until(id, |refund| refund.state == State::Succeeded).await;
        assert_eq!((stall.qfpay.moved(&syssn), refund.attempt_count), (1, 1), "{refund:?}");
        let asked: Vec<String> = stall.qfpay.handled().into_iter().map(|handled| handled.body).collect();
        let windows = asked.iter().filter(|body| body.contains("out_trade_no=") && body.contains("start_time="));
        assert!(windows.count() >= 2, "{ours} {further}: both months were asked: {asked:#?}");
    }
}

#[tokio::test]
async fn about_midnight_a_refund_waits_for_the_hour_and_is_not_asked_for_meanwhile() {
    let now = hong_kong();
    let half_past = NaiveTime::from_hms_opt(23, 40, 0).unwrap();
    let to_night = now.date_naive().and_time(half_past) - now.naive_local();
    let to_night = if to_night < TimeDelta::zero() { to_night + TimeDelta::days(1) } else { to_night };
    let stall = Stall::open(to_night, TimeDelta::zero()).await;
    stall.qfpay.set(|settings| settings.night = true);
    let (syssn, id) = stall.ask().await;
    let refund = stall.until(id, |refund| refund.attempt_count == 1 && refund.state == State::Queued).await;
    let minutes = refund.next.unwrap().pause_ms / 60_000;
    assert!((49..=51).contains(&minutes), "until 00:31: {minutes} minutes");
    let attempt = refund.attempt().unwrap();
    assert_eq!((attempt.outcome, attempt.code.as_deref()), (Some(AttemptEnd::TryLater), Some("1265")));
    assert_eq!(stall.qfpay.moved(&syssn), 0);
}
