//! systemd's notification socket, as sd_notify(3) has it. Without one nothing is sent and nothing is missing.

use rustix::time::{ClockId, clock_gettime};
use std::{
    env, io,
    os::{
        linux::net::SocketAddrExt,
        unix::{
            ffi::OsStrExt,
            net::{SocketAddr, UnixDatagram},
        },
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

/// The longest status that is sent, in characters.
const STATUS_CHARS: usize = 400;

/// Tells the supervisor. Clones share the socket; nothing waits for it.
#[derive(Clone, Debug, Default)]
pub struct Notifier {
    socket: Option<Arc<UnixDatagram>>,
    watchdog: Option<Duration>,
}

impl Notifier {
    /// The socket that `NOTIFY_SOCKET` names, and the time that `WATCHDOG_USEC` gives this process.
    ///
    /// # Errors
    /// As the system says, where the socket that is named can not be used.
    pub fn from_env() -> io::Result<Notifier> {
        let Some(name) = env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Ok(Notifier::default());
        };
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            _ => SocketAddr::from_pathname(Path::new(&name))?,
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // A supervisor that reads nothing must not hold the daemon up.
        socket.set_nonblocking(true)?;
        let number = |key: &str| env::var(key).ok()?.parse::<u64>().ok();
        let ours = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|usec| ours && *usec > 0).map(Duration::from_micros);
        Ok(Notifier { socket: Some(Arc::new(socket)), watchdog })
    }

    /// A notifier of this socket, for tests.
    pub fn to(socket: UnixDatagram, watchdog: Duration) -> Notifier {
        Notifier { socket: Some(Arc::new(socket)), watchdog: Some(watchdog) }
    }

    /// How long the supervisor waits for [`Notifier::alive`] before it ends this process; `None` where it does not.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The start is over, or the reload.
    pub fn ready(&self) {
        self.send("READY=1");
    }

    /// The configuration is read again; [`Notifier::ready`] follows.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let usec = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1_000;
        self.send(&format!("RELOADING=1\nMONOTONIC_USEC={usec}"));
    }

    /// The daemon ends.
    pub fn stopping(&self) {
        self.send("STOPPING=1");
    }

    /// The start, the reload or the end under way takes at least this much longer.
    pub fn extend(&self, by: Duration) {
        self.send(&format!("EXTEND_TIMEOUT_USEC={}", by.as_micros()));
    }

    /// Feeds the watchdog.
    pub fn alive(&self) {
        if self.watchdog.is_some() {
            self.send("WATCHDOG=1");
        }
    }

    /// How the daemon is, in one line.
    pub fn status(&self, line: &str) {
        // A line end would begin another assignment.
        let line: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(STATUS_CHARS).collect();
        self.send(&format!("STATUS={line}"));
    }

    fn send(&self, message: &str) {
        if let Some(Err(error)) = self.socket.as_ref().map(|socket| socket.send(message.as_bytes())) {
            tracing::debug!(%error, "the supervisor could not be told");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Notifier, UnixDatagram) {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        (Notifier::to(ours, Duration::from_secs(1)), theirs)
    }

    fn received(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 4096];
        let n = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..n].to_vec()).unwrap()
    }

    #[test]
    fn a_status_is_one_line_whatever_it_says() {
        let (notifier, socket) = pair();
        notifier.status(&format!("the link is down: x\nREADY=1\r{}", "ố".repeat(1000)));
        let told = received(&socket);
        assert!(told.starts_with("STATUS=the link is down: x READY=1 ố"), "{told}");
        assert_eq!((told.lines().count(), told.chars().count()), (1, STATUS_CHARS + "STATUS=".len()));
    }

    #[test]
    fn a_reload_says_when_it_began_on_the_clock_that_systemd_compares() {
        let (notifier, socket) = pair();
        notifier.reloading();
        let told = received(&socket);
        let usec: u128 = told.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").unwrap().parse().unwrap();
        let now = clock_gettime(ClockId::Monotonic).tv_sec;
        assert!((u128::try_from(now).unwrap() - usec / 1_000_000) < 60, "{usec} and {now} s");
    }

    #[test]
    fn a_supervisor_that_reads_nothing_holds_nobody_up() {
        let (ours, _theirs) = UnixDatagram::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let notifier = Notifier::to(ours, Duration::from_secs(1));
        (0..100_000).for_each(|_| notifier.alive());
    }

    #[test]
    fn without_a_supervisor_nothing_is_told() {
        let notifier = Notifier::default();
        notifier.ready();
        assert_eq!(notifier.watchdog(), None);
    }
}
