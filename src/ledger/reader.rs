//! The read path: committed state from the store, whole records from the journal. Every call may touch the disk: from async code
//! use `spawn_blocking` for lists.

mod refunds;

use super::{
    folder,
    index::{Index, IndexError, Look, keys},
    journal::{Group, Line, Scanner, SegmentName},
    shared::Shared,
    state::{
        DueEntry, Extra, Position, entry,
        known::{self, By},
        snapshot, speech,
    },
    view::{Counters, Disk, Identity, PaymentView, ReadError, Recorded, Speech},
};
use crate::fs::ReadAt;
use std::{collections::BTreeMap, ops::ControlFlow, sync::Arc};
use tokio::sync::watch;
use vietqr_edge_core::{
    announcement::Due,
    event::Event,
    payment::{Age, Payment, PaymentId, TransType, reference_key},
    time::Timestamp,
};

pub use refunds::{RefundDue, RefundView, ToSpeak};

/// A cheap handle on committed state.
#[derive(Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

impl From<IndexError> for ReadError {
    fn from(error: IndexError) -> ReadError {
        ReadError::Store(error.0)
    }
}

impl Reader {
    pub(super) fn new(shared: Arc<Shared>) -> Reader {
        Reader { shared }
    }

    pub(super) fn index(&self) -> &dyn Index {
        &*self.shared.index
    }

    /// Whose journal it is.
    pub fn identity(&self) -> Identity {
        self.shared.identity.clone()
    }

