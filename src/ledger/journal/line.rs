//! One line of the journal: a JSON object whose first member is the CRC-32 of the rest, whose second is the SHA-256 of the line
//! before. A line is whole or it is nothing.

use super::{
    group::{Group, Text},
    segment::{Header, Open},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use vietqr_edge_core::{
    event::{Event, Note},
    time::Timestamp,
};

/// The longest line, with its line end, in bytes.
pub const LINE_MAX: usize = 64 * 1024;

/// `{"crc":"01234567",` in front of what the CRC covers.
const FRONT: usize = r#"{"crc":"01234567","#.len();

/// SHA-256 of a line, without its line end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first line of a journal names as the line before.
    pub const NONE: Hash = Hash([0; 32]);

    fn of(line: &[u8]) -> Hash {
        Hash(Sha256::digest(line).into())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Hash, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Hash(bytes))
    }
}

/// A line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A group.
    Group(Group),
    /// The first line of a segment.
    Header(Header),
    /// A part of the snapshot behind a header.
    Open(Vec<Open>),
}

/// The members of a line behind `crc`.
#[derive(Deserialize)]
struct Members {
    prev: Hash,
    #[serde(default)]
    segment: Option<Header>,
    #[serde(default)]
    open: Option<Vec<Open>>,
    #[serde(default)]
    seq: Option<u64>,
    #[serde(default)]
    at: Option<Timestamp>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    notes: Vec<Note>,
}

#[derive(Serialize)]
struct HeaderMembers<'a> {
    prev: Hash,
    segment: &'a Header,
}

#[derive(Serialize)]
struct OpenMembers<'a> {
    prev: Hash,
    open: &'a [Open],
}

/// Why bytes are not a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLine {
    /// Longer than [`LINE_MAX`].
    #[error("longer than {LINE_MAX} bytes")]
    Long,
    /// No line end.
    #[error("cut off")]
    Cut,
    /// The CRC-32 does not match.
    #[error("its checksum does not match")]
    Checksum,
    /// The checksum matches, the members are not known: a newer format, or a defect of ours.
    #[error("not understood: {0}")]
    Unknown(String),
}

/// A line could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line of {0} bytes is longer than {LINE_MAX}")]
pub struct TooLong(pub usize);

/// Writes a line that follows the one with hash `prev`: its bytes with the line end, and its hash.
///
/// # Errors
/// [`TooLong`].
pub fn encode(line: &Line, prev: Hash) -> Result<(Vec<u8>, Hash), TooLong> {
    match line {
        Line::Group(Group { seq, at, events, notes }) => {
            let mut text = Text::default();
            events.iter().for_each(|event| text.event(event));
            notes.iter().for_each(|note| text.note(note));
            encode_group(*seq, *at, &text, prev)
        }
        Line::Header(segment) => encode_members(&HeaderMembers { prev, segment }),
        Line::Open(open) => encode_members(&OpenMembers { prev, open }),
    }
}

