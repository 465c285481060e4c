//! Asks the ledger and the link for signs of life, and feeds the supervisor's watchdog while [`Health`] is good.
//!
//! Owns the questions, one a part at a time: the ledger's goes through its own queue, the link's to its loop. Promises: whoever does not
//! answer is asked no second time meanwhile; the watchdog is fed at a look and never otherwise; it says how the daemon is when that changed.

use super::{Health, Notifier, Part};
use crate::{
    ledger::{Command, Commands},
    link, voice,
};
use futures_util::future::{BoxFuture, OptionFuture};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};

/// Between two looks where no watchdog is shorter.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Looks within the time that the supervisor waits.
const LOOKS: u32 = 4;

/// What the watchdog is made of.
pub struct Watchdog {
    /// Whom to tell.
    pub notifier: Notifier,
    /// The judgement.
    pub health: Health,
    /// The ledger.
    pub commands: Commands,
    /// The link.
    pub link: link::Handle,
    /// The link, up or down; each change is worth a look.
    pub changes: watch::Receiver<voice::Link>,
    /// How the daemon is, in one line.
    pub line: Arc<dyn Fn() -> String + Send + Sync>,
    /// True, or without a sender: stop.
    pub stop: watch::Receiver<bool>,
}

impl Watchdog {
    /// Runs until `stop`.
    pub async fn run(self) {
        let Watchdog { notifier, health, commands, link, mut changes, line, mut stop } = self;
        let every = notifier.watchdog().map_or(LOOK_EVERY, |limit| LOOK_EVERY.min(limit / LOOKS));
        let mut looks = interval(every.max(Duration::from_millis(1)));
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut ledger, mut loop_) = (None::<BoxFuture<'_, bool>>, None::<BoxFuture<'_, bool>>);
        let (mut told, mut ill) = (String::new(), false);
        loop {
            tokio::select! {
                // Answers that have come count before it is judged.
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                Some(answered) = OptionFuture::from(ledger.as_mut()) => {
                    ledger = None;
                    if answered {
                        health.answered(Part::Ledger);
                    }
                }
                Some(answered) = OptionFuture::from(loop_.as_mut()) => {
                    loop_ = None;
                    if answered {
                        health.answered(Part::Link);
                    }
                }
                Ok(()) = changes.changed() => looks.reset_immediately(),
                _ = looks.tick() => {
                    match health.judge() {
                        Ok(()) => {
                            notifier.alive();
                            ill = false;
                        }
                        Err(why) if !ill => {
                            tracing::error!("the watchdog is not fed: {why}");
                            ill = true;
                        }
                        Err(_) => {}
                    }
                    let line = line();
                    if line != told {
                        notifier.status(&line);
                        told = line;
                    }
                    health.asked(Part::Ledger);
                    ledger.get_or_insert_with(|| Box::pin(async { commands.send(Command::Beat).await.is_ok() }));
                    health.asked(Part::Link);
                    loop_.get_or_insert_with(|| Box::pin(link.beat()));
                }
            }
        }
    }
}