    /// The number of the last committed event; changes wake whoever watches.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.shared.watch()
    }

    /// The oldest event held (1 while nothing was dropped).
    pub fn oldest(&self) -> u64 {
        self.oldest_held().unwrap_or(1)
    }

    fn oldest_held(&self) -> Option<u64> {
        Some(snapshot::meta(&*self.shared.index).ok()??.oldest?.seq)
    }

    /// Up to `limit` events with numbers above `after`, in order. An unreadable part is passed over.
    ///
    /// # Errors
    /// [`ReadError::Dropped`] where the next one was dropped by retention.
    pub fn events(&self, after: u64, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        let oldest = self.oldest();
        if after.saturating_add(1) < oldest {
            return Err(ReadError::Dropped { oldest });
        }
        let mut found = Vec::new();
        self.each_event(after.saturating_add(1), |recorded| {
            if found.len() < limit {
                found.push(recorded);
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(found)
    }

    /// Up to `limit` payments (in and out) booked after `after`, oldest first; from the oldest held where it is `None`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn payments(&self, after: Option<PaymentId>, limit: usize) -> Result<Vec<PaymentView>, ReadError> {
        let from = after.map_or(0, |id| id.0.saturating_add(1)).max(self.oldest());
        let mut found = Vec::new();
        self.each_event(from, |Recorded { seq, at, event }| {
            if let Event::PaymentReceived(payment) | Event::PaymentDebited(payment) = event
                && found.len() < limit
            {
                found.push((PaymentId(seq), payment, at));
            }
            if found.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        found.into_iter().map(|(id, payment, at)| self.view(id, payment, at)).collect()
    }

    /// One payment.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn payment(&self, id: PaymentId) -> Result<Option<PaymentView>, ReadError> {
        let mut found = None;
        self.each_event(id.0, |Recorded { seq, at, event }| {
            if let (true, Event::PaymentReceived(payment) | Event::PaymentDebited(payment)) = (seq == id.0, event) {
                found = Some((payment, at));
            }
            ControlFlow::Break(())
        })?;
        found.map(|(payment, at)| self.view(id, payment, at)).transpose()
    }

    /// Payments with this bank reference, on any configured account.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn find(&self, reference: &str) -> Result<Vec<PaymentView>, ReadError> {
        let mut found = Vec::new();
        for account in &self.shared.accounts {
            for trans_type in [TransType::Credit, TransType::Debit] {
                let hash = reference_key(account, reference, trans_type);
                if let Some(known) = known::get(&*self.shared.index, By::Reference, &hash)? {
                    found.extend(self.payment(known.id)?);
                }
            }
        }
        found.sort_by_key(|view| view.id);
        Ok(found)
    }

    /// Up to `limit` payments of this age that no announcement has named yet, oldest first. `noticed_ms` is 0: the speaker fills it in.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn due(&self, age: Age, limit: usize) -> Result<Vec<Due>, ReadError> {
        let entries = self.shared.index.range(&keys::due_from(age), &keys::due_to(age), limit)?;
        let mut due = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let Some(id) = key.get(2..10).and_then(|id| id.try_into().ok()) else { continue };
            let DueEntry { amount, paid_at, received_at } = DueEntry::from_bytes(&value)?;
            let payment = PaymentId(u64::from_be_bytes(id));
            due.push(Due { payment, amount, paid_at, received_at, noticed_ms: 0 });
        }
        Ok(due)
    }

    /// Totals, with what is counted and not yet told in the journal.
    pub fn counters(&self) -> Counters {
        let stored = self.shared.index.get(keys::COUNTERS).ok().flatten();
        let mut counters: Counters = stored.and_then(|bytes| entry::from_json(&bytes).ok()).unwrap_or_default();
        for (reason, count) in self.shared.untold() {
            *counters.quarantined.entry(reason).or_default() += count;
        }
        counters
    }

    /// How full the disk is.
    pub fn disk(&self) -> Disk {
        self.shared.disk()
    }

    fn view(&self, id: PaymentId, mut payment: Payment, stored_at: Timestamp) -> Result<PaymentView, ReadError> {
        let index = &*self.shared.index;
        let extra: Extra = match index.get(&keys::extra(id))? {
            Some(bytes) => entry::from_json(&bytes)?,
            None => Extra::default(),
        };
        if payment.reference_number.is_none() {
            payment.reference_number = extra.reference_number;
        }
        let speech = match speech::get(index, id)? {
            Some(speech) => speech,
            None if payment.trans_type == TransType::Debit => Speech::Never,
            None => Speech::Due,
        };
        let refunded = self.refunded(&payment)?;
        Ok(PaymentView { id, payment, stored_at, repeats: extra.repeats, refunded, speech })
    }

    /// Visits committed events from a number on.
    fn each_event(&self, from: u64, mut visit: impl FnMut(Recorded) -> ControlFlow<()>) -> Result<(), ReadError> {
        let last = self.shared.last();
        if from > last {
            return Ok(());
        }
        self.each_group(from, last, |group| {
            for (seq, event) in (group.seq..).zip(group.events) {
                if seq >= from {
                    visit(Recorded { seq, at: group.at, event })?;
                }
            }
            ControlFlow::Continue(())
        })
    }

    fn each_group(
        &self,
        from: u64,
        last: u64,
        mut visit: impl FnMut(Group) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let shared = &*self.shared;
        let position = shared.index.look_first(&keys::position(from), &keys::all(b'i').1)?;
        let position = position
            .map(|(key, bytes)| Ok::<_, IndexError>((keys::position_number(&key), Position::from_bytes(&bytes)?)));
        let position = position.transpose()?;
        let segment = position.map_or(0, |(_, position)| position.segment);
        let names = folder::segments(&*shared.fs, &shared.journal_dir)?;
        let mut next = from;
        for name in names.into_iter().filter(|name| name.0 >= segment) {
            let start = position.filter(|(_, position)| position.segment == name.0);
            let start = start.and_then(|(number, position)| Some((number?, position.offset)));
            match self.each_line(name, start, &mut next, last, &mut visit) {
                // Retention may remove a segment while it is about to be read.
                Err(ReadError::Io(error)) if error.kind() == std::io::ErrorKind::NotFound => {}
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Visits the groups of a segment from number `next` on. `start` is where the line with some number was written.
    fn each_line(
        &self,
        name: SegmentName,
        start: Option<(u64, u64)>,
        next: &mut u64,
        last: u64,
        visit: &mut impl FnMut(Group) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, ReadError> {
        let file = self.shared.fs.read(&name.path(&self.shared.journal_dir))?;
        let mut scanner = Scanner::new(&*file, 0);
        if let Some((number, offset)) = start
            && group_at(&*file, offset)?.is_some_and(|group| group.seq == number)
        {
            scanner = Scanner::new(&*file, offset);
        }
        // Only in a damaged journal a line stands elsewhere than behind the one before it.
        let mut elsewhere: Option<BTreeMap<u64, u64>> = None;
        while let Some(scanned) = scanner.next()? {
            let Ok((_, Line::Group(group), _)) = scanned.line else { continue };
            // Above the committed number a line may be written but not yet durable.
            if group.seq > last {
                return Ok(ControlFlow::Break(()));
            }
            if group.end() <= *next {
                continue;
            }
            if group.seq > *next {
                let lines = match elsewhere.take() {
                    Some(lines) => lines,
                    None => lines_of(&*file)?,
                };
                for (_, offset) in elsewhere.insert(lines).range(*next..group.seq) {
                    let Some(found) = group_at(&*file, *offset)? else { continue };
                    *next = found.end();
                    if visit(found).is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
            *next = group.end();
            if visit(group).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn group_at(file: &dyn ReadAt, offset: u64) -> Result<Option<Group>, ReadError> {
    match Scanner::new(file, offset).next()?.map(|scanned| scanned.line) {
        Some(Ok((_, Line::Group(group), _))) => Ok(Some(group)),
        _ => Ok(None),
    }
}

/// Where each line of a segment begins that can be read and has numbers, by its last number.
fn lines_of(file: &dyn ReadAt) -> Result<BTreeMap<u64, u64>, ReadError> {
    let mut found = BTreeMap::new();
    let mut scanner = Scanner::new(file, 0);
    while let Some(scanned) = scanner.next()? {
        let Ok((_, Line::Group(group), _)) = scanned.line else { continue };
        if group.end() > group.seq {
            found.entry(group.end() - 1).or_insert(scanned.offset);
        }
    }
    Ok(found)
}
