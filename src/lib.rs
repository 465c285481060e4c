//! The daemon of vietqr-edge: I/O around the rules of `vietqr-edge-core`, one actor a file.

pub mod answers;
pub mod bundle;
pub mod cli;
pub mod clock;
pub mod config;
pub mod cursor;
pub mod exchange;
pub mod fs;
pub mod http;
pub mod lane;
pub mod ledger;
pub mod link;
pub mod logging;
pub mod memory;
pub mod metrics;
pub mod pin;
pub mod probe;
pub mod server;
pub mod supervisor;
pub mod tls;
pub mod voice;
