//! WAV files of one kind: mono, 16-bit PCM.

use std::time::Duration;

const PCM: u16 = 1;
const EXTENSIBLE: u16 = 0xfffe;

/// Samples of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Samples a second.
    pub rate: u32,
    /// 16-bit samples.
    pub samples: Vec<i16>,
}

impl Sound {
    /// From the bytes of a WAV file.
    ///
    /// # Errors
    /// What was expected and what was found, for people.
    pub fn parse(bytes: &[u8]) -> Result<Sound, String> {
        let (Some(b"RIFF"), Some(b"WAVE")) = (bytes.get(..4), bytes.get(8..12)) else {
            return Err("expected a WAV file (RIFF, WAVE)".to_owned());
        };
        let mut rest = &bytes[12..];
        let mut rate = None;
        while rest.len() >= 8 {
            let (head, body) = rest.split_at(8);
            let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
            let chunk = body.get(..size).ok_or("the file ends before a chunk of it does")?;
            match (&head[..4], rate) {
                (b"fmt ", _) => rate = Some(format(chunk)?),
                (b"data", Some(rate)) => {
                    let samples = chunk.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
                    return Ok(Sound { rate, samples });
                }
                (b"data", None) => return Err("the samples come before their format".to_owned()),
                _ => {}
            }
            // A chunk of odd length is followed by one byte of padding.
            rest = body.get(size + size % 2..).unwrap_or_default();
        }
        Err("expected a chunk of samples (data)".to_owned())
    }

    /// As a WAV file.
    pub fn wav(&self) -> Vec<u8> {
        let data = u32::try_from(self.samples.len() * 2).unwrap_or(u32::MAX);
        let mut file = Vec::with_capacity(44 + self.samples.len() * 2);
        file.extend_from_slice(b"RIFF");
        file.extend_from_slice(&data.saturating_add(36).to_le_bytes());
        file.extend_from_slice(b"WAVEfmt ");
        file.extend_from_slice(&16_u32.to_le_bytes());
        file.extend_from_slice(&PCM.to_le_bytes());
        file.extend_from_slice(&1_u16.to_le_bytes());
        file.extend_from_slice(&self.rate.to_le_bytes());
        file.extend_from_slice(&self.rate.saturating_mul(2).to_le_bytes());
        file.extend_from_slice(&2_u16.to_le_bytes());
        file.extend_from_slice(&16_u16.to_le_bytes());
        file.extend_from_slice(b"data");
        file.extend_from_slice(&data.to_le_bytes());
        file.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        file
    }

    /// How long it sounds.
    pub fn length(&self) -> Duration {
        Duration::from_secs_f64(self.samples.len() as f64 / f64::from(self.rate.max(1)))
    }
}

/// The sample rate, where the format is the one we join.
fn format(chunk: &[u8]) -> Result<u32, String> {
    let short = |at: usize| chunk.get(at..at + 2).map(|b| u16::from_le_bytes([b[0], b[1]]));
    let (Some(mut kind), Some(channels), Some(low), Some(high), Some(bits)) =
        (short(0), short(2), short(4), short(6), short(14))
    else {
        return Err("its format chunk is too short".to_owned());
    };
    if kind == EXTENSIBLE {
        kind = short(24).unwrap_or(kind);
    }
    if (kind, channels, bits) != (PCM, 1, 16) {
        return Err(format!("expected mono 16-bit PCM, found format {kind}, {channels} channels, {bits} bits"));
    }
    Ok(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sound() -> Sound {
        Sound { rate: 16_000, samples: vec![0, 1, -1, i16::MAX, i16::MIN] }
    }

    #[test]
    fn what_is_written_reads_back() {
        assert_eq!(Sound::parse(&sound().wav()), Ok(sound()));
    }

    #[test]
    fn unknown_chunks_are_passed_over_with_their_padding() {
        let plain = sound().wav();
        let mut file = plain[..12].to_vec();
        file.extend_from_slice(b"LIST\x03\0\0\0abc\0");
        file.extend_from_slice(&plain[12..]);
        assert_eq!(Sound::parse(&file), Ok(sound()));
    }

    #[test]
    fn every_cut_of_a_file_is_an_error() {
        let file = sound().wav();
        for length in 0..file.len() {
            assert!(Sound::parse(&file[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn stereo_or_eight_bits_are_refused_and_said() {
        for (at, value, said) in [(22, 2, "2 channels"), (34, 8, "8 bits"), (20, 3, "format 3")] {
            let mut file = sound().wav();
            file[at] = value;
            let error = Sound::parse(&file).unwrap_err();
            assert!(error.contains("mono 16-bit PCM") && error.contains(said), "{error}");
        }
    }

    #[test]
    fn its_length_is_samples_over_rate() {
        assert_eq!(Sound { rate: 8_000, samples: vec![0; 4_000] }.length(), Duration::from_millis(500));
    }
}
