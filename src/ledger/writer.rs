//! The write path: decide a group, append it as one line, make it durable, apply it, answer.

use super::{
    at_disk::AtDisk,
    command::{Answer, Command, Refused},
    decide::{Decision, Draft, Rules},
    index::{Index, IndexError, Overlay, keys},
    journal::{FORMAT, Header, append::Appender, group::Text},
    raw::Raw,
    refunds::Named,
    reserve, retention,
    ring::{Ring, Untold},
    shared::Shared,
    state::{Meta, Position, SegmentFacts, State, entry, entry::Oldest, snapshot},
    view::{Counters, PaymentView},
};
use crate::{clock::Clock, fs::Fs};
use std::{
    collections::{BTreeMap, VecDeque},
    io,
    path::PathBuf,
    sync::Arc,
};
use vietqr_edge_core::{
    event::{Event, MessageQuarantined, Reason},
    payment::Payment,
    refund::{Input, KnownPayment, Target, deadline},
    time::Timestamp,
};

/// A group is closed when its line is this long, in bytes: what one command adds, and what is told, still fits behind it.
pub(super) const GROUP_BYTES: usize = 32 * 1024;
/// A line is found by reading at most this far from a position in the store, in bytes.
const POSITION_EVERY: u64 = 16 * 1024;
/// A reason is told in the journal at most once in this time, in milliseconds.
const TOLD_EVERY_MS: u64 = 60_000;

/// The journal or the store failed. The process must end; nothing that was not answered may be relied on.
#[derive(Debug, thiserror::Error)]
pub enum Fatal {
    /// A write or sync of the journal failed. It is never tried again: what the disk holds is unknown.
    #[error("the journal can not be written: {0}")]
    Journal(io::Error),
    /// sled failed. The next start builds the state again.
    #[error("{0}")]
    Store(#[from] IndexError),
}

/// All that the one writer owns.
pub struct Writer {
    pub(super) fs: Arc<dyn Fs>,
    /// What `fs` and `index` have taken.
    pub(super) at_disk: AtDisk,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) state_dir: PathBuf,
    pub(super) index: Arc<dyn Index>,
    pub(super) shared: Arc<Shared>,
    pub(super) appender: Appender,
    pub(super) rules: Rules,
    pub(super) limits: retention::Limits,
    pub(super) machine: String,
    pub(super) counters: Counters,
    pub(super) oldest: Option<Oldest>,
    pub(super) next: u64,
    /// Where the last position in the store points to.
    pub(super) positioned: Option<u64>,
    pub(super) ring: Ring,
    pub(super) untold: Untold,
    pub(super) told: BTreeMap<Reason, u64>,
    pub(super) raw: Raw,
    /// What the start found, to be told before anything is decided, once there is room.
    pub(super) found: VecDeque<Event>,
    /// The store says that lines are missing which no line tells yet.
    pub(super) lost: bool,
    /// Number of the first event of this start.
    pub(super) started: u64,
    /// When a refund wants [`Command::Tick`].
    pub(super) next_tick: Option<Timestamp>,
    /// Lines were written since the last checkpoint.
    pub(super) behind: bool,
}

/// It writes what became of a refund that was sent: room for it was reserved.
fn is_outcome(command: &Command) -> bool {
    matches!(command, Command::Refund { input, .. } if matches!(**input, Input::Sent { .. }))
}

/// Tells of a body that could not be kept. It is evidence only: a payment is not lost for the want of it.
fn not_kept(kept: io::Result<()>) {
    if let Err(error) = kept {
        tracing::warn!(%error, "the bodies of notices could not be kept in raw/");
    }
}

/// It may send a refund.
fn begins(command: &Command) -> bool {
    matches!(command, Command::Refund { input, .. } if matches!(**input, Input::Begin { .. }))
}

/// The answers to a group's commands, in their order.
pub type Answers = Vec<Result<Answer, Refused>>;

