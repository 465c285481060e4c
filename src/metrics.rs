//! Metrics, as text. They are computed from committed state when they are asked for, so they survive a restart and nothing counts
//! twice. Names are a contract: `vietqr_edge_*`.

use crate::{
    ledger::{Counters, Disk},
    supervisor::expiry::days_left,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use std::fmt::Error;
use vietqr_edge_core::{event::Reason, refund::State, time::Timestamp};

/// Every reason has its series from the start, so that the first message of a reason shows as a rise.
const REASONS: [Reason; 10] = [
    Reason::Unparsable,
    Reason::Oversized,
    Reason::ForeignAccount,
    Reason::BadStatus,
    Reason::BadTransType,
    Reason::BadAmount,
    Reason::Conflict,
    Reason::TooOld,
    Reason::UnexpectedTopic,
    Reason::UntrustedRequest,
];

/// Every state has its series.
const REFUNDS: [State; 9] = [
    State::AwaitingApproval,
    State::Queued,
    State::Sending,
    State::Pending,
    State::Unknown,
    State::Review,
    State::Succeeded,
    State::Failed,
    State::Refused,
];

/// What the metrics are made of.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Totals since the journal began.
    pub counters: Counters,
    /// How full the disk is.
    pub disk: Disk,
    /// Number of the last committed event.
    pub committed: u64,
    /// Number of the oldest event held.
    pub oldest: u64,
    /// The ledger answers and makes progress.
    pub healthy: bool,
    /// Connected, and every subscription granted.
    pub link_up: bool,
    /// When the link came to its present state.
    pub link_since: Option<Timestamp>,
    /// Tries to connect since the link was last up.
    pub link_tries: u64,
    /// When the last message came from the broker.
    pub last_message: Option<Timestamp>,
    /// When this run began.
    pub started_at: Timestamp,
    /// Key of the configuration and expiry of each certificate.
    pub certificates: Vec<(String, Timestamp)>,
    /// The time that certificates are checked at.
    pub certified_at: Timestamp,
    /// Resident memory of the process in bytes, where it is known.
    pub resident_bytes: Option<u64>,
}

/// The metrics in the OpenMetrics text format.
pub fn render(numbers: Numbers) -> String {
    let mut registry = Registry::with_prefix("vietqr_edge");
    registry.register_collector(Box::new(numbers));
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = text::encode(&mut text, &registry);
    text
}

/// Resident memory of this process in bytes; `None` where the system does not tell.
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?;
    kib.parse::<u64>().ok()?.checked_mul(1024)
}

impl Collector for Numbers {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let mut out = Out(encoder);
        let (counters, disk) = (&self.counters, &self.disk);
        out.counters(
            "payments",
            "Payments booked (credit: money in, debit: money out)",
            "direction",
            [("credit", counters.credits), ("debit", counters.debits)],
        )?;
        out.counter("credited_dong", "Sum of the payments in, in dong", counters.credited.0)?;
        out.counter("repeats", "Notices that came again for a payment already booked", counters.repeats)?;
        let quarantined =
            REASONS.map(|reason| (reason.as_str(), counters.quarantined.get(&reason).copied().unwrap_or(0)));
        out.counters("quarantined", "Messages not booked, by reason", "reason", quarantined)?;
        let outcomes =
            [("started", counters.announced), ("failed", counters.announce_failed), ("skipped", counters.skipped)];
        let help = "Announcements begun, those of them the speaker failed at, and payments left out";
        out.counters("announcements", help, "outcome", outcomes)?;
        let refunds = REFUNDS.map(|state| (state.as_str(), counters.refunds.get(&state).copied().unwrap_or(0)));
        let refunds = refunds.map(|(state, n)| (state, i64::try_from(n).unwrap_or(i64::MAX)));
        out.gauges("refunds", "Refunds by their present state, ended ones included", "state", refunds)?;
        out.counter("wrong_pins", "Wrong PINs", counters.wrong_pins)?;
        out.counter("operator_locks", "Times that wrong PINs locked an operator or the device", counters.locks)?;
        out.time("last_credit_timestamp_seconds", "When the last money in was received", counters.last_credit)?;

        out.gauge("link_up", "1 while connected with every subscription granted", u64::from(self.link_up))?;
        out.time("link_since_timestamp_seconds", "When the link came to its present state", self.link_since)?;
        out.gauge("link_reconnect_tries", "Tries to connect since the link was last up", self.link_tries)?;
        out.time("last_message_timestamp_seconds", "When the last message came from the broker", self.last_message)?;

        out.gauge("committed_seq", "Number of the last committed event", self.committed)?;
        out.gauge("oldest_seq", "Number of the oldest event held", self.oldest)?;
        out.gauge("journal_bytes", "Bytes in the journal", disk.journal_bytes)?;
        out.gauge("journal_segments", "Segments of the journal", disk.segments)?;
        out.gauge("journal_damaged", "Unreadable places found in the journal", counters.damaged)?;
        out.gauge("disk_free_bytes", "Free bytes on the file system of the state folder", disk.free_bytes)?;
        if disk.free_files != u64::MAX {
            out.gauge("disk_free_files", "Files that can still be made on that file system", disk.free_files)?;
        }
        out.gauge("disk_low", "1 while the disk is nearly full", u64::from(disk.low))?;
        out.gauge("disk_full", "1 while nothing can be stored, so nothing is acknowledged", u64::from(disk.full))?;

