//! Runs one program for one sentence and sees to it that it ends.
//!
//! The program gets its own process group, the input on stdin, and a limit. Past the limit the whole group gets SIGTERM and, a grace
//! later, SIGKILL. The leader is reaped only after the last signal: until then its id can not become another process's.

use rustix::process::{Pid, Signal, kill_process_group};
use std::{
    convert::Infallible,
    future::pending,
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, Command},
    sync::watch,
    time::{sleep, timeout},
};

/// Becomes true (or loses its sender) when the daemon stops.
pub type Stop = watch::Receiver<bool>;

/// What a program that ended well wrote on stderr at the last, in one line. espeak-ng without a sound card ends with exit code 0.
pub type LastWords = Option<String>;

/// Between SIGTERM and SIGKILL, for a program that hangs.
const GRACE: Duration = Duration::from_secs(1);
/// How long a running sentence may go on when the daemon stops; with [`STOP_GRACE`] within the 2 s the speaker has to stop.
const STOP_PATIENCE: Duration = Duration::from_millis(1200);
/// Between SIGTERM and SIGKILL when the daemon stops.
const STOP_GRACE: Duration = Duration::from_millis(400);
/// How long a killed program is waited for. One that the kernel does not let go is left to be reaped later.
const REAP: Duration = Duration::from_millis(200);
/// How long the last words on stderr are waited for where something left behind holds the pipe open.
const LAST_WORDS: Duration = Duration::from_millis(20);
/// Bytes of stderr kept for the report.
const TAIL: usize = 300;

/// Why something was not said to the end.
#[derive(Debug, thiserror::Error)]
pub enum SpeakError {
    /// There is no such program.
    #[error("{0} was not found: install it, or name another program in [voice]")]
    NotFound(String),
    /// The system refused to start it.
    #[error("{0} could not be started: {1}")]
    Start(String, io::Error),
    /// It ended, but not well: the program, how it ended, the end of its stderr.
    #[error("{0} failed ({1}){2}")]
    Failed(String, String, String),
    /// It did not end by itself: the program, after how many seconds it was stopped, the end of its stderr.
    #[error("{0} did not end within {1} s and was stopped{2}")]
    Hung(String, u64, String),
    /// The daemon stops.
    #[error("stopped with the daemon before it was said to the end")]
    Stopped,
    /// The clip pack has no clip for a part of the sentence.
    #[error("the clip pack has no clip for '{0}'")]
    NoClip(String),
}

/// Runs `argv` with `input` on its stdin until it ends by itself, for at most `limit`, or until `stop` and a little longer.
/// Dropped half-way, it kills the group.
///
/// # Errors
/// [`SpeakError`]: not found, not started, an exit code other than 0, killed by a signal, hung, stopped.
pub(super) async fn run(argv: &[String], input: &[u8], limit: Duration, stop: Stop) -> Result<LastWords, SpeakError> {
    let hung = async {
        sleep(limit).await;
        limit.as_secs()
    };
    run_until(argv, input, hung, stop).await
}

/// `hung` ends when the program is to be stopped, with the seconds it had.
async fn run_until(
    argv: &[String],
    input: &[u8],
    hung: impl Future<Output = u64>,
    stop: Stop,
) -> Result<LastWords, SpeakError> {
    let (program, arguments) = argv.split_first().ok_or_else(|| SpeakError::NotFound("an empty command".to_owned()))?;
    let mut group = Group::spawn(program, arguments)?;
    let ended = tokio::select! {
        biased;
        ended = group.converse(input) => ended,
        seconds = hung => {
            group.end(GRACE).await;
            return Err(SpeakError::Hung(program.clone(), seconds, group.tail.reason()));
        }
        () = stopping(stop) => {
            group.end(STOP_GRACE).await;
            return Err(SpeakError::Stopped);
        }
    };
    match ended {
        Ok(status) if status.success() => Ok(group.tail.line()),
        Ok(status) => Err(SpeakError::Failed(program.clone(), how(status), group.tail.reason())),
        Err(error) => Err(SpeakError::Failed(program.clone(), error.to_string(), String::new())),
    }
}

async fn stopping(mut stop: Stop) {
    // A lost sender means that the daemon ends as well.
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(STOP_PATIENCE).await;
}

fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => status.to_string(),
    }
}

/// A process and all that it started. Killed when dropped before it was seen to end.
struct Group {
    child: Child,
    stderr: Option<ChildStderr>,
    tail: Tail,
}

impl Group {
    fn spawn(program: &str, arguments: &[String]) -> Result<Group, SpeakError> {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SpeakError::NotFound(program.to_owned()),
            _ => SpeakError::Start(program.to_owned(), error),
        })?;
        let stderr = child.stderr.take();
        Ok(Group { child, stderr, tail: Tail::default() })
    }

    /// Feeds it, listens to it and waits for its end.
    async fn converse(&mut self, input: &[u8]) -> io::Result<ExitStatus> {
        let mut stdin = self.child.stdin.take();
        let write = async {
            if let Some(mut pipe) = stdin.take() {
                // It may end without reading: its exit code says whether that is a failure.
                let _ = pipe.write_all(input).await;
            }
            pending::<Infallible>().await
        };
        let status = tokio::select! {
            status = self.child.wait() => status?,
            never = self.tail.follow(&mut self.stderr) => match never {},
            never = write => match never {},
        };
        let _ = timeout(LAST_WORDS, self.tail.fill(&mut self.stderr)).await;
        Ok(status)
    }

    fn signal(&self, signal: Signal) {
        // The id is there until the leader is reaped.
        let leader = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(leader) = leader {
            let _ = kill_process_group(leader, signal);
        }
    }

    async fn end(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        // Its stderr is read on: a full or closed pipe would end it before it has closed its device.
        let Err(_) = timeout(grace, self.tail.follow(&mut self.stderr)).await;
        self.signal(Signal::KILL);
        let _ = timeout(REAP, self.child.wait()).await;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// The last bytes of a stream.
#[derive(Default)]
struct Tail(Vec<u8>);

impl Tail {
    /// Reads for ever, so that a full pipe does not hold the program up.
    async fn follow(&mut self, stream: &mut Option<ChildStderr>) -> Infallible {
        self.fill(stream).await;
        pending().await
    }

    /// Reads to the end.
    async fn fill(&mut self, stream: &mut Option<impl AsyncRead + Unpin>) {
        let mut part = [0; 512];
        while let Some(source) = stream {
            match source.read(&mut part).await {
                Ok(n @ 1..) => {
                    self.0.extend_from_slice(&part[..n]);
                    self.0.drain(..self.0.len().saturating_sub(TAIL));
                }
                Ok(0) | Err(_) => *stream = None,
            }
        }
    }

    /// For people, in one line; `None` where there is nothing.
    fn line(&self) -> LastWords {
        let text = String::from_utf8_lossy(&self.0);
        let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
        let line = words.collect::<Vec<_>>().join(" ");
        // A letter that was cut in two.
        let line = line.trim_start_matches('\u{fffd}');
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// The same, to be put after a reason.
    fn reason(&self) -> String {
        self.line().map(|line| format!(": {line}")).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
