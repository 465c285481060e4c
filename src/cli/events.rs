//! `events`: what happened, as a list or as it happens.

use super::{
    client::Client,
    failure::{Failure, say},
    socket::Target,
    sse::Messages,
    summary,
};
use crate::{exchange::Answer, http::Status};
use serde::Deserialize;
use serde_json::Value;
use std::{io::Write, path::Path, time::Duration};
use vietqr_edge_core::backoff::Backoff;

/// How many of the last events are shown where `--after` is absent.
const LAST: u64 = 20;

/// A stream without even a comment for this long is dead.
const SILENCE: Duration = Duration::from_secs(45);

/// A stream that lasted this long was healthy.
const HEALTHY: Duration = Duration::from_secs(30);

/// List or follow what happened
#[derive(Debug, clap::Args)]
pub(super) struct Events {
    #[command(flatten)]
    target: Target,
    /// Go on as events happen, through restarts of the daemon, until interrupted
    #[arg(long)]
    follow: bool,
    /// All events after this number; default: the last 20
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// For programs: a CloudEvents document a line
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct List {
    items: Vec<Value>,
    next: u64,
}

impl Events {
    /// Writes them.
    ///
    /// # Errors
    /// As the client's.
    pub(super) async fn run(&self, config: &Path, out: &mut dyn Write) -> Result<(), Failure> {
        let client = Client::new(&self.target, config)?;
        let after = match self.after {
            Some(after) => after,
            None => {
                let status: Status = client.get("/v1/status").await?;
                status.events.last.saturating_sub(LAST).max(status.events.oldest.saturating_sub(1))
            }
        };
        if self.follow { self.follow(&client, after, out).await } else { self.list(&client, after, out).await }
    }

    async fn list(&self, client: &Client, mut after: u64, out: &mut dyn Write) -> Result<(), Failure> {
        let mut any = false;
        loop {
            let List { items, next } = client.get(&format!("/v1/events?after={after}")).await?;
            for document in &items {
                self.write(document, out)?;
            }
            if items.is_empty() || next <= after {
                break;
            }
            (after, any) = (next, true);
        }
        if !any && !self.json {
            writeln!(out, "{}", if self.after.is_some() { "no event after that one" } else { "no event yet" })?;
        }
        Ok(())
    }

    async fn follow(&self, client: &Client, mut after: u64, out: &mut dyn Write) -> Result<(), Failure> {
        let mut pauses = Backoff::new(Duration::from_secs(1), Duration::from_secs(30));
        let mut connected = false;
        loop {
            match client.stream(after).await {
                Ok(Ok(stream)) => {
                    let began = tokio::time::Instant::now();
                    (connected, after) = (true, self.copy(stream, after, out).await?);
                    pauses.worked(began.elapsed(), HEALTHY);
                    say(format_args!("the stream ended after event {after}; connecting again"));
                }
                Ok(Err(problem)) if connected && problem.more.oldest.is_some() => {
                    say(&problem.detail);
                    after = problem.more.oldest.unwrap_or(1).saturating_sub(1);
                }
                Ok(Err(problem)) => return Err(Failure::failed(format!("{} ({})", problem.detail, problem.code))),
                Err(failure) if connected && failure.is_unreachable() => {}
                Err(failure) => return Err(failure),
            }
            tokio::time::sleep(pauses.pause(random())).await;
        }
    }

    /// Writes events until the stream ends; gives the number of the last one.
    async fn copy(&self, mut stream: Answer, mut after: u64, out: &mut dyn Write) -> Result<u64, Failure> {
        let mut messages = Messages::default();
        while let Ok(Ok(Some(bytes))) = tokio::time::timeout(SILENCE, stream.chunk()).await {
            for message in messages.feed(&bytes)? {
                self.write(&serde_json::from_str(&message.data).map_err(Failure::failed)?, out)?;
                after = message.id;
            }
            out.flush()?;
        }
        Ok(after)
    }

    fn write(&self, document: &Value, out: &mut dyn Write) -> Result<(), Failure> {
        if self.json {
            writeln!(out, "{document}")?;
        } else {
            writeln!(out, "{}", summary::line(document))?;
        }
        Ok(())
    }
}

fn random() -> u64 {
    getrandom::u64().unwrap_or(u64::MAX / 2)
}
