//! The journal: an append-only file in segments. It is the truth.
//!
//! - [`group`]: what is written together
//! - [`mod@line`]: one line, its CRC-32 and its hash
//! - [`segment`]: the files, their names and headers
//! - [`scan`]: reading a segment, past anything that can not be read
//! - [`append`]: writing the newest segment, and beginning the next

pub mod append;
pub mod group;
pub mod line;
pub mod scan;
pub mod segment;

pub use group::Group;
pub use line::{Hash, LINE_MAX, Line};
pub use scan::{Scanned, Scanner};
pub use segment::{FORMAT, Header, Open, SegmentName};
