//! What speaks: a text-to-speech command, or clips joined and given to a player.

use super::{
    clips::Pack,
    process::{self, SpeakError, Stop},
};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// No sentence is taken for hung before this.
const LEAST: Duration = Duration::from_secs(30);
/// How long a program may take to begin and to end, beside the speech.
const OVERHEAD: Duration = Duration::from_secs(10);
/// Speech takes at most this for a character: espeak-ng takes 70 ms at its normal speed.
const CHARACTER: Duration = Duration::from_millis(150);

/// What the actor needs of a speaker. A seam: tests listen here.
pub trait Say: Send + Sync + 'static {
    /// Says one sentence to its end.
    fn say<'a>(&'a self, sentence: &'a str, stop: Stop) -> BoxFuture<'a, Result<(), SpeakError>>;
    /// Sounds the chime for money that came; nothing where there is none.
    fn chime(&self, stop: Stop) -> BoxFuture<'_, Result<(), SpeakError>>;
    /// Whether there is anything to say a sentence with.
    fn speaks(&self) -> bool;
}

/// `[voice] command`, or `clips` and `player`.
#[derive(Debug)]
pub enum Speaker {
    /// A program and its arguments: the sentence and a newline on its stdin, one process a sentence.
    Command(Vec<String>),
    /// A clip pack.
    Clips {
        /// The loaded pack.
        pack: Pack,
        /// A program and its arguments: one WAV file on its stdin, one process a sentence.
        player: Vec<String>,
    },
    /// Neither is configured.
    None,
}

impl Say for Speaker {
    fn say<'a>(&'a self, sentence: &'a str, stop: Stop) -> BoxFuture<'a, Result<(), SpeakError>> {
        Box::pin(async move {
            match self {
                Speaker::Command(command) => {
                    let input = format!("{sentence}\n");
                    process::run(command, input.as_bytes(), limit(sentence), stop).await
                }
                Speaker::Clips { pack, player } => play(player, &pack.sentence(sentence)?, stop).await,
                Speaker::None => Err(SpeakError::NotFound("a speaker ([voice] command or clips)".to_owned())),
            }
        })
    }

    fn chime(&self, stop: Stop) -> BoxFuture<'_, Result<(), SpeakError>> {
        Box::pin(async move {
            match self {
                Speaker::Clips { pack, player } => play(player, &pack.chime(), stop).await,
                Speaker::Command(_) | Speaker::None => Ok(()),
            }
        })
    }

    fn speaks(&self) -> bool {
        !matches!(self, Speaker::None)
    }
}

async fn play(player: &[String], sound: &super::clips::Sound, stop: Stop) -> Result<(), SpeakError> {
    process::run(player, &sound.wav(), LEAST.max(OVERHEAD + sound.length()), stop).await
}

/// After how long a sentence is taken for hung.
fn limit(sentence: &str) -> Duration {
    let characters = u32::try_from(sentence.chars().count()).unwrap_or(u32::MAX);
    LEAST.max(OVERHEAD.saturating_add(CHARACTER.saturating_mul(characters)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_sentence_has_more_time_and_a_short_one_not_less_than_30_s() {
        assert_eq!(limit("Đã nhận hai mươi lăm nghìn đồng"), Duration::from_secs(30));
        assert_eq!(limit(&"ộ".repeat(200)), Duration::from_secs(40));
    }
}
