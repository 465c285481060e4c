//! `GET /v1/status`: how the device is, on one page.

use super::{
    Api, Problem,
    device::{Link, Voice},
    params::Params,
};
use crate::ledger::{Counters, Disk};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use vietqr_edge_core::{event::Reason, money::Dong, payment::PaymentId, time::Timestamp};

/// The status resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// `[device] id`.
    pub device: String,
    /// The journal's name.
    pub journal: String,
    /// The daemon's version.
    pub version: String,
    /// When this run began.
    pub started_at: Timestamp,
    /// The broker.
    pub link: Link,
    /// The last money in.
    pub last_credit: Option<LastCredit>,
    /// Bills waiting to be paid. 0: this version keeps no bills.
    pub open_orders: u64,
    /// Refunds by state, ended ones included; states without one are left out.
    pub refunds: BTreeMap<String, u64>,
    /// Totals since the journal began.
    pub totals: Totals,
    /// Numbers of the events held.
    pub events: Held,
    /// How far each outlet has come. Empty: this version has none.
    pub cursors: BTreeMap<String, u64>,
    /// The speaker.
    pub voice: Voice,
    /// The state folder.
    pub disk: Space,
    /// The clock.
    pub clock: Time,
    /// The configured certificates.
    pub certificates: Vec<Expiry>,
}

/// The last money in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastCredit {
    /// Which payment.
    pub payment: Option<PaymentId>,
    /// When its notice came.
    pub received_at: Timestamp,
}

/// Totals since the journal began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Payments in.
    pub credits: u64,
    /// Their sum, in đồng.
    pub credited: Dong,
    /// Payments out.
    pub debits: u64,
    /// Notices that came again.
    pub repeats: u64,
    /// Messages not booked, by reason.
    pub quarantined: BTreeMap<Reason, u64>,
    /// Announcements begun.
    pub announced: u64,
    /// Announcements the speaker failed at.
    pub announce_failed: u64,
    /// Payments left out by quiet hours or mode.
    pub skipped: u64,
    /// Unreadable places found in the journal.
    pub damaged: u64,
}

/// Numbers of the events held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The oldest.
    pub oldest: u64,
    /// The last; 0 while there is none.
    pub last: u64,
}

/// The state folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Space {
    /// Bytes in the journal.
    pub journal_bytes: u64,
    /// Segments of the journal.
    pub segments: u64,
    /// Free bytes on its file system.
    pub free_bytes: u64,
    /// Files that can still be made on it; none where it does not count them.
    pub free_files: Option<u64>,
    /// It is nearly full.
    pub low: bool,
    /// Nothing can be stored now, so nothing is acknowledged.
    pub full: bool,
}

/// The clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// The system's time.
    pub now: Timestamp,
    /// The time below which certificates are never checked.
    pub floor: Option<Timestamp>,
    /// The system's time is behind the floor, so it is wrong.
    pub behind: bool,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiry {
    /// The key of the configuration that names it.
    pub key: String,
    /// When it expires.
    pub not_after: Timestamp,
    /// Whole days until then; negative after it.
    pub days_left: i64,
}

pub(super) async fn get(State(api): State<Api>, params: Params) -> Result<Json<Status>, Problem> {
    params.only(&[])?;
    let (now, snapshot) = (api.clock.now(), api.device.snapshot());
    let status = api.read(move |reader| {
        let (identity, counters, disk) = (reader.identity(), reader.counters(), reader.disk());
        let last_credit = counters.last_credit.map(|at| LastCredit { payment: counters.last_payment, received_at: at });
        let floor = snapshot.clock_floor.or(counters.clock_floor);
        // As certificates are checked.
        let certified_at = floor.map_or(now, |floor| floor.max(now));
        let certificates = snapshot.certificates.into_iter().map(|certificate| certificate.expiry(certified_at));
        Ok(Status {
            device: identity.device,
            journal: identity.journal,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: snapshot.started_at,
            link: snapshot.link,
            last_credit,
            open_orders: 0,
            refunds: counters.refunds.iter().map(|(state, n)| (state.as_str().to_owned(), *n)).collect(),
            totals: Totals::from(counters),
            events: Held { oldest: reader.oldest(), last: *reader.committed().borrow() },
            cursors: BTreeMap::new(),
            voice: snapshot.voice,
            disk: Space::from(disk),
            clock: Time { now, floor, behind: floor.is_some_and(|floor| now < floor) },
            certificates: certificates.collect(),
        })
    });
    status.await.map(Json)
}

impl From<Counters> for Totals {
    fn from(counters: Counters) -> Totals {
        Totals {
            credits: counters.credits,
            credited: counters.credited,
            debits: counters.debits,
            repeats: counters.repeats,
            quarantined: counters.quarantined,
            announced: counters.announced,
            announce_failed: counters.announce_failed,
            skipped: counters.skipped,
            damaged: counters.damaged,
        }
    }
}

impl From<Disk> for Space {
    fn from(disk: Disk) -> Space {
        let Disk { journal_bytes, segments, free_bytes, free_files, low, full } = disk;
        let free_files = (free_files != u64::MAX).then_some(free_files);
        Space { journal_bytes, segments, free_bytes, free_files, low, full }
    }
}
