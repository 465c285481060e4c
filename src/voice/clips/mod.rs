//! Clip packs: recorded words and pieces, joined into sentences. The format is in `docs/voice-packs.md`.
//!
//! A pack is checked whole when it is loaded and then kept in memory: a sentence needs no disk, and a clip that some amount could
//! need is missed at start and not when a customer pays.

mod join;
mod pack;
mod pieces;
mod wav;

pub use pack::{Pack, PackError};
pub use pieces::needed;
pub use wav::Sound;