/// The same for a group that was written as it grew: number of its first event, and when it is written.
///
/// # Errors
/// [`TooLong`].
pub fn encode_group(seq: u64, at: Timestamp, text: &Text, prev: Hash) -> Result<(Vec<u8>, Hash), TooLong> {
    let mut rest = format!(r#""prev":"{prev}","seq":{seq},"at":"{at}""#).into_bytes();
    for (name, list) in [("events", &text.events), ("notes", &text.notes)] {
        if let Some((_, values)) = list.split_last() {
            rest.extend_from_slice(b",\"");
            rest.extend_from_slice(name.as_bytes());
            rest.extend_from_slice(b"\":[");
            rest.extend_from_slice(values);
            rest.push(b']');
        }
    }
    rest.push(b'}');
    finish(&rest)
}

fn encode_members<T: Serialize>(members: &T) -> Result<(Vec<u8>, Hash), TooLong> {
    // Our own types of strings and numbers always serialise.
    let members = serde_json::to_vec(members).unwrap_or_default();
    finish(members.get(1..).unwrap_or_default())
}

/// Puts the checksum in front of what it covers.
fn finish(rest: &[u8]) -> Result<(Vec<u8>, Hash), TooLong> {
    let mut bytes = front(crc32fast::hash(rest)).into_bytes();
    bytes.reserve_exact(rest.len() + 1);
    bytes.extend_from_slice(rest);
    let hash = Hash::of(&bytes);
    bytes.push(b'\n');
    if bytes.len() > LINE_MAX { Err(TooLong(bytes.len())) } else { Ok((bytes, hash)) }
}

/// Reads a line without its line end: the hash it names as the one before, what it says, and its own hash.
///
/// # Errors
/// [`BadLine`].
pub fn decode(bytes: &[u8]) -> Result<(Hash, Line, Hash), BadLine> {
    let (crc, rest) = check(bytes)?;
    // The members are read without the front, so the object begins again where the CRC's cover does.
    let members: Members = {
        let mut object = Vec::with_capacity(rest.len() + 1);
        object.push(b'{');
        object.extend_from_slice(rest);
        vietqr_edge_core::json::from_bytes(&object).map_err(|error| BadLine::Unknown(error.to_string()))?
    };
    let line = match members {
        Members { segment: Some(header), .. } => Line::Header(header),
        Members { open: Some(open), .. } => Line::Open(open),
        Members { seq: Some(seq), at: Some(at), events, notes, .. } => Line::Group(Group { seq, at, events, notes }),
        _ => return Err(BadLine::Unknown("neither segment, open nor seq".into())),
    };
    // A flipped bit that only makes a digit of the checksum a capital letter changes nothing: the hash is of the line as written.
    let hash = Sha256::new().chain_update(front(crc)).chain_update(rest).finalize();
    Ok((members.prev, line, Hash(hash.into())))
}

fn front(crc: u32) -> String {
    format!(r#"{{"crc":"{crc:08x}","#)
}

/// Only the checksum, and what it covers.
fn check(bytes: &[u8]) -> Result<(u32, &[u8]), BadLine> {
    let (front, rest) = bytes.split_at_checked(FRONT).ok_or(BadLine::Checksum)?;
    let named = front
        .strip_prefix(br#"{"crc":""#)
        .and_then(|rest| rest.strip_suffix(br#"","#))
        .and_then(|digits| std::str::from_utf8(digits).ok())
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .ok_or(BadLine::Checksum)?;
    if crc32fast::hash(rest) == named { Ok((named, rest)) } else { Err(BadLine::Checksum) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::event::{DeviceStopped, LinkSessionLost};

    fn group() -> Line {
        Line::Group(Group {
            seq: 7,
            at: Timestamp::from_secs(1_795_000_000),
            events: vec![
                Event::DeviceStopped(DeviceStopped { reason: "SIGTERM".into() }),
                Event::LinkSessionLost(LinkSessionLost { broker: "Quầy \"1\"\n".into() }),
            ],
            notes: vec![Note::ClockConfirmed { at: Timestamp::from_secs(5), by: "ntp".into() }],
        })
    }

    #[test]
    fn a_line_is_read_as_it_was_written_and_is_json() {
        let (bytes, hash) = encode(&group(), Hash([7; 32])).unwrap();
        let text = bytes.strip_suffix(b"\n").unwrap();
        assert_eq!(decode(text).unwrap(), (Hash([7; 32]), group(), hash));
        assert!(serde_json::from_slice::<serde_json::Value>(text).is_ok());
    }

    #[test]
    fn any_changed_byte_is_found() {
        let (bytes, _) = encode(&group(), Hash::NONE).unwrap();
        let text = bytes.strip_suffix(b"\n").unwrap();
        let whole = decode(text);
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut changed = text.to_vec();
                changed[at] ^= 1 << bit;
                // Upper-case hex digits in the checksum itself read the same; everything else must be refused.
                let same = changed.eq_ignore_ascii_case(text) && decode(&changed) == whole;
                assert!(decode(&changed).is_err() || same, "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn any_shortened_line_is_found() {
        let (bytes, _) = encode(&group(), Hash::NONE).unwrap();
        let text = bytes.strip_suffix(b"\n").unwrap();
        for len in 0..text.len() {
            assert!(decode(&text[..len]).is_err(), "{len} bytes");
        }
    }

    #[test]
    fn a_line_over_the_limit_is_refused_before_it_is_written() {
        let event = Event::DeviceStopped(DeviceStopped { reason: "x".repeat(LINE_MAX) });
        let line = Line::Group(Group { seq: 1, at: Timestamp::from_secs(0), events: vec![event], notes: vec![] });
        assert!(encode(&line, Hash::NONE).is_err());
    }
}