impl Writer {
    /// Decides the commands in order and makes what they change durable. With no command, tells what waits to be told.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn commit(&mut self, commands: Vec<Command>) -> Result<Answers, Fatal> {
        if self.index.has_failed() {
            // A reader met it. Readers can not end the process, and must not be left with a store that fails.
            return Err(IndexError("a reader found it broken".into()).into());
        }
        for command in &commands {
            if let Command::Operators(operators) = command {
                self.rules.refund.operators.clone_from(operators);
            }
        }
        let roomy = self.room()?;
        let reserved = !roomy && commands.iter().any(is_outcome) && self.outcome_room()?;
        if !(roomy || reserved) {
            return Ok(commands.iter().map(|_| Err(Refused::DiskFull)).collect());
        }
        let mut answers = Vec::with_capacity(commands.len());
        let mut queue = commands.into_iter().peekable();
        loop {
            self.group(&mut queue, &mut answers, roomy)?;
            if queue.peek().is_none() && (self.found.is_empty() || !roomy) {
                return Ok(answers);
            }
        }
    }

    /// Decides what time has brought about, where it has.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn tick(&mut self) -> Result<(), Fatal> {
        if self.next_tick.is_some_and(|at| self.clock.now() >= at) {
            self.commit(vec![Command::Tick])?;
        }
        Ok(())
    }

    /// Whether something waits to be told; then [`Writer::commit`] should be called within a minute.
    pub fn has_untold(&self) -> bool {
        !self.untold.0.is_empty() || !self.found.is_empty()
    }

    /// Makes the store durable, so that a power cut leaves less to apply again.
    ///
    /// # Errors
    /// [`Fatal::Store`].
    pub fn checkpoint(&mut self) -> Result<(), Fatal> {
        self.index.checkpoint()?;
        self.behind = false;
        Ok(())
    }

    /// Whether lines were written since.
    pub fn is_behind(&self) -> bool {
        self.behind
    }

    /// Removes what is past its time or over the bounds.
    ///
    /// # Errors
    /// [`Fatal`].
    pub fn retain(&mut self) -> Result<(), Fatal> {
        retention::run(self)
    }

    fn group(
        &mut self,
        queue: &mut std::iter::Peekable<std::vec::IntoIter<Command>>,
        answers: &mut Answers,
        roomy: bool,
    ) -> Result<(), Fatal> {
        let index = Arc::clone(&self.index);
        let at = self.clock.now();
        let state = State { overlay: Overlay::new(&*index), counters: self.counters.clone(), oldest: self.oldest };
        let (first, started) = (self.next, self.started);
        let mut draft = Draft { state, first, started, at, text: Text::default(), about_refunds: false };
        if roomy {
            // There may be more of them than fit a line; each is taken once it is applied, so none is lost on the way.
            let some = self.found.iter().scan(0, |bytes, event| {
                *bytes += entry::to_json(event).len();
                (*bytes <= GROUP_BYTES).then_some(())
            });
            let count = some.count().max(1).min(self.found.len());
            for event in self.found.drain(..count) {
                draft.event(event)?;
            }
        }
        // What the start found comes before any decision.
        while (self.found.is_empty() || !roomy)
            && (draft.text.is_empty() || queue.peek().is_some_and(|next| draft.fits(next)))
        {
            let Some(command) = queue.next() else { break };
            answers.push(match roomy || is_outcome(&command) {
                true => self.decide(&mut draft, command)?,
                false => Err(Refused::DiskFull),
            });
        }
        if roomy {
            self.tell(&mut draft)?;
        }
        not_kept(self.raw.write());
        self.ring.sync().map_err(Fatal::Journal)?;
        self.write(draft)
    }

    fn decide(&mut self, draft: &mut Draft<'_>, command: Command) -> Result<Result<Answer, Refused>, Fatal> {
        if begins(&command) && !self.room_to_send()? {
            return Ok(Err(Refused::DiskFull));
        }
        let named = self.named(&command);
        let (raw, at) = (&mut self.raw, draft.at);
        let mut keep = |incoming: &super::Incoming, sha256: &str| {
            not_kept(raw.keep(at, sha256, &incoming.topic, &incoming.body));
        };
        Ok(match draft.decide(&self.rules, command, named, &mut keep)? {
            Decision::Answer(answer) => Ok(answer),
            Decision::Refused(refused) => Err(refused),
            Decision::Stray(stray) => match self.ring.keep(&stray) {
                Ok(record) => {
                    self.untold.add(record);
                    Ok(Answer::Quarantined(stray.reason))
                }
                Err(error) => {
                    tracing::error!(%error, "a message that was not booked could not be kept");
                    Err(Refused::DiskFull)
                }
            },
        })
    }

    /// Tells in the journal what was kept in the ring: at once the first of a reason, then once a minute.
    fn tell(&mut self, draft: &mut Draft<'_>) -> Result<(), Fatal> {
        let now = self.clock.monotonic_ms();
        let due: Vec<Reason> = self
            .untold
            .0
            .keys()
            .filter(|reason| self.told.get(reason).is_none_or(|told| now >= told.saturating_add(TOLD_EVERY_MS)))
            .copied()
            .collect();
        for reason in due {
            if draft.text.len() > GROUP_BYTES {
                break;
            }
            if let Some((count, Some(last))) = self.untold.0.remove(&reason) {
                self.told.insert(reason, now);
                draft.event(Event::MessageQuarantined(MessageQuarantined {
                    reason,
                    count,
                    ring: last.number,
                    topic: last.topic,
                    sha256: last.sha256,
                    size: last.size,
                    detail: last.detail,
                }))?;
            }
        }
        self.shared.set_untold(&self.untold);
        Ok(())
    }

    fn write(&mut self, draft: Draft<'_>) -> Result<(), Fatal> {
        let end = draft.next();
        let Draft { mut state, first, at, text, about_refunds, .. } = draft;
        if text.is_empty() {
            return Ok(());
        }
        let prepared = self
            .appender
            .prepare(first, at, &text)
            .map_err(|error| Fatal::Journal(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        let (segment, offset) = (self.appender.segment().0, self.appender.end());
        let meta = Meta {
            journal: self.shared.identity.journal.clone(),
            last: end.saturating_sub(1),
            segment,
            offset,
            hash: prepared.hash(),
            oldest: state.oldest,
        };
        if self.positioned.is_none_or(|last| offset.saturating_sub(last) >= POSITION_EVERY) {
            state.overlay.put(keys::position(first), Position { segment, offset }.to_bytes());
            self.positioned = Some(offset);
        }
        state.overlay.put(keys::META.to_vec(), entry::to_json(&meta));
        state.overlay.put(keys::COUNTERS.to_vec(), entry::to_json(&state.counters));
        if self.lost && self.found.is_empty() {
            state.overlay.remove(keys::LOST.to_vec());
            self.lost = false;
        }
        self.appender.write(&prepared).map_err(Fatal::Journal)?;
        (self.next, self.counters, self.oldest) = (end, state.counters, state.oldest);
        self.index.apply(state.overlay.into_batch())?;
        self.behind = true;
        if about_refunds {
            self.schedule()?;
        }
        self.shared.committed(end.saturating_sub(1), self.appender.end(), prepared.len());
        Ok(())
    }

    /// Looks when a refund wants [`Command::Tick`].
    pub(super) fn schedule(&mut self) -> Result<(), IndexError> {
        let (from, to) = keys::all(b'r');
        self.next_tick = None;
        for (_, value) in self.index.range(&from, &to, usize::MAX)? {
            let wanted = deadline(&entry::from_json(&value)?);
            self.next_tick = [self.next_tick, wanted].into_iter().flatten().min();
        }
        Ok(())
    }

    /// The payment that a request for a refund names by its id here. One that can not be read is not known.
    fn named(&self, command: &Command) -> Named {
        let Command::RefundRequest { ask, .. } = command else { return None };
        let Target::Payment(id) = ask.target else { return None };
        let PaymentView { id, payment, .. } = self.reader().payment(id).ok().flatten()?;
        let Payment { bank_account, reference_number, trans_type, .. } = payment;
        Some(KnownPayment { id, bank_account, reference_number, trans_type })
    }

    /// Whether a refund may be sent: there is room for its outcome too.
    fn room_to_send(&self) -> Result<bool, Fatal> {
        let free = self.fs.free(&self.state_dir).map_err(Fatal::Journal)?;
        Ok(reserve::roomy_for_outcome(free))
    }

    /// Where there is no room for anything else: whether the outcome of a refund can be written, if need be with the reserve.
    fn outcome_room(&mut self) -> Result<bool, Fatal> {
        if self.appender.needs_segment() {
            return Ok(false);
        }
        let free = self.fs.free(&self.state_dir).map_err(Fatal::Journal)?;
        if reserve::outcome_fits(free) {
            return Ok(true);
        }
        if self.fs.remove(&reserve::path(&self.state_dir)).is_err() {
            return Ok(false);
        }
        let free = self.fs.free(&self.state_dir).map_err(Fatal::Journal)?;
        Ok(reserve::outcome_fits(free))
    }

    /// Whether a line can be written: there is room, and a segment to write it in.
    fn room(&mut self) -> Result<bool, Fatal> {
        let free = self.fs.free(&self.state_dir).map_err(Fatal::Journal)?;
        let mut roomy = reserve::roomy(free);
        if roomy && (self.appender.needs_segment() || self.appender.groups_len() >= self.limits.segment_bytes) {
            roomy = self.begin_segment()?;
        }
        self.shared.set_free(free, !roomy);
        Ok(roomy)
    }

    fn begin_segment(&mut self) -> Result<bool, Fatal> {
        let open = snapshot::take(&*self.index, &self.counters, self.oldest)?;
        let at = self.clock.now();
        let header = Header {
            format: FORMAT,
            number: 0,
            journal: self.shared.identity.journal.clone(),
            device: self.shared.identity.device.clone(),
            machine: self.machine.clone(),
            first: self.next,
            at,
            open_lines: 0,
        };
        let hash = match self.appender.begin(header, &open) {
            Ok(hash) => hash,
            // Nothing of the journal was touched: the old segment still ends where it did.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(false),
            Err(error) => return Err(Fatal::Journal(error)),
        };
        self.positioned = None;
        let number = self.appender.segment().0;
        let facts = SegmentFacts { first: self.next, at };
        // A store that was begun says so: one that says nothing is not whole.
        let meta = Meta {
            journal: self.shared.identity.journal.clone(),
            last: self.next.saturating_sub(1),
            segment: number,
            offset: 0,
            hash,
            oldest: self.oldest,
        };
        self.index.apply(vec![
            (keys::segment(number), Some(entry::to_json(&facts))),
            (keys::META.to_vec(), Some(entry::to_json(&meta))),
        ])?;
        self.shared.begun(self.appender.end());
        retention::run(self)?;
        Ok(true)
    }

    /// Writes what waits to be told, without asking again whether there is room.
    pub(super) fn tell_found(&mut self) -> Result<(), Fatal> {
        self.group(&mut Vec::new().into_iter().peekable(), &mut Vec::new(), true)
    }

    /// Now, by the system's clock.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
