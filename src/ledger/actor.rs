//! The ledger's thread: it takes commands that wait together, commits them as a group, and answers.

use super::{
    Job,
    command::{Answer, Command, Refused},
    writer::{Fatal, Writer},
};
use std::time::Duration;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, error::Elapsed, timeout_at},
};

/// The most commands in a group.
const GROUP_MAX: usize = 64;
/// Commands that may ride with the next group wait for one at most this long.
const LAZY: Duration = Duration::from_secs(5);
/// Without a command for this long those that may ride are committed alone, and a checkpoint that is due is made.
const QUIET: Duration = Duration::from_secs(1);
/// The store is written so long after a command, in a quiet moment: more payments share what is written, flash is spared, and the
/// journal has it all.
const BEHIND: Duration = Duration::from_secs(60);
/// The most commands that are applied again after a crash.
const BEHIND_MAX: usize = 1024;
/// How often the bounds are looked at.
const RETAIN_EVERY: Duration = Duration::from_secs(3600);

type Waiting = oneshot::Sender<Result<Answer, Refused>>;

/// Commands that are committed together.
#[derive(Default)]
struct Group {
    commands: Vec<Command>,
    answers: Vec<Waiting>,
    /// Answered behind the others, and never committed.
    beats: Vec<Waiting>,
}

/// What the store on disk lacks.
#[derive(Default)]
struct Behind {
    commands: usize,
    /// When the first of it came.
    since: Option<Instant>,
}

impl Behind {
    /// Takes note of a turn with so many commands, after which the store lacks something.
    fn turn(&mut self, commands: usize) {
        self.commands += commands;
        self.since.get_or_insert_with(Instant::now);
    }

    /// How long until it is to be written; `None` where it lacks nothing.
    fn due_in(&self) -> Option<Duration> {
        self.since.map(|since| BEHIND.saturating_sub(since.elapsed()))
    }

    fn is_due(&self) -> bool {
        self.due_in() == Some(Duration::ZERO)
    }
}

/// Runs until every handle is gone or the ledger fails.
pub(super) fn run(mut writer: Writer, mut jobs: mpsc::Receiver<Job>) -> Result<(), Fatal> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Fatal::Journal)?;
    let mut lazy: Vec<Command> = Vec::new();
    let mut behind = Behind::default();
    let mut retained = runtime.block_on(async { Instant::now() });
    loop {
        let wait = if lazy.is_empty() { behind.due_in().map_or(LAZY, |due| due.clamp(QUIET, LAZY)) } else { QUIET };
        let first = runtime.block_on(next(&mut jobs, wait));
        let quiet = first.is_err();
        let (Group { commands, answers, beats }, ended) = match first {
            Ok(Some(job)) => (gather(job, &mut jobs, &mut lazy), false),
            Ok(None) => (Group::default(), true),
            Err(_) => (Group::default(), false),
        };
        let mut taken = 0;
        if !commands.is_empty() || quiet || ended {
            taken = commands.len() + lazy.len();
            commit(&mut writer, commands, answers, &mut lazy)?;
        }
        writer.tick()?;
        beats.into_iter().for_each(beat);
        if writer.is_behind() {
            behind.turn(taken);
        }
        if behind.commands >= BEHIND_MAX || (behind.since.is_some() && ended) || (behind.is_due() && quiet) {
            writer.checkpoint()?;
            behind = Behind::default();
        }
        if ended {
            return Ok(());
        }
        if runtime.block_on(async { retained.elapsed() }) >= RETAIN_EVERY {
            writer.retain()?;
            retained = runtime.block_on(async { Instant::now() });
        }
    }
}

/// The next command to commit; `Err` where none came for so long. Beats that come alone are answered and end no wait.
async fn next(jobs: &mut mpsc::Receiver<Job>, wait: Duration) -> Result<Option<Job>, Elapsed> {
    let until = Instant::now() + wait;
    loop {
        match timeout_at(until, jobs.recv()).await? {
            Some((Command::Beat, answer)) => beat(answer),
            job => return Ok(job),
        }
    }
}

fn beat(answer: Waiting) {
    drop(answer.send(Ok(Answer::Recorded(0))));
}

/// Takes what waits together with the first command; what nobody waits for is put aside.
fn gather(first: Job, jobs: &mut mpsc::Receiver<Job>, lazy: &mut Vec<Command>) -> Group {
    let mut group = Group::default();
    let mut next = Some(first);
    while let Some((command, answer)) = next {
        match command {
            Command::Beat => group.beats.push(answer),
            Command::AnnounceFinish { .. } if lazy.len() < GROUP_MAX => {
                lazy.push(command);
                // Its number is not known yet and nobody needs it.
                drop(answer.send(Ok(Answer::Recorded(0))));
            }
            command => {
                group.commands.push(command);
                group.answers.push(answer);
            }
        }
        next = if group.commands.len() < GROUP_MAX { jobs.try_recv().ok() } else { None };
    }
    group
}

fn commit(
    writer: &mut Writer,
    mut commands: Vec<Command>,
    answers: Vec<Waiting>,
    lazy: &mut Vec<Command>,
) -> Result<(), Fatal> {
    let riding = lazy.len();
    let mut all = std::mem::take(lazy);
    all.append(&mut commands);
    let again: Vec<Command> = all[..riding].to_vec();
    let mut results = writer.commit(all)?;
    let own = results.split_off(riding);
    // What nobody waits for is tried again when there is room.
    *lazy = again.into_iter().zip(results).filter(|(_, r)| *r == Err(Refused::DiskFull)).map(|(c, _)| c).collect();
    for (answer, result) in answers.into_iter().zip(own) {
        // Whoever asked may have gone; what was asked for is durable all the same.
        drop(answer.send(result));
    }
    Ok(())
}