        let certificates = self.certificates.iter().map(|(key, at)| (key.as_str(), at.secs()));
        out.gauges("certificate_not_after_timestamp_seconds", "When a certificate expires", "key", certificates)?;
        let days = self.certificates.iter().map(|(key, at)| (key.as_str(), days_left(*at, self.certified_at)));
        out.gauges("certificate_days_left", "Whole days until a certificate expires", "key", days)?;
        out.gauge("healthy", "1 while the ledger answers and makes progress", u64::from(self.healthy))?;
        out.time("start_timestamp_seconds", "When the daemon started", Some(self.started_at))?;
        if let Some(bytes) = self.resident_bytes {
            out.gauge("process_resident_memory_bytes", "Resident memory of the daemon", bytes)?;
        }
        out.gauges("build_info", "Always 1; the label is the version", "version", [(env!("CARGO_PKG_VERSION"), 1)])
    }
}

/// Writes one metric a call.
struct Out<'a>(DescriptorEncoder<'a>);

impl Out<'_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        ConstCounter::new(value).encode(encoder)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> Result<(), Error> {
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        gauge(encoder, i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// Left out where it is not known: 0 would be a time in 1970.
    fn time(&mut self, name: &str, help: &str, at: Option<Timestamp>) -> Result<(), Error> {
        let Some(at) = at else { return Ok(()) };
        let encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        gauge(encoder, at.secs())
    }

    fn counters<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Result<(), Error> {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (name, value) in values {
            ConstCounter::new(value).encode(encoder.encode_family(&[(label, name)])?)?;
        }
        Ok(())
    }

    fn gauges<'a>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'a str, i64)>,
    ) -> Result<(), Error> {
        let mut encoder = self.0.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (name, value) in values {
            gauge(encoder.encode_family(&[(label, name)])?, value)?;
        }
        Ok(())
    }
}

fn gauge(encoder: MetricEncoder<'_>, value: i64) -> Result<(), Error> {
    ConstGauge::new(value).encode(encoder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::money::Dong;

    fn numbers() -> Numbers {
        let counters = Counters {
            credits: 3,
            credited: Dong(75_000),
            debits: 1,
            quarantined: [(Reason::BadAmount, 2)].into(),
            refunds: [(State::Review, 4)].into(),
            wrong_pins: 7,
            locks: 1,
            ..Counters::default()
        };
        Numbers {
            counters,
            disk: Disk {
                journal_bytes: 4096,
                segments: 1,
                free_bytes: u64::MAX,
                free_files: 900,
                low: false,
                full: false,
            },
            committed: 9,
            oldest: 1,
            healthy: true,
            link_up: true,
            link_since: Some(Timestamp::from_secs(1_795_000_000)),
            link_tries: 0,
            last_message: None,
            started_at: Timestamp::from_secs(1_794_000_000),
            certificates: vec![("mqtt.ca_file".into(), Timestamp::from_secs(1_800_000_000))],
            certified_at: Timestamp::from_secs(1_795_000_000),
            resident_bytes: resident_bytes(),
        }
    }

    #[test]
    fn every_number_stands_under_its_name() {
        let text = render(numbers());
        for line in [
            "vietqr_edge_payments_total{direction=\"credit\"} 3",
            "vietqr_edge_payments_total{direction=\"debit\"} 1",
            "vietqr_edge_credited_dong_total 75000",
            "vietqr_edge_quarantined_total{reason=\"bad_amount\"} 2",
            "vietqr_edge_quarantined_total{reason=\"conflict\"} 0",
            "vietqr_edge_refunds{state=\"review\"} 4",
            "vietqr_edge_refunds{state=\"unknown\"} 0",
            "vietqr_edge_wrong_pins_total 7",
            "vietqr_edge_operator_locks_total 1",
            "vietqr_edge_link_up 1",
            "vietqr_edge_link_since_timestamp_seconds 1795000000",
            "vietqr_edge_committed_seq 9",
            "vietqr_edge_certificate_not_after_timestamp_seconds{key=\"mqtt.ca_file\"} 1800000000",
            "vietqr_edge_certificate_days_left{key=\"mqtt.ca_file\"} 57",
            "vietqr_edge_disk_free_files 900",
            "vietqr_edge_disk_low 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn a_time_that_is_not_known_is_left_out() {
        assert!(!render(numbers()).contains("last_credit_timestamp_seconds"));
    }

    #[test]
    fn a_file_system_that_counts_no_files_has_no_number_of_free_ones() {
        let mut numbers = numbers();
        numbers.disk.free_files = u64::MAX;
        assert!(!render(numbers).contains("free_files"));
    }

    #[test]
    fn resident_memory_is_told_in_bytes() {
        assert!(resident_bytes().unwrap() > 512 * 1024);
    }
}
