//! Joining clips: each is trimmed to its sound, with a short pause between two.

use super::wav::Sound;

/// Samples below this are silence: 1 % of full scale (-40 dB).
const SILENCE: u16 = 328;
/// Silence kept on each side of a sound, where there is any: soft beginnings and ends are not cut hard.
const MARGIN_MS: u32 = 15;
/// Between the sound of one clip and the sound of the next (voice.md: 30-60 ms).
const GAP_MS: u32 = 40;

/// A clip without the silence around it.
#[derive(Debug)]
pub(super) struct Clip {
    samples: Vec<i16>,
    /// Quiet samples kept before the sound.
    lead: usize,
    /// Quiet samples kept after it.
    tail: usize,
}

impl Clip {
    /// `None` where nothing is to be heard.
    pub(super) fn trimmed(sound: &Sound) -> Option<Clip> {
        let loud = |sample: &i16| sample.unsigned_abs() >= SILENCE;
        let first = sound.samples.iter().position(loud)?;
        let last = sound.samples.iter().rposition(loud)?;
        let margin = samples(sound.rate, MARGIN_MS);
        let (lead, tail) = (first.min(margin), (sound.samples.len() - 1 - last).min(margin));
        Some(Clip { samples: sound.samples[first - lead..=last + tail].to_vec(), lead, tail })
    }

    /// Bytes of memory it takes.
    pub(super) fn size(&self) -> usize {
        self.samples.len() * 2
    }

    /// How long it sounds, in milliseconds.
    pub(super) fn length_ms(&self, rate: u32) -> u64 {
        self.samples.len() as u64 * 1000 / u64::from(rate.max(1))
    }
}

/// One sound of all clips in order.
pub(super) fn join<'a>(rate: u32, clips: impl IntoIterator<Item = &'a Clip>) -> Sound {
    let gap = samples(rate, GAP_MS);
    let mut joined: Vec<i16> = Vec::new();
    let mut before: Option<&Clip> = None;
    for clip in clips {
        if let Some(before) = before {
            let pause = gap.saturating_sub(before.tail + clip.lead);
            joined.resize(joined.len() + pause, 0);
        }
        joined.extend_from_slice(&clip.samples);
        before = Some(clip);
    }
    Sound { rate, samples: joined }
}

fn samples(rate: u32, ms: u32) -> usize {
    (u64::from(rate) * u64::from(ms) / 1000) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: u32 = 1000; // one sample a millisecond

    fn clip(before: usize, loud: usize, after: usize) -> Clip {
        let samples = [vec![5; before], vec![9_000; loud], vec![-5; after]].concat();
        Clip::trimmed(&Sound { rate: RATE, samples }).unwrap()
    }

    /// The lengths of the quiet stretches between loud ones.
    fn pauses(sound: &Sound) -> Vec<usize> {
        let inner = sound.samples.split(|s| s.unsigned_abs() >= SILENCE).map(<[i16]>::len);
        let inner: Vec<_> = inner.collect();
        inner[1..inner.len() - 1].iter().copied().filter(|&n| n > 0).collect()
    }

    #[test]
    fn two_sounds_are_40_ms_apart_whatever_silence_they_came_with() {
        let clips = [clip(0, 10, 0), clip(500, 10, 300), clip(7, 10, 3), clip(0, 10, 90), clip(20, 10, 0)];
        assert_eq!(pauses(&join(RATE, &clips)), [40, 40, 40, 40]);
    }

    #[test]
    fn a_sentence_begins_and_ends_within_15_ms() {
        let sound = join(RATE, &[clip(500, 10, 500)]);
        assert_eq!(sound.samples.len(), 15 + 10 + 15);
    }

    #[test]
    fn a_pause_inside_a_clip_stays() {
        let samples = [vec![9_000; 5], vec![0; 100], vec![9_000; 5]].concat();
        let clip = Clip::trimmed(&Sound { rate: RATE, samples }).unwrap();
        assert_eq!(clip.samples.len(), 110);
    }

    #[test]
    fn a_clip_in_which_nothing_is_heard_is_none() {
        assert!(Clip::trimmed(&Sound { rate: RATE, samples: vec![100; 1000] }).is_none());
        assert!(Clip::trimmed(&Sound { rate: RATE, samples: vec![] }).is_none());
    }
}
