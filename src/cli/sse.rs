//! Reads a stream of Server-Sent Events.

use super::failure::Failure;

/// The longest message that is kept, in bytes. A journal line, and with it an event, has at most 64 KB.
const MOST: usize = 1024 * 1024;

/// Bytes that came and are not yet a whole message.
#[derive(Debug, Default)]
pub(super) struct Messages {
    rest: Vec<u8>,
}

/// A message that carries data.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Number of the event.
    pub(super) id: u64,
    /// Its document.
    pub(super) data: String,
}

impl Messages {
    /// The messages that end in this part of the stream. Comments are passed over.
    ///
    /// # Errors
    /// Exit 1 where something else than the daemon's events comes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Message>, Failure> {
        self.rest.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(end) = self.rest.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.rest.drain(..end + 2).collect();
            messages.extend(message(&String::from_utf8_lossy(&block))?);
        }
        if self.rest.len() > MOST {
            return Err(Failure::failed("the stream of events has a message that does not end"));
        }
        Ok(messages)
    }
}

fn message(block: &str) -> Result<Option<Message>, Failure> {
    let (mut id, mut data) = (None, Vec::new());
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => id = value.parse().ok(),
            "data" => data.push(value),
            _ => {}
        }
    }
    match (id, data.is_empty()) {
        (_, true) => Ok(None),
        (Some(id), false) => Ok(Some(Message { id, data: data.join("\n") })),
        (None, false) => Err(Failure::failed("the stream of events has a message without a number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_wherever_the_stream_is_cut() {
        let stream = b": keep alive\n\nid: 7\nevent: link.up\ndata: {\"a\":1}\n\nid:8\ndata:{}\n\n";
        let expected = [Message { id: 7, data: "{\"a\":1}".into() }, Message { id: 8, data: "{}".into() }];
        for cut in 0..stream.len() {
            let mut messages = Messages::default();
            let mut found = messages.feed(&stream[..cut]).unwrap();
            found.extend(messages.feed(&stream[cut..]).unwrap());
            assert_eq!(found, expected, "cut at {cut}");
        }
    }

    #[test]
    fn a_message_that_does_not_end_is_refused() {
        assert!(Messages::default().feed(&vec![b'x'; MOST + 1]).is_err());
    }
}
