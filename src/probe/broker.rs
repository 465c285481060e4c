//! The broker: the way to it, the login, and every subscription.

use super::{
    reach::{Clocks, Place, reach},
    report::{Grade, Step, Steps},
};
use crate::{
    config::Config,
    link::{self, Timing, Transport},
};
use std::time::Duration;

/// For each answer of the broker.
const ANSWER: Duration = Duration::from_secs(10);

pub(super) async fn probe(config: &Config, clocks: &Clocks) -> Vec<Step> {
    let mut options = link::Options::from_config(config);
    // The daemon's own id would throw the daemon out, and its session is not to be touched.
    options.client_id.push_str("-check");
    options.clean_session = true;
    options.timing = Timing { connect: ANSWER, ..Timing::default() };
    let mut steps = Steps::of("broker");
    let tls = match &options.transport {
        Transport::Tls(files) => Some(files.clone()),
        Transport::Plain => None,
    };
    let place = Place { host: &options.host, port: options.port, tls, section: "mqtt", address: "url" };
    if !reach(&place, clocks, &mut steps).await {
        steps.not_tried(&["login", "subscribe"], "the broker was not reached");
        return steps.list;
    }
    let trial = link::attempt(&options, &clocks.clock, &clocks.floor).await;
    match trial.login {
        Ok(()) => {
            let user = options.username.as_deref().unwrap_or("(none)");
            steps.ok("login", format!("as user {user}, client id {}", options.client_id));
        }
        Err(trouble) => {
            steps.error("login", trouble.sentence, trouble.hint);
            steps.not_tried(&["subscribe"], "there is no login");
            return steps.list;
        }
    }
    match trial.granted {
        Some(Ok(topics)) => {
            for (topic, granted) in topics {
                if granted {
                    steps.ok("subscribe", format!("{topic}: granted"));
                } else {
                    let refused = format!("{topic}: not granted with QoS 1");
                    steps.error("subscribe", refused, "this user must be allowed to read it at the broker");
                }
            }
        }
        Some(Err(trouble)) => steps.error("subscribe", trouble.sentence, trouble.hint),
        None => steps.add(Grade::NotTried, "subscribe", "there is no login", None),
    }
    steps.list
}
