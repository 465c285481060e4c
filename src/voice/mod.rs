//! The voice: says what came in, at most once, and nothing is lost in a burst.
//!
//! | file | holds |
//! |---|---|
//! | `actor` | the speaker's actor: asks what is due, has the ledger keep it, says it |
//! | `waiting` | reading what waits, and how old it is |
//! | `link` | when the loss of the network is said |
//! | `request` | the handle, and what people may ask |
//! | `source` | what is read of the ledger |
//! | `speaker` | a command, or clips and a player |
//! | `process` | one program for one sentence, which ends |
//! | `clips` | clip packs |

mod actor;
pub mod clips;
#[cfg(test)]
mod fake;
mod link;
mod process;
mod request;
mod source;
mod speaker;
mod waiting;

pub use actor::Voice;
pub use link::Link;
pub use process::{LastWords, SpeakError, Stop};
pub use request::{Handle, RequestError, Said};
pub use source::Source;
pub use speaker::{Program, Say, Speaker};

use serde::Serialize;
use vietqr_edge_core::{
    event::SkipReason,
    money::Dong,
    time::Timestamp,
    voice::{Dialect, Quiet},
};

/// `[voice] mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Sentences.
    #[default]
    Full,
    /// Only the pack's chime; nothing without a pack.
    Chime,
    /// Nothing.
    Off,
}

/// How to speak: `[voice]`.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What is heard. `Off` where there is no `[voice]`.
    pub mode: Mode,
    /// Words of the north or the south.
    pub dialect: Dialect,
    /// When nothing is said.
    pub quiet: Option<Quiet>,
    /// Under this amount, where no bill is open, the sentence warns.
    pub small_amount: Dong,
    /// Whether the loss of the broker is said.
    pub say_link: bool,
    /// Up to this age at receipt a payment is fresh, in seconds.
    pub fresh_s: u64,
    /// Up to this age it is told with its time, in seconds.
    pub late_s: u64,
}

impl Options {
    /// Why no sentence about money is said at `now`, where that is so; `speaks` is [`Say::speaks`].
    fn hushed(&self, now: Timestamp, speaks: bool) -> Option<SkipReason> {
        match self.mode {
            Mode::Off => Some(SkipReason::VoiceOff),
            Mode::Full if !speaks => Some(SkipReason::NoSpeaker),
            _ if self.quiet.is_some_and(|quiet| quiet.contains(now)) => Some(SkipReason::QuietHours),
            Mode::Chime => Some(SkipReason::ChimeOnly),
            Mode::Full => None,
        }
    }
}

/// What the speaker does now, for `/v1/status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What is heard.
    pub mode: Mode,
    /// What is being said.
    pub speaking: Option<String>,
    /// The last failure.
    pub last_error: Option<LastError>,
    /// What the program wrote on stderr the last time although it ended well: a speaker that nobody hears may say why here.
    pub last_words: LastWords,
}

/// A failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastError {
    /// When.
    pub at: Timestamp,
    /// What, for people.
    pub reason: String,
}
