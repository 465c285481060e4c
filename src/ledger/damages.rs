//! Places of the journal that can not be read, as a replay finds them.

use super::journal::{SegmentName, line::BadLine};
use vietqr_edge_core::event::JournalDamaged;

/// A place that can not be read, before it is known what it cost.
#[derive(Debug)]
pub struct Bad {
    /// In which segment.
    pub segment: SegmentName,
    /// Where it begins in it, in bytes.
    pub offset: u64,
    reason: String,
    torn: bool,
}

impl Bad {
    /// A line that can not be read; at the end of the journal it may be one that was cut off.
    pub fn unreadable(segment: SegmentName, offset: u64, reason: &BadLine) -> Bad {
        // What was cut off is never longer than a line.
        Bad { segment, offset, reason: reason.to_string(), torn: *reason != BadLine::Long }
    }

    /// Damage wherever it is.
    pub fn certain(segment: SegmentName, offset: u64, reason: &str) -> Bad {
        Bad { segment, offset, reason: reason.into(), torn: false }
    }

    /// A file that should be there.
    pub fn missing_file(segment: SegmentName) -> Bad {
        Bad::certain(segment, 0, "the file is missing")
    }

    /// More that can not be read follows: only one line can have been cut off.
    pub fn more(&mut self) {
        self.torn = false;
    }

    /// Whether it may be a last line that was cut off.
    pub fn may_be_torn(&self) -> bool {
        self.torn
    }
}

/// What was found, in the order it was found.
#[derive(Debug, Default)]
pub struct Damages(Vec<JournalDamaged>);

impl Damages {
    /// Adds a place, with the first and last number it lost. A place that is there already is only extended.
    pub fn add(&mut self, bad: Bad, missing: Option<(u64, u64)>) {
        let segment = bad.segment.to_string();
        let (first, last) = missing.unzip();
        match self.0.iter_mut().rev().find(|known| known.segment == segment && known.offset == bad.offset) {
            Some(known) => {
                known.first_missing = known.first_missing.or(first);
                known.last_missing = last.or(known.last_missing);
            }
            None => self.0.push(JournalDamaged {
                segment,
                offset: bad.offset,
                first_missing: first,
                last_missing: last,
                reason: bad.reason,
            }),
        }
    }

    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A line with the numbers from `first` to before `end` was found after all: true where all of them were held to be missing.
    pub fn heal(&mut self, first: u64, end: u64) -> bool {
        let Some(last) = end.checked_sub(1).filter(|last| *last >= first) else { return false };
        for damage in self.0.iter_mut().rev() {
            let (Some(from), Some(to)) = (damage.first_missing, damage.last_missing) else { continue };
            if first < from || last > to {
                continue;
            }
            (damage.first_missing, damage.last_missing) = match (first == from, last == to) {
                (true, true) => (None, None),
                (true, false) => (Some(end), Some(to)),
                (false, true) => (Some(from), Some(first - 1)),
                (false, false) => {
                    self.split(from, to, first, end);
                    return true;
                }
            };
            return true;
        }
        false
    }

    /// The middle of a gap was found: what is left are two.
    fn split(&mut self, from: u64, to: u64, first: u64, end: u64) {
        let Some(at) = self.0.iter().position(|d| d.first_missing == Some(from) && d.last_missing == Some(to)) else {
            return;
        };
        let mut second = self.0[at].clone();
        self.0[at].last_missing = Some(first - 1);
        second.first_missing = Some(end);
        self.0.insert(at + 1, second);
    }

    /// What of it was not dropped on purpose: retention removed all numbers before `oldest`.
    pub fn held(self, oldest: Option<u64>) -> Vec<JournalDamaged> {
        let Some(oldest) = oldest else { return self.0 };
        let mut held = self.0;
        held.retain(|damage| damage.last_missing.is_none_or(|last| last >= oldest));
        for damage in &mut held {
            damage.first_missing = damage.first_missing.map(|first| first.max(oldest));
        }
        held
    }

    /// More places, found another way.
    pub fn extend(&mut self, more: impl IntoIterator<Item = JournalDamaged>) {
        self.0.extend(more);
    }
}
