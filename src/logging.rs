//! Logs: to stderr, as text or as JSON, at a level that can change while the daemon runs.

use std::{fmt, os::unix::fs::MetadataExt};
use tracing::{Event, Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Registry,
    filter::Targets,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer},
    },
    layer::{Layer, SubscriberExt},
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Changes the level of a running daemon.
#[derive(Clone, Debug)]
pub struct Handle(reload::Handle<Targets, Registry>);

impl Handle {
    /// From now on only this level and worse ones are written.
    pub fn set_level(&self, level: LevelFilter) {
        // It fails only where the subscriber is gone; then there is nothing to change.
        let _ = self.0.reload(targets(level));
    }
}

/// Begins to write logs to stderr.
///
/// # Errors
/// Where this process already has a logger.
pub fn start(level: LevelFilter, style: Style) -> Result<Handle, tracing_subscriber::util::TryInitError> {
    let (filter, handle) = reload::Layer::new(targets(level));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let lines = match style {
        Style::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        Style::Text if stderr_is_journal() => lines.event_format(Journal(Format::default().without_time())).boxed(),
        Style::Text => lines.boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    Ok(Handle(handle))
}

/// The daemon at this level; the libraries only from warnings on, unless everything is asked for.
fn targets(level: LevelFilter) -> Targets {
    let libraries = if level == LevelFilter::TRACE { LevelFilter::DEBUG } else { level.min(LevelFilter::WARN) };
    // Their warnings are about what the daemon does deliberately, or reports itself.
    let quiet = if level >= LevelFilter::DEBUG { libraries } else { level.min(LevelFilter::ERROR) };
    Targets::new()
        .with_default(libraries)
        .with_target("vietqr_edge", level)
        .with_target("vietqr_edge_core", level)
        .with_target("rumqttc", quiet)
        .with_target("sled", quiet)
}

/// systemd names the device and inode of the journal's pipe: stderr is it where both are the same.
fn stderr_is_journal() -> bool {
    let Ok(named) = std::env::var("JOURNAL_STREAM") else { return false };
    let Ok(stderr) = std::fs::metadata("/proc/self/fd/2") else { return false };
    named == format!("{}:{}", stderr.dev(), stderr.ino())
}

/// For journald, which stamps the time itself and takes the level from a prefix (sd-daemon(3)).
struct Journal(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let prefix = match *event.metadata().level() {
            Level::ERROR => "<3>",
            Level::WARN => "<4>",
            Level::INFO => "<6>",
            Level::DEBUG | Level::TRACE => "<7>",
        };
        let mut text = String::new();
        self.0.format_event(ctx, Writer::new(&mut text), event)?;
        // Each line is a message of its own there.
        text.lines().try_for_each(|line| writeln!(writer, "{prefix}{line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_speak_only_of_what_is_wrong() {
        let info = targets(LevelFilter::INFO);
        assert!(info.would_enable("vietqr_edge::link", &Level::INFO));
        assert!(!info.would_enable("vietqr_edge::link", &Level::DEBUG));
        assert!(info.would_enable("hyper", &Level::WARN) && !info.would_enable("hyper", &Level::INFO));
        assert!(!info.would_enable("rumqttc", &Level::WARN));
        assert!(targets(LevelFilter::TRACE).would_enable("hyper", &Level::DEBUG));
        assert!(!targets(LevelFilter::ERROR).would_enable("hyper", &Level::WARN));
    }
}
