//! After the story: whoever watched it pays, asks, breaks things.

use crate::{Result, page, stage::Stage};
use clap::ValueEnum;
use std::{path::Path, time::Duration};
use tokio::sync::mpsc;
use vietqr_edge_sandbox::vietqr::{Bdsd, Fault, Quirk};

/// Between two looks at what was said.
const LOOK: Duration = Duration::from_millis(100);

/// Shows what is said until the daemon ends, which it should not. What is typed is paid.
///
/// # Errors
/// How the daemon ended.
pub async fn stay(stage: &mut Stage) -> Result {
    let last = stage.daemon.payments().await?.last().map_or_else(|| "p3".to_owned(), |last| last.id.to_string());
    invite(&stage.folder.dir, &stage.folder.config, &last);
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

/// `last` is the id of a payment of which nothing was refunded.
fn invite(dir: &Path, config: &Path, last: &str) {
    page::step(13, "Your turn");
    page::tell("Type an amount and Enter: a customer pays it. With what goes wrong after it, if you like:");
    page::tell("25000 duplicate, 25000 comma-amount, 25000 late, 25000 debit");
    page::gap();
    page::tell("In a second terminal, in the folder of this repository:");
    page::gap();
    page::try_this(format_args!("export VIETQR_EDGE_CONFIG={}", config.display()), "the device to talk to");
    page::try_this("cargo run -q -- payments", "what is in the ledger, with the ids of payments");
    page::try_this("cargo run -q -- events --follow", "what happens, as it happens");
    page::try_this("cargo run -q -- status", "how the device is");
    page::try_this("cargo run -q -- say", "the last payment again");
    page::try_this("cargo run -q -- say --test 15000", "the test sentence");
    page::gap();
    page::tell("Give money back; every --request-id is one refund, however often it is asked for:");
    page::gap();
    let new = format!(
        "refund new --payment {last} --amount 20000 --reason hoan --operator lan --request-id r-5 --multi-times"
    );
    page::try_this(format_args!("cargo run -q -- {new}"), "a part of a payment; --multi-times: more may follow");
    page::try_this("cargo run -q -- refunds", "all refunds, with their ids");
    page::try_this("cargo run -q -- refund show ID", "one of them: what happened, what shows it, what to do now");
    page::try_this("cargo run -q -- refund cancel ID --reason nham", "one that was not sent yet");
    page::gap();
    page::tell("The other side (the sandbox builds once):");
    page::gap();
    let sandbox =
        |arguments: &str| format!("cargo run -q -p vietqr-edge-sandbox -- {arguments} --dir {}", dir.display());
    page::try_this(sandbox("pay --amount 40000 --ref FT1"), "a customer pays; pay --help has every quirk and fault");
    page::try_this(
        sandbox("sign-refund --ref FT1 --amount 40000 --request-id r-6 --wait 60"),
        "a signed request over MQTT, and the device's answers",
    );
    page::try_this(
        sandbox("fault refund 500-before"),
        "the next refund is not carried out and not answered: see review",
    );
    page::try_this(sandbox("fault any refuse --always"), "VietQR is away until: fault --clear");
    page::try_this(sandbox("bank"), "what really moved");
    page::gap();
    page::tell(format_args!("The device's log is {}/daemon.log", dir.display()));
    page::tell("Ctrl-C ends everything and removes the folder.");
    page::gap();
}

async fn pay(stage: &Stage, line: &str) {
    let told = match payment(line) {
        Ok(Some((payment, wrong))) => {
            stage.pay(&payment, wrong).await.map_err(|error| format!("not published: {error}"))
        }
        Ok(None) => Ok(()),
        Err(expected) => Err(expected),
    };
    if let Err(problem) = told {
        page::tell(problem);
    }
}

/// What `25000 duplicate` means; nothing for an empty line.
fn payment(line: &str) -> std::result::Result<Option<(Bdsd, Option<Fault>)>, String> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return Ok(None) };
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
    Ok(Some((bdsd, wrong)))
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
