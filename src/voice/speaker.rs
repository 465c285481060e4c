//! What speaks: a text-to-speech command, or clips joined and given to a player.

use super::{
    clips::Pack,
    process::{self, LastWords, SpeakError, Stop},
};
use futures_util::future::BoxFuture;
use std::time::Duration;

/// No sentence is taken for hung before this.
const LEAST: Duration = Duration::from_secs(30);
/// How long a program may take to begin and to end, beside the speech.
const OVERHEAD: Duration = Duration::from_secs(10);
/// Speech takes at most this for a character: espeak-ng takes 55 ms at its normal speed.
const CHARACTER: Duration = Duration::from_millis(150);

/// What the actor needs of a speaker. A seam: tests listen here.
pub trait Say: Send + Sync + 'static {
    /// Says one sentence to its end.
    fn say<'a>(&'a self, sentence: &'a str, stop: Stop) -> BoxFuture<'a, Result<LastWords, SpeakError>>;
    /// Sounds the chime for money that came; nothing where there is none.
    fn chime(&self, stop: Stop) -> BoxFuture<'_, Result<LastWords, SpeakError>>;
    /// Whether there is anything to say a sentence with.
    fn speaks(&self) -> bool;
}

/// `[voice] command`, or `clips` and `player`.
#[derive(Debug)]
pub enum Speaker {
    /// The sentence and a newline on its stdin, one process a sentence.
    Command(Program),
    /// A clip pack.
    Clips {
        /// The loaded pack.
        pack: Pack,
        /// One WAV file on its stdin, one process a sentence.
        player: Program,
    },
    /// Neither is configured.
    None,
}

/// A program and its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    argv: Vec<String>,
    limit: Option<Duration>,
}

impl Program {
    /// The program comes first. It is found through `PATH`; no shell is involved.
    pub fn new(argv: Vec<String>) -> Program {
        Program { argv, limit: None }
    }

    /// Taken for hung after `limit`, not after a time that fits the length of what it says (at least 30 s).
    pub fn limited_to(mut self, limit: Duration) -> Program {
        self.limit = Some(limit);
        self
    }

    /// `speech` is how long it may speak.
    async fn run(&self, input: &[u8], speech: Duration, stop: Stop) -> Result<LastWords, SpeakError> {
        let limit = self.limit.unwrap_or_else(|| LEAST.max(OVERHEAD.saturating_add(speech)));
        process::run(&self.argv, input, limit, stop).await
    }
}

impl Say for Speaker {
    fn say<'a>(&'a self, sentence: &'a str, stop: Stop) -> BoxFuture<'a, Result<LastWords, SpeakError>> {
        Box::pin(async move {
            match self {
                Speaker::Command(command) => {
                    command.run(format!("{sentence}\n").as_bytes(), speech(sentence), stop).await
                }
                Speaker::Clips { pack, player } => {
                    let sound = pack.sentence(sentence)?;
                    player.run(&sound.wav(), sound.length(), stop).await
                }
                Speaker::None => Err(SpeakError::NotFound("a speaker ([voice] command or clips)".to_owned())),
            }
        })
    }

    fn chime(&self, stop: Stop) -> BoxFuture<'_, Result<LastWords, SpeakError>> {
        Box::pin(async move {
            match self {
                Speaker::Clips { pack, player } => {
                    let sound = pack.chime();
                    player.run(&sound.wav(), sound.length(), stop).await
                }
                Speaker::Command(_) | Speaker::None => Ok(None),
            }
        })
    }

    fn speaks(&self) -> bool {
        !matches!(self, Speaker::None)
    }
}

/// How long a sentence takes at most.
fn speech(sentence: &str) -> Duration {
    CHARACTER.saturating_mul(u32::try_from(sentence.chars().count()).unwrap_or(u32::MAX))
}
