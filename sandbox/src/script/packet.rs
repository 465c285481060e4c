//! The bytes of MQTT 3.1.1, as far as a client of QoS 1 sends and gets them.

use anyhow::{Context, Result, bail};

/// What a client says in CONNECT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// Its id.
    pub client_id: String,
    /// False: it wants its session kept.
    pub clean_session: bool,
    /// Seconds.
    pub keep_alive: u16,
    /// Where it logs in.
    pub username: Option<String>,
    /// Where it logs in.
    pub password: Option<Vec<u8>>,
}

/// A packet from a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// It introduces itself.
    Connect(Connect),
    /// It asks for topics.
    Subscribe {
        /// To be given back in SUBACK.
        packet_id: u16,
        /// Topic filters, with the QoS asked for.
        filters: Vec<(String, u8)>,
    },
    /// It publishes.
    Publish(Publish),
    /// It acknowledges.
    PubAck(u16),
    /// It asks whether we are there.
    PingReq,
    /// It takes its leave.
    Disconnect,
    /// Anything else, by the type in the upper half of the first byte.
    Other(u8),
}

/// A message, either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// Where to.
    pub topic: String,
    /// The body.
    pub body: Vec<u8>,
    /// 0 or 1.
    pub qos: u8,
    /// On the wire only with QoS 1.
    pub packet_id: u16,
    /// Sent before.
    pub dup: bool,
    /// Kept by the broker.
    pub retain: bool,
}

impl Publish {
    /// A message of QoS 1, sent for the first time.
    pub fn new(packet_id: u16, topic: impl Into<String>, body: impl Into<Vec<u8>>) -> Publish {
        Publish { topic: topic.into(), body: body.into(), qos: 1, packet_id, dup: false, retain: false }
    }

    /// The whole packet. A topic over 65,535 bytes is cut.
    pub fn bytes(&self) -> Vec<u8> {
        let length = u16::try_from(self.topic.len()).unwrap_or(u16::MAX);
        let mut body = length.to_be_bytes().to_vec();
        body.extend_from_slice(&self.topic.as_bytes()[..usize::from(length)]);
        if self.qos > 0 {
            body.extend_from_slice(&self.packet_id.to_be_bytes());
        }
        body.extend_from_slice(&self.body);
        frame(0x30 | u8::from(self.dup) << 3 | (self.qos & 3) << 1 | u8::from(self.retain), &body)
    }
}

/// A packet of a first byte, the length and a body.
pub(super) fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut rest = body.len();
    loop {
        let digit = (rest % 128) as u8;
        rest /= 128;
        packet.push(if rest > 0 { digit | 0x80 } else { digit });
        if rest == 0 {
            break;
        }
    }
    packet.extend_from_slice(body);
    packet
}

/// Reads the length of a packet: seven bits a byte, the lowest first, at most four bytes.
#[derive(Default)]
pub(super) struct Length {
    value: usize,
    bytes: u32,
}

impl Length {
    /// Takes a byte; true when it was the last.
    pub(super) fn add(&mut self, byte: u8) -> Result<bool> {
        if self.bytes == 4 {
            bail!("length: expected at most 4 bytes");
        }
        self.value |= usize::from(byte & 0x7F) << (7 * self.bytes);
        self.bytes += 1;
        Ok(byte & 0x80 == 0)
    }

    pub(super) fn value(&self) -> usize {
        self.value
    }
}

/// Reads a packet's body; `first` is the byte before its length.
pub(super) fn read(first: u8, body: &[u8]) -> Result<Packet> {
    let mut rest = Rest(body);
    Ok(match first >> 4 {
        1 => Packet::Connect(rest.connect()?),
        3 => {
            let (topic, qos) = (rest.text()?, first >> 1 & 3);
            let packet_id = if qos > 0 { rest.u16()? } else { 0 };
            Packet::Publish(Publish {
                topic,
                body: rest.0.to_vec(),
                qos,
                packet_id,
                dup: first & 8 != 0,
                retain: first & 1 != 0,
            })
        }
        4 => Packet::PubAck(rest.u16()?),
        8 => {
            let packet_id = rest.u16()?;
            let mut filters = Vec::new();
            while !rest.0.is_empty() {
                filters.push((rest.text()?, rest.u8()?));
            }
            Packet::Subscribe { packet_id, filters }
        }
        12 => Packet::PingReq,
        14 => Packet::Disconnect,
        other => Packet::Other(other),
    })
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n).context("packet: expected more bytes")?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    fn bytes(&mut self) -> Result<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    fn text(&mut self) -> Result<String> {
        Ok(String::from_utf8(self.bytes()?.to_vec())?)
    }

    fn connect(&mut self) -> Result<Connect> {
        let (name, level) = (self.text()?, self.u8()?);
        if (name.as_str(), level) != ("MQTT", 4) {
            bail!("protocol: expected MQTT level 4 (3.1.1), got {name} level {level}");
        }
        let (flags, keep_alive) = (self.u8()?, self.u16()?);
        let client_id = self.text()?;
        if flags & 0x04 != 0 {
            // The will: a topic and a message.
            self.bytes()?;
            self.bytes()?;
        }
        let username = if flags & 0x80 != 0 { Some(self.text()?) } else { None };
        let password = if flags & 0x40 != 0 { Some(self.bytes()?.to_vec()) } else { None };
        Ok(Connect { client_id, clean_session: flags & 0x02 != 0, keep_alive, username, password })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unframe(packet: &[u8]) -> (u8, &[u8]) {
        let mut length = Length::default();
        let digits = packet[1..].iter().position(|byte| length.add(*byte).unwrap()).unwrap() + 1;
        assert_eq!(length.value(), packet.len() - 1 - digits);
        (packet[0], &packet[1 + digits..])
    }

    #[test]
    fn a_length_is_seven_bits_a_byte() {
        // MQTT 3.1.1, table 2.4.
        for (length, bytes) in [(0, vec![0]), (127, vec![0x7F]), (128, vec![0x80, 1]), (16_384, vec![0x80, 0x80, 1])] {
            assert_eq!(frame(0, &vec![0; length])[1..=bytes.len()], bytes);
        }
    }

    #[test]
    fn a_publish_is_read_as_it_was_written() {
        for (qos, dup, retain) in [(0, false, false), (1, false, true), (1, true, false)] {
            let packet_id = if qos == 0 { 0 } else { 65_535 };
            let publish = Publish { topic: "a/b".into(), body: vec![7; 200], qos, packet_id, dup, retain };
            let bytes = publish.bytes();
            let (first, body) = unframe(&bytes);
            assert_eq!(read(first, body).unwrap(), Packet::Publish(publish));
        }
    }

    #[test]
    fn a_packet_that_ends_early_is_an_error() {
        let bytes = Publish::new(1, "topic", "").bytes();
        let (first, body) = unframe(&bytes);
        assert!(read(first, &body[..4]).is_err());
        assert!(read(0x10, b"\0\x04MQTT\x05").unwrap_err().to_string().contains("level 5"));
    }
}
