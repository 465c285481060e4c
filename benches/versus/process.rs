//! A program that is measured, from outside: what the broker and the kernel see of it.

use super::broker::Log;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use std::{
    fs,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

const DEADLINE: Duration = Duration::from_secs(300);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(1);

/// Looks until there is something, and gives it.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "waited {DEADLINE:?} for {what}");
        thread::sleep(LOOK);
    }
}

/// A program that has subscribed. Dropped, it is ended.
pub struct Running {
    child: Child,
    log: Log,
    /// From its start to the broker's SUBACK.
    pub up_after: Duration,
}

impl Running {
    pub fn start(mut command: Command, log: Log) -> Running {
        let begun = Instant::now();
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut running = Running { child, log, up_after: Duration::ZERO };
        until("the subscription", || running.look(|log| log.subscribed().then_some(())));
        running.up_after = begun.elapsed();
        running
    }

    /// Waits until so many messages are acknowledged since its start.
    pub fn acknowledged(&mut self, messages: usize) {
        until("the acknowledgements", || self.look(|log| (log.acknowledged() >= messages).then_some(())));
    }

    fn look<T>(&mut self, look: impl FnOnce(&mut Log) -> Option<T>) -> Option<T> {
        let ended = self.child.try_wait().unwrap();
        assert!(ended.is_none(), "the program ended: {ended:?}");
        look(&mut self.log)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Ends it as a service does. Gives the bytes that it made the kernel write to disk in all its time, those of its end too: whole
    /// pages, without the file system's own.
    pub fn end(mut self) -> f64 {
        self.signal(Signal::TERM);
        // Ended and not yet waited for: the kernel still has its sums.
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        until("its end", || waitid(WaitId::Pid(Pid::from_child(&self.child)), ended).unwrap());
        let written = self.written_bytes();
        self.child.wait().unwrap();
        written
    }

    pub fn resident_mb(&self) -> f64 {
        self.proc_field("status", "VmRSS:") / 1024.0
    }

    /// The same up to now.
    pub fn written_bytes(&self) -> f64 {
        self.proc_field("io", "write_bytes:")
    }

    fn proc_field(&self, file: &str, name: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
