//! What is written together: as it is read, and as it grows.

use serde::Serialize;
use vietqr_edge_core::{
    event::{Event, Note},
    time::Timestamp,
};

/// What was decided together and is durable together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Number of the first event; without events, the number that the next one will have.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Numbered facts.
    pub events: Vec<Event>,
    /// Unnumbered evidence.
    pub notes: Vec<Note>,
}

impl Group {
    /// The number that the event after this group has.
    pub fn end(&self) -> u64 {
        self.seq.saturating_add(self.events.len() as u64)
    }
}

/// Events and notes as they will stand in their line: each is written once, when it is decided, so that the length is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// JSON values with a comma behind each.
    pub(super) events: Vec<u8>,
    /// The same.
    pub(super) notes: Vec<u8>,
    count: u64,
}

impl Text {
    /// Adds an event.
    pub fn event(&mut self, event: &Event) {
        append(&mut self.events, event);
        self.count += 1;
    }

    /// Adds a note.
    pub fn note(&mut self, note: &Note) {
        append(&mut self.notes, note);
    }

    /// How many events there are.
    pub fn events(&self) -> u64 {
        self.count
    }

    /// How long all of it is, in bytes.
    pub fn len(&self) -> usize {
        self.events.len() + self.notes.len()
    }

    /// There is neither an event nor a note.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn append<T: Serialize>(list: &mut Vec<u8>, value: &T) {
    // Our own types of strings and numbers always serialise.
    if serde_json::to_writer(&mut *list, value).is_ok() {
        list.push(b',');
    }
}
