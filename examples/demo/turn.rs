//! After the story: whoever watched it pays, asks, breaks things.

use crate::{Result, page, stage::Stage};
use clap::ValueEnum;
use std::{path::Path, time::Duration};
use tokio::sync::mpsc;
use vietqr_edge_sandbox::vietqr::{Bdsd, Fault, Publish, Quirk};

/// Between two looks at what was said.
const LOOK: Duration = Duration::from_millis(100);

/// Shows what is said until the daemon ends, which it should not. What is typed is paid.
///
/// # Errors
/// How the daemon ended.
pub async fn stay(stage: &mut Stage) -> Result {
    invite(&stage.folder.dir, &stage.folder.config);
    let mut typed = lines_of_stdin();
    let mut shown = stage.said()?.len();
    loop {
        let said = stage.said()?;
        for said in said.iter().skip(shown) {
            page::said(&said.sentence);
        }
        shown = said.len();
        tokio::select! {
            ended = stage.daemon.ended() => return Err(ended.into()),
            Some(line) = typed.recv() => pay(stage, &line).await,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn invite(dir: &Path, config: &Path) {
    page::step(8, "Your turn");
    page::tell("Type an amount and Enter: a customer pays it. With what goes wrong after it, if you like:");
    page::tell("25000 duplicate, 25000 comma-amount, 25000 late, 25000 debit");
    page::gap();
    page::tell("In a second terminal, in the folder of this repository:");
    page::gap();
    page::try_this(format_args!("export VIETQR_EDGE_CONFIG={}", config.display()), "the device to talk to");
    page::try_this("cargo run -q -- payments", "what is in the ledger");
    page::try_this("cargo run -q -- events --follow", "what happens, as it happens");
    page::try_this("cargo run -q -- status", "how the device is");
    page::try_this("cargo run -q -- say", "the last payment again");
    page::try_this("cargo run -q -- say --test 15000", "the test sentence");
    let pay = format!("cargo run -p vietqr-edge-sandbox -- pay --amount 40000 --dir {}", dir.display());
    page::try_this(pay, "a customer pays; pay --help has every quirk and fault (builds once)");
    page::gap();
    page::tell(format_args!("The device's log is {}/daemon.log", dir.display()));
    page::tell("Ctrl-C ends everything and removes the folder.");
    page::gap();
}

async fn pay(stage: &Stage, line: &str) {
    let told = match publishes(line) {
        Ok(publishes) => stage.publish(publishes).await.map_err(|error| format!("not published: {error}")),
        Err(expected) => Err(expected),
    };
    if let Err(problem) = told {
        page::tell(problem);
    }
}

/// What `25000 duplicate` publishes; nothing for an empty line.
fn publishes(line: &str) -> std::result::Result<Vec<Publish>, String> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return Ok(Vec::new()) };
    let digits = first.replace(['.', ',', '_'], "");
    let amount = digits.parse().map_err(|_| format!("'{first}': expected an amount in đồng, as 25000"))?;
    let (mut bdsd, mut wrong) = (Bdsd::credit(amount), None);
    for word in words {
        match (Fault::from_str(word, true), Quirk::from_str(word, true)) {
            (Ok(fault), _) => wrong = Some(fault),
            (_, Ok(quirk)) => bdsd = bdsd.quirk(quirk),
            _ => return Err(format!("'{word}': expected a quirk or fault, {}", names())),
        }
    }
    Ok(wrong.map_or_else(|| vec![Publish::from(&bdsd)], |fault| fault.publishes(&bdsd)))
}

fn names() -> String {
    fn of<T: ValueEnum>() -> Vec<String> {
        let name = |value: &T| value.to_possible_value().map(|value| value.get_name().to_owned());
        T::value_variants().iter().filter_map(name).collect()
    }
    format!("one of {}", [of::<Fault>(), of::<Quirk>()].concat().join(" "))
}

/// The lines that are typed; none where there is nobody to type.
fn lines_of_stdin() -> mpsc::Receiver<String> {
    let (send, typed) = mpsc::channel(16);
    // A thread of its own, which the process does not wait for: reading stdin can not be called off.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(|line| line.ok()) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    typed
}
