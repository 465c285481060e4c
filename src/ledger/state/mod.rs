//! What the journal means: every line, applied in order, gives the state. The same code runs when a line is written and when the
//! state is built again, so the two can not differ.
//!
//! - [`apply`]: one event or note
//! - [`known`]: payments by what names them
//! - [`places`]: the same for all keys of one payment, looked up once
//! - [`speech`]: what the speaker made of each payment
//! - [`refund`]: refunds, and what outlives their lines
//! - [`pins`]: wrong PINs
//! - [`entry`]: how the small entries are written
//! - [`damage`]: which unreadable places were told
//! - `varint`: numbers in as few bytes as they need
//! - [`snapshot`]: what is open, for the header of a segment

pub mod apply;
pub mod damage;
pub mod entry;
pub mod known;
mod open_refunds;
pub mod pins;
pub mod places;
pub mod refund;
pub mod snapshot;
pub mod speech;
mod varint;

pub use apply::State;
pub use entry::{DueEntry, Extra, Meta, Position, SegmentFacts};
