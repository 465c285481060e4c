//! Ledgers to measure with.

use std::{any::Any, collections::BTreeMap, io, path::Path, sync::Arc, time::Duration};
use vietqr_edge::{
    clock::{Clock, SystemClock},
    fs::{Entry, File, Free, Fs, ReadAt, RealFs},
    ledger::{self, Answer, Command, Incoming, Limits, Options, RefundRules, Rules, Writer, store::SledStore},
};
use vietqr_edge_core::{
    event::Kind,
    payment::{PaymentId, Source},
};

pub const ACCOUNT: &str = "1234567890";
pub const TERMINAL: &str = "VVB123456";

/// Opens a ledger in a folder.
pub fn open(fs: Arc<dyn Fs>, dir: &Path) -> Writer {
    let rules = Rules {
        accounts: vec![ACCOUNT.into()],
        terminals: BTreeMap::from([(TERMINAL.into(), ACCOUNT.into())]),
        fresh_s: 120,
        late_s: 900,
        refund: RefundRules::default(),
    };
    let options = Options {
        state_dir: dir.to_owned(),
        device: "bench".into(),
        machine: "bench".into(),
        fresh_journal: "0badcafe".into(),
        rules,
        limits: Limits::new(1024, 30, 400),
    };
    let store = SledStore::new(Arc::clone(&fs), dir);
    ledger::open(options, fs, Arc::new(SystemClock::new()), &store).unwrap()
}

/// The n-th payment, paid now.
pub fn payment(n: u64) -> Command {
    let now = SystemClock::new().now();
    let (hour, minute) = now.vietnam_clock();
    let day = now.vietnam_day();
    let (y, m, d) = (&day[..4], &day[5..7], &day[8..]);
    let body = format!(
        r#"{{"bankAccount":"{ACCOUNT}","amount":{},"transType":"C","referenceNumber":"FT26325{n:09}","orderId":"HD{n}","content":"VQR0a1b2c3d4e thanh toan don hang {n}","status":1,"timePaid":"{d}/{m}/{y} {hour:02}:{minute:02}:00"}}"#,
        1_000 + n % 5_000_000,
    );
    Command::Receive(Incoming {
        topic: format!("vietqr/bdsd/{TERMINAL}"),
        terminal: TERMINAL.into(),
        source: Source::Bdsd,
        body: body.into_bytes(),
        received_at: now,
        redelivered: false,
        retained: false,
    })
}

/// A ledger of `payments`, each booked, announced and finished, as a shop's year leaves it.
pub fn fill(dir: &Path, payments: u64) {
    let mut writer = open(Arc::new(RealFs), dir);
    for first in (0..payments).step_by(64) {
        let numbers = first..(first + 64).min(payments);
        let booked = writer.commit(numbers.map(payment).collect()).unwrap();
        let ids: Vec<PaymentId> = booked
            .into_iter()
            .map(|answer| match answer {
                Ok(Answer::Booked(id)) => id,
                other => panic!("{other:?}"),
            })
            .collect();
        let start = |id: &PaymentId| Command::AnnounceStart {
            payments: vec![*id],
            kind: Kind::Fresh,
            sentence: "Đã nhận hai mươi lăm nghìn đồng".into(),
        };
        let started = writer.commit(ids.iter().map(start).collect()).unwrap();
        let finish = |answer| match answer {
            Ok(Answer::Recorded(started)) => Command::AnnounceFinish { started, took_ms: 2100 },
            other => panic!("{other:?}"),
        };
        writer.commit(started.into_iter().map(finish).collect()).unwrap();
    }
    writer.checkpoint().unwrap();
}

/// A real disk whose journal takes longer to sync.
pub struct SlowFs(pub Duration);

struct SlowFile(Box<dyn File>, Duration);

impl Fs for SlowFs {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        RealFs.create_dir(dir)
    }
    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        RealFs.list(dir)
    }
    fn append(&self, path: &Path, create: bool) -> io::Result<Box<dyn File>> {
        Ok(Box::new(SlowFile(RealFs.append(path, create)?, self.0)))
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn File>> {
        RealFs.create(path)
    }
    fn read(&self, path: &Path) -> io::Result<Box<dyn ReadAt>> {
        RealFs.read(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealFs.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        RealFs.remove(path)
    }
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealFs.sync_dir(dir)
    }
    fn free(&self, dir: &Path) -> io::Result<Free> {
        RealFs.free(dir)
    }
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Any + Send>> {
        RealFs.lock(path)
    }
}

impl File for SlowFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.append(bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        std::thread::sleep(self.1);
        self.0.sync()
    }
}
