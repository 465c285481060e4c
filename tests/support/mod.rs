//! What several tests share.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

pub mod behind;
pub mod random;
pub mod served;
pub mod simfs;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use vietqr_edge::{
    clock::Clock,
    fs::Fs,
    ledger::{
        self, Command, Incoming, Options, ProviderRules, RefundRules, Rules, Writer,
        index::{MemoryIndex, keys},
        state::known,
        store::{MemoryStore, Store},
    },
};
use vietqr_edge_core::{payment::Source, refund::Limits, time::Timestamp};

/// A clock that a test moves.
pub struct TestClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

/// 2026-11-21 09:30:00 at +07:00.
pub const MORNING: i64 = 1_795_228_200_000;

impl TestClock {
    pub fn new() -> Arc<TestClock> {
        Arc::new(TestClock { wall: AtomicI64::new(MORNING), monotonic: AtomicI64::new(0) })
    }

    pub fn forward(&self, ms: i64) {
        self.jump(ms);
        self.monotonic.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock that people read, forth or back; no time passes.
    pub fn jump(&self, ms: i64) {
        self.wall.fetch_add(ms, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.wall.load(Ordering::Relaxed))
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.monotonic.load(Ordering::Relaxed)).unwrap()
    }
}

pub fn rules() -> Rules {
    Rules {
        accounts: vec!["1234567890".into()],
        terminals: BTreeMap::from([("VVB123456".into(), "1234567890".into())]),
        fresh_s: 120,
        late_s: 900,
        refund: RefundRules {
            limits: Some(Limits { max_amount: 5_000_000, daily_total: 20_000_000, approval_above: 1_000_000 }),
            accounts: vec![("1234567890".into(), "MB".into())],
            providers: BTreeMap::from([(
                "vietqr",
                ProviderRules { lookup_s: vec![30, 60, 120, 300, 600], ..ProviderRules::default() },
            )]),
            ..RefundRules::default()
        },
    }
}

pub fn options(state_dir: &Path) -> Options {
    Options {
        state_dir: state_dir.to_owned(),
        device: "quay-1".into(),
        machine: "m".into(),
        fresh_journal: "0a1b2c3d".into(),
        rules: rules(),
        limits: ledger::Limits { segment_bytes: 4096, ..ledger::Limits::new(256, 30, 400) },
    }
}

pub fn open(fs: &Arc<dyn Fs>, clock: &Arc<TestClock>, dir: &Path, store: &dyn Store) -> Writer {
    ledger::open(options(dir), Arc::clone(fs), Arc::clone(clock) as Arc<dyn Clock>, store).expect("the ledger opens")
}

pub fn memory() -> (Arc<MemoryIndex>, MemoryStore) {
    let index = Arc::new(MemoryIndex::default());
    (Arc::clone(&index), MemoryStore::new(index))
}

/// A notice of VietQR's documented shape.
pub fn notice(reference: &str, amount: u64) -> Command {
    let body = format!(
        r#"{{"bankAccount":"1234567890","amount":{amount},"transType":"C","referenceNumber":"{reference}","orderId":"","content":"thanh toan","status":1,"timePaid":"21/11/2026 09:30:00"}}"#
    );
    receive(body.into_bytes())
}

pub fn receive(body: Vec<u8>) -> Command {
    Command::Receive(Incoming {
        topic: "vietqr/bdsd/VVB123456".into(),
        terminal: "VVB123456".into(),
        source: Source::Bdsd,
        body,
        received_at: Timestamp::from_millis(MORNING + 1500),
        redelivered: false,
        retained: false,
    })
}

/// The codes of problems about refunds: `refund_http.rs` makes each of them happen.
pub const REFUND_CODES: [&str; 22] = [
    "above_daily_total",
    "above_max_amount",
    "foreign_account",
    "in_flight",
    "more_than_left",
    "no_approver",
    "no_reference",
    "not_a_credit",
    "not_a_manager",
    "not_the_requester",
    "pin_required",
    "provider_not_configured",
    "refund_not_found",
    "refunds_not_configured",
    "request_id_conflict",
    "role",
    "same_person",
    "too_many_wrong_pins",
    "unknown_operator",
    "unknown_payment",
    "wrong_pin",
    "wrong_state",
];

/// Everything in a store; payments under each of their keys by itself, however they share entries.
pub fn dump(index: &MemoryIndex) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let entries = index.dump().into_iter().flat_map(|(key, value)| match key[0] {
        b'a' | b'k' | b'o' => {
            let records = known::read(&value).unwrap().into_iter();
            records.map(|(hash, known)| ([&key[..1], &hash].concat(), format!("{known:?}").into_bytes())).collect()
        }
        _ => vec![(key, value)],
    });
    entries.collect()
}

/// What a store built again holds otherwise than the one it was built after, but for the name of the journal that it was begun for.
pub fn unlike(was: &MemoryIndex, again: &MemoryIndex) -> Vec<String> {
    let (mut was, mut again) = (dump(was), dump(again));
    was.remove(keys::BEGUN);
    again.remove(keys::BEGUN);
    let text = |value: Option<&Vec<u8>>| value.map(|value| String::from_utf8_lossy(value).into_owned());
    let keys: BTreeSet<_> = was.keys().chain(again.keys()).collect();
    let differ = keys.into_iter().filter(|key| was.get(*key) != again.get(*key));
    differ
        .map(|key| format!("{}: {:?} / {:?}", String::from_utf8_lossy(key), text(was.get(key)), text(again.get(key))))
        .collect()
}
