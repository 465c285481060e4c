//! `check --online`: does what the configuration names answer as the daemon needs it? Nothing is moved, said or disturbed, also
//! beside a running daemon: the broker is asked under another client id with a session that ends, VietQR for a token that is
//! forgotten, the disk for one small file that is removed.
//!
//! | file | holds |
//! |---|---|
//! | `report` | the steps, for people and programs |
//! | `reach`, `handshake` | name, TCP, TLS, certificate of another machine |
//! | `broker`, `provider` | what each machine is asked |
//! | `clock`, `disk`, `speaker` | this machine |

mod broker;
mod clock;
mod disk;
mod handshake;
mod provider;
mod reach;
mod report;
mod speaker;

pub use report::{Grade, Report, Step};

use crate::{
    clock::Clock,
    config::Config,
    http::{LinkState, Status},
    tls::{Floor, build_time},
};
use reach::Clocks;
use report::Steps;
use std::sync::Arc;

/// Tries everything, machines side by side. `daemon` is the status of the running daemon, or why there is none. Each step has a
/// time-out of its own; the longest way, through all of them, takes about a minute.
pub async fn probe(config: &Config, daemon: Result<&Status, String>, clock: Arc<dyn Clock>) -> Vec<Step> {
    let confirmed = daemon.as_ref().ok().and_then(|status| status.clock.floor);
    let floor = Floor::new(confirmed.map_or(build_time(), |floor| floor.max(build_time())));
    let clocks = Clocks { clock, floor };
    let (broker, (vietqr, told), others, disk) = tokio::join!(
        broker::probe(config, &clocks),
        provider::vietqr(config, &clocks),
        provider::others(config, &clocks),
        disk::probe(config),
    );
    let status = daemon.as_ref().ok().copied();
    let this = [clock::probe(&clocks, told), disk, speaker::probe(config, status), running(daemon)];
    [broker, vietqr, others].into_iter().chain(this).flatten().collect()
}

fn running(daemon: Result<&Status, String>) -> Vec<Step> {
    let mut steps = Steps::of("daemon");
    match daemon {
        Ok(status) if status.link.state == LinkState::Up => {
            steps.ok("running", format!("vietqr-edge {}, its link is up", status.version));
        }
        Ok(status) => {
            let reason = status.link.reason.as_deref().unwrap_or("it is being made");
            steps.warning("running", format!("its link is not up: {reason}"), "see the broker's steps above");
        }
        Err(why) => steps.not_tried(&["running"], &why),
    }
    steps.list
}
