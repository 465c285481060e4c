//! How `serve` sets the providers.

use chrono::TimeDelta;
use clap::Args;
use std::time::Duration;
use vietqr_edge_sandbox::qfpay::{self, Scope};
use vietqr_edge_sandbox::vietqr::http::{self, HttpQuirk};
use vietqr_edge_sandbox::vnpay::{self, Duplicates, Records};

#[derive(Args)]
#[command(next_help_heading = "VietQR's HTTP interface")]
pub(super) struct VietqrArgs {
    /// TCP port of VietQR's HTTP interface; 0 takes a free one [default: 8444, or 0 with --port 0].
    #[arg(long)]
    pub(super) http_port: Option<u16>,
    /// Seconds that a token is good.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    token_life: u64,
    /// Seconds that a payment answers E158 after a refund of it was taken on.
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    refund_window: u64,
    /// A form that the answers of the HTTP interface take; may be given more than once.
    #[arg(long = "http-quirk", value_name = "QUIRK")]
    http_quirks: Vec<HttpQuirk>,
}

#[derive(Args)]
#[command(next_help_heading = "VNPAY")]
pub(super) struct VnpayArgs {
    /// TCP port of VNPAY; 0 takes a free one [default: 8445, or 0 with --port 0].
    #[arg(long = "vnpay-port", id = "vnpay_port", value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// When a request is a duplicate (94).
    #[arg(long = "vnpay-duplicates", value_name = "WHEN", default_value = "day")]
    duplicates: Duplicates,
    /// Seconds of the window of `id` and `transaction`.
    #[arg(long = "vnpay-window", value_name = "SECONDS", default_value_t = 300)]
    window: u32,
    /// Refunds that a payment may have.
    #[arg(long = "vnpay-refund-limit", value_name = "N", default_value_t = 1)]
    refund_limit: usize,
    /// vnp_TransactionStatus of a refund, step by step: the first one is the answer, each querydr takes a step.
    #[arg(long = "vnpay-course", value_name = "STATUS,...", value_delimiter = ',', default_value = "05,06,00")]
    vnpay_course: Vec<String>,
    /// Which record querydr tells of a payment that has refunds.
    #[arg(long = "vnpay-records", value_name = "WHICH", default_value = "latest")]
    records: Records,
}

#[derive(Args)]
#[command(next_help_heading = "QFPay")]
pub(super) struct QfpayArgs {
    /// TCP port of QFPay; 0 takes a free one [default: 8446, or 0 with --port 0].
    #[arg(long = "qfpay-port", id = "qfpay_port", value_name = "PORT")]
    pub(super) port: Option<u16>,
    /// respcd of a refund, step by step: the first one is the answer, each enquiry takes a step.
    #[arg(long = "qfpay-course", value_name = "RESPCD,...", value_delimiter = ',', default_value = "0000")]
    qfpay_course: Vec<String>,
    /// Enquiries that do not see the row of a new refund yet.
    #[arg(long = "qfpay-hidden-for", value_name = "N", default_value_t = 0)]
    hidden_for: u32,
    /// Which rows an enquiry sees.
    #[arg(long = "qfpay-scope", value_name = "WHICH", default_value = "month")]
    scope: Scope,
    /// Refuse refunds from 23:30 to 00:30 UTC+8 (1265).
    #[arg(long = "qfpay-night")]
    night: bool,
    /// mchid, which every request must have then.
    #[arg(long = "qfpay-mchid", value_name = "ID")]
    mchid: Option<String>,
}

impl VietqrArgs {
    pub(super) fn apply(self, settings: &mut http::Settings) {
        settings.token_life = Duration::from_secs(self.token_life);
        settings.refund_window = Duration::from_secs(self.refund_window);
        settings.quirks = self.http_quirks;
    }
}

impl VnpayArgs {
    pub(super) fn apply(self, settings: &mut vnpay::Settings) {
        settings.duplicates = self.duplicates;
        settings.window = TimeDelta::seconds(i64::from(self.window));
        settings.refund_limit = self.refund_limit;
        settings.course = self.vnpay_course;
        settings.records = self.records;
    }
}

impl QfpayArgs {
    pub(super) fn apply(self, settings: &mut qfpay::Settings) {
        settings.course = self.qfpay_course;
        settings.hidden_for = self.hidden_for;
        settings.scope = self.scope;
        settings.night = self.night;
        settings.mchid = self.mchid;
    }
}
