//! The daemon of vietqr-edge.

pub mod config;
