//! The speaker: its program is there, and the running daemon had no trouble with it. Nothing is said.

use super::report::{Step, Steps};
use crate::{
    config::{self, Config, Mode, Speaker},
    http::Status,
};

pub(super) fn probe(config: &Config, daemon: Option<&Status>) -> Vec<Step> {
    let mut steps = Steps::of("speaker");
    let Some(voice) = config.voice.as_ref().filter(|voice| voice.mode != Mode::Off) else {
        steps.ok("program", "off: nothing is said");
        return steps.list;
    };
    let (key, argv) = match &voice.speaker {
        Speaker::Command(argv) => ("voice.command", argv),
        Speaker::Clips { player, .. } => ("voice.player", player),
        Speaker::None => {
            steps.not_tried(&["program"], "nothing to speak with is configured");
            return steps.list;
        }
    };
    match argv.first().and_then(|name| config::find_program(name)) {
        Some(path) => {
            let here = path.display();
            steps.ok("program", format!("{here} is there; it is not run here, `vietqr-edge say --test` speaks"));
        }
        None => steps.not_tried(&["program"], &format!("there is no such program: see {key} above")),
    }
    if let Some(error) = daemon.and_then(|status| status.voice.last_error.as_deref()) {
        steps.warning("last", error, "listen to `vietqr-edge say --test`");
    }
    steps.list
}
