//! The real daemon as a process, against the sandbox's broker over TLS.

mod certificates;
#[path = "../support/daemon.rs"]
mod daemon;
mod disk;
mod link;
mod money;
mod notify;
mod poison;
mod start;
mod stop;
