//! The speaker's actor.
//!
//! It owns the speaker and nothing of the ledger. It asks what is due whenever something was committed, has the ledger keep
//! `announcement.started`, and says not a word before that is durable: said at most once, whatever ends the process. It keeps no queue:
//! what is not said yet is due in the ledger, so nothing is dropped in a burst and a restart goes on where the last run ended.

use super::{
    Handle, LastError, Link, Options, RequestError, Said, Say, Source, Status, Stop,
    link::{News, Watcher},
    process::{LastWords, SpeakError},
    request::{Renewal, Request, Wish},
    waiting::{self, Noticed, Start},
};
use crate::{
    clock::Clock,
    ledger::{Answer, Command, Commands, ReadError, Refused, ToSpeak},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use vietqr_edge_core::{
    announcement::{Manner, Next, next},
    event::{Kind, SkipReason},
    payment::Age,
    voice::Sentence,
};

/// The most payments one `announcement.skipped` names.
const SKIP_MAX: usize = 500;
/// After a full disk or a failed read, it is tried again after this or at the next commit.
const RETRY: Duration = Duration::from_secs(5);
/// Pause where the ledger and what was read of it disagree.
const DISAGREE: Duration = Duration::from_millis(100);
/// While a summary is awaited, commits within this time are read together: a flood after an outage is not read line by line.
const GATHER: Duration = Duration::from_millis(50);

/// The actor. [`Voice::run`] it in a task of its own.
pub struct Voice {
    options: Options,
    speaker: Box<dyn Say>,
    source: Arc<dyn Source>,
    commands: Commands,
    clock: Arc<dyn Clock>,
    stop: Stop,
    link: Option<watch::Receiver<Link>>,
    requests: mpsc::Receiver<Request>,
    renewals: mpsc::Receiver<Renewal>,
    status: watch::Sender<Status>,
    start: Start,
    noticed: Noticed,
    watcher: Watcher,
}

/// What comes after a turn.
enum Turn {
    /// Another one at once.
    Again,
    /// Another one after this time, or when something changes.
    Wait(Duration),
    /// The same, but commits may be read together.
    Gather(Duration),
    /// Another one when something changes.
    Idle,
    /// The ledger is gone, and so is the process soon.
    End,
}

impl Voice {
    /// A speaker for what `source` says is due. What is due now was left by an earlier run. `stop` ends it.
    pub fn new(
        options: Options,
        speaker: Box<dyn Say>,
        source: Arc<dyn Source>,
        commands: Commands,
        clock: Arc<dyn Clock>,
        stop: Stop,
    ) -> (Voice, Handle) {
        let (status, seen) =
            watch::channel(Status { mode: options.mode, speaking: None, last_error: None, last_words: None });
        let (handle, requests, renewals) = Handle::new(seen);
        let seq = *source.committed().borrow();
        let start = Start { seq, at: clock.now(), fresh_s: options.fresh_s, late_s: options.late_s };
        let (noticed, watcher) = (Noticed::default(), Watcher::default());
        let link = None;
        let voice = Voice {
            options,
            speaker,
            source,
            commands,
            clock,
            stop,
            link,
            requests,
            renewals,
            status,
            start,
            noticed,
            watcher,
        };
        (voice, handle)
    }

    /// Also says when the broker is lost and back.
    pub fn with_link(mut self, link: watch::Receiver<Link>) -> Voice {
        self.link = Some(link);
        self
    }

    /// Speaks until stopped. A sentence that is being said then may end by itself; it ends within 2 s in any case.
    pub async fn run(mut self) {
        let mut committed = self.source.committed();
        let mut stop = self.stop.clone();
        let mut person_first = true;
        while !*stop.borrow() {
            if let Ok(renewal) = self.renewals.try_recv() {
                self.renew(renewal);
            }
            // A person does not wait for the end of a burst, nor money for the end of many requests.
            if person_first && let Ok(request) = self.requests.try_recv() {
                self.serve(request).await;
                person_first = false;
                continue;
            }
            person_first = true;
            committed.mark_unchanged();
            let turn = self.turn().await;
            let (pause, gather) = match turn {
                Turn::Again => continue,
                Turn::Wait(pause) => (Some(pause), false),
                Turn::Gather(pause) => (Some(pause), true),
                Turn::Idle => (None, false),
                Turn::End => break,
            };
            tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                Some(renewal) = self.renewals.recv() => self.renew(renewal),
                Some(request) = self.requests.recv() => self.serve(request).await,
                changed = committed.changed() => match changed {
                    Ok(()) if gather => sleep(GATHER).await,
                    Ok(()) => {}
                    Err(_) => break,
                },
                gone = changed(&mut self.link) => if gone { self.link = None },
                () = sleep(pause.unwrap_or_default()), if pause.is_some() => {}
            }
        }
    }

    fn renew(&mut self, Renewal { options, speaker }: Renewal) {
        (self.options, self.speaker) = (options, speaker);
        self.status.send_modify(|status| status.mode = options.mode);
        tracing::info!("the voice's configuration is read again");
    }

    /// Says or skips at most one thing.
    async fn turn(&mut self) -> Turn {
        if let Some(reason) = self.hushed() {
            return match self.skip(reason).await {
                Ok(0) => self.about_the_link(false).await,
                Ok(_) if reason == SkipReason::ChimeOnly => {
                    if let Err(error) = self.speaker.chime(self.stop.clone()).await {
                        self.note(&error);
                    }
                    Turn::Again
                }
                Ok(_) => Turn::Again,
                Err(turn) => turn,
            };
        }
        let start = self.start;
        let read = self.read(move |source| Ok((waiting::read(source, &start)?, source.refunds(1)?.pop())));
        let (mut waiting, refund) = match read.await {
            Ok(read) => read,
            Err(error) => return self.unreadable(&error),
        };
        let now_ms = self.clock.monotonic_ms();
        self.noticed.fill(&mut waiting, now_ms);
        let manner = Manner { dialect: self.options.dialect, small_amount: self.options.small_amount };
        match (next(&waiting, now_ms, &manner), refund) {
            (Next::Say { payments, kind, sentence }, refund) if kind == Kind::Fresh || refund.is_none() => {
                let start = Command::AnnounceStart { payments, kind, sentence: sentence.clone() };
                self.say_about_money(start, &sentence).await
            }
            // A customer waits for it; what is late has waited already.
            (_, Some(ToSpeak { refund, speech, amount })) => {
                let sentence = speech.sentence(amount).text(self.options.dialect);
                let start = Command::AnnounceRefund { refund, sentence: sentence.clone() };
                self.say_about_money(start, &sentence).await
            }
            (next, None) => self.otherwise(next).await,
        }
    }

    async fn say_about_money(&mut self, start: Command, sentence: &str) -> Turn {
        self.about_the_link(false).await;
        match self.announce(start, sentence).await {
            Ok(_) => Turn::Again,
            Err(refused) => self.refused(&refused),
        }
    }

    /// Nothing about money is said now.
    async fn otherwise(&mut self, next: Next) -> Turn {
        match next {
            Next::Wait(ms) => {
                self.about_the_link(false).await;
                Turn::Gather(Duration::from_millis(ms))
            }
            Next::Nothing => self.about_the_link(true).await,
            Next::Say { .. } => Turn::Again,
        }
    }

    /// Has the ledger keep it, then says it. `Ok` holds what became of it: the time it took, or why it failed.
    async fn announce(&mut self, start: Command, sentence: &str) -> Result<Result<u64, SpeakError>, Refused> {
        // Without a number there is no start, and nothing may be said.
        let Answer::Recorded(started) = self.commands.send(start).await? else { return Err(Refused::Stopped) };
        let said = self.say(sentence).await;
        let end = match &said {
            Ok(took_ms) => Command::AnnounceFinish { started, took_ms: *took_ms },
            Err(error) => Command::AnnounceFail { started, reason: error.to_string() },
        };
        self.tell(end).await;
        Ok(said)
    }

    /// Says it; answers how long that took, in milliseconds.
    async fn say(&mut self, sentence: &str) -> Result<u64, SpeakError> {
        let began_ms = self.clock.monotonic_ms();
        self.status.send_modify(|status| status.speaking = Some(sentence.to_owned()));
        let said = self.speaker.say(sentence, self.stop.clone()).await;
        self.status.send_modify(|status| status.speaking = None);
        match said {
            Ok(last_words) => {
                self.hear(last_words);
                Ok(self.clock.monotonic_ms().saturating_sub(began_ms))
            }
            Err(error) => {
                self.note(&error);
                Err(error)
            }
        }
    }

    /// Sends what nobody waits for.
    async fn tell(&self, mut command: Command) {
        while let Err(back) = self.commands.try_send(command) {
            if self.commands.room().await.is_err() {
                return;
            }
            command = *back;
        }
    }

    /// Leaves out up to [`SKIP_MAX`] of what is due; answers how many.
    async fn skip(&mut self, reason: SkipReason) -> Result<usize, Turn> {
        let due = self.read(|source| {
            let mut due = Vec::new();
            for age in [Age::Fresh, Age::Late, Age::Old] {
                due.extend(source.due(age, SKIP_MAX - due.len())?);
            }
            Ok((due, source.refunds(SKIP_MAX)?))
        });
        let (due, refunds) = due.await.map_err(|error| self.unreadable(&error))?;
        // What came while it was read is not skipped by a reason of before.
        if self.hushed() != Some(reason) {
            return Err(Turn::Again);
        }
        if !refunds.is_empty() {
            let refunds = refunds.iter().map(|to_speak| to_speak.refund).collect();
            let skip = Command::AnnounceSkipRefunds { refunds, reason };
            self.commands.send(skip).await.map_err(|refused| self.refused(&refused))?;
        }
        let payments: Vec<_> = due.iter().map(|due| due.payment).collect();
        let count = payments.len();
        if count > 0 {
            let skip = Command::AnnounceSkip { payments, reason };
            self.commands.send(skip).await.map_err(|refused| self.refused(&refused))?;
        }
        Ok(count)
    }

    /// Says what there is to say about the link, or drops it.
    async fn about_the_link(&mut self, may_speak: bool) -> Turn {
        let Some(link) = self.link.as_mut().map(|link| *link.borrow_and_update()) else { return Turn::Idle };
        if !self.options.say_link {
            return Turn::Idle;
        }
        let sentence = match self.watcher.news(link, self.clock.monotonic_ms(), may_speak) {
            News::Lost => Sentence::LinkLost,
            News::Back => Sentence::LinkBack,
            News::Later(ms) => return Turn::Wait(Duration::from_millis(ms)),
            News::None => return Turn::Idle,
        };
        // A failure is noted, and not tried again: it is not about money.
        let _ = self.say(&sentence.text(self.options.dialect)).await;
        Turn::Again
    }

    async fn serve(&mut self, request: Request) {
        // Who asked may have gone.
        if !request.answer.is_closed() {
            let said = self.grant(request.wish).await;
            let _ = request.answer.send(said);
        }
    }

    async fn grant(&mut self, wish: Wish) -> Result<Said, RequestError> {
        if let Some(reason) = self.hushed() {
            return Err(reason.into());
        }
        match wish {
            Wish::Test(amount) => {
                let sentence = Sentence::SelfTest(amount).text(self.options.dialect);
                let took_ms = self.say(&sentence).await.map_err(|error| RequestError::Failed(error.to_string()))?;
                Ok(Said { payment: None, sentence, took_ms })
            }
            Wish::Replay(wanted) => {
                let found = self.read(move |source| source.credit(wanted)).await;
                let found = found.map_err(|error| RequestError::Unreadable(error.to_string()))?;
                let (payment, amount) =
                    found.ok_or_else(|| wanted.map_or(RequestError::NothingYet, RequestError::NotIncome))?;
                let sentence = Sentence::Replay(amount).text(self.options.dialect);
                let start =
                    Command::AnnounceStart { payments: vec![payment], kind: Kind::Replay, sentence: sentence.clone() };
                let said = self.announce(start, &sentence).await?;
                let took_ms = said.map_err(|error| RequestError::Failed(error.to_string()))?;
                Ok(Said { payment: Some(payment), sentence, took_ms })
            }
        }
    }

    /// Why nothing is said now, where that is so.
    fn hushed(&self) -> Option<SkipReason> {
        self.options.hushed(self.clock.now(), self.speaker.speaks())
    }

    /// Reads off the runtime: the ledger may touch the disk.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Source) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, ReadError> {
        let source = Arc::clone(&self.source);
        let read = tokio::task::spawn_blocking(move || read(&*source)).await;
        read.unwrap_or_else(|error| Err(ReadError::Store(error.to_string())))
    }

    fn refused(&self, refused: &Refused) -> Turn {
        match refused {
            Refused::NotDue(_) | Refused::RefundNotDue(_) => Turn::Wait(DISAGREE),
            Refused::DiskFull | Refused::Refund(_) | Refused::NoSuchRefund(_) | Refused::NoRefunds => {
                self.note(refused);
                Turn::Wait(RETRY)
            }
            Refused::Stopped => Turn::End,
        }
    }

    fn unreadable(&self, error: &ReadError) -> Turn {
        self.note(error);
        Turn::Wait(RETRY)
    }

    /// Keeps what the program wrote for the status, and logs it where it is new.
    fn hear(&self, last_words: LastWords) {
        let is_new = |status: &mut Status| {
            let new = status.last_words != last_words;
            if let (true, Some(words)) = (new, &last_words) {
                tracing::warn!(stderr = %words, "the speaker ended well, but wrote");
            }
            status.last_words.clone_from(&last_words);
            new
        };
        self.status.send_if_modified(is_new);
    }

    /// Keeps a failure for the status, and logs it.
    fn note(&self, error: &dyn std::error::Error) {
        let reason = error.to_string();
        tracing::warn!(%reason, "the speaker");
        let at = self.clock.now();
        self.status.send_modify(|status| status.last_error = Some(LastError { at, reason }));
    }
}

impl From<SkipReason> for RequestError {
    fn from(reason: SkipReason) -> RequestError {
        match reason {
            SkipReason::QuietHours => RequestError::QuietHours,
            SkipReason::VoiceOff => RequestError::Off,
            SkipReason::ChimeOnly => RequestError::ChimeOnly,
            SkipReason::NoSpeaker => RequestError::NoSpeaker,
        }
    }
}

/// Ends when the daemon stops; a lost sender means the same.
async fn stopped(stop: &mut Stop) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Ends when the link changes; true where nobody tells of it any more.
async fn changed(link: &mut Option<watch::Receiver<Link>>) -> bool {
    match link {
        Some(link) => link.changed().await.is_err(),
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "actor_tests.rs"]
mod tests;
