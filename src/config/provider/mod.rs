//! `[vietqr]`, `[vnpay]`, `[qfpay]`: where refunds and look-ups go, a file each.

mod qfpay;
mod vietqr;
mod vnpay;

pub(super) use qfpay::QFPAY;
pub use qfpay::Qfpay;
pub(super) use vietqr::VIETQR;
pub use vietqr::VietQr;
pub(super) use vnpay::VNPAY;
pub use vnpay::Vnpay;

use super::{Config, secret::Secret, table::Table, url::HttpUrl};
use std::path::{Path, PathBuf};
use vietqr_edge_core::{
    provider::{Provider, form::Form},
    refund,
};

const LOOKUP: &str = "Seconds between look-ups of an unknown or pending refund; the last one repeats.";
const CA: &str = "The authority that its certificate is verified against, PEM. Default: the Mozilla roots.";

/// The longest pause between look-ups, in seconds: a week.
const MAX_LOOKUP_S: u64 = 604_800;

/// What every provider's section has.
pub struct Configured<'a> {
    /// The section.
    pub name: &'static str,
    /// Its key with the address.
    pub address: &'static str,
    /// The address.
    pub url: &'a HttpUrl,
    /// Its key with the authority.
    pub ca_key: &'static str,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<&'a Path>,
    /// Every secret of the section.
    pub secrets: Vec<&'a Secret>,
}

/// A provider that refunds are made at.
pub struct Served {
    /// Its table.
    pub form: &'static Form,
    /// It, with its secrets.
    pub provider: Box<dyn Provider>,
    /// Where its calls go.
    pub base_url: HttpUrl,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
    /// Seconds between look-ups; never empty.
    pub lookup_s: Vec<u64>,
    /// What this device is called there; empty where its requests do not say.
    pub merchant: String,
    /// Limits of its own, instead of those of `[refund]`.
    pub limits: Option<refund::Limits>,
}

impl Config {
    /// The providers that have a section.
    pub fn providers(&self) -> Vec<Configured<'_>> {
        let vietqr = self.vietqr.as_ref().map(VietQr::configured);
        let (vnpay, qfpay) = (self.vnpay.as_ref().map(Vnpay::configured), self.qfpay.as_ref().map(Qfpay::configured));
        [vietqr, vnpay, qfpay].into_iter().flatten().collect()
    }

    /// The providers that refunds are made at.
    pub fn served(&self) -> Vec<Served> {
        let vietqr = self.vietqr.as_ref().and_then(VietQr::served);
        let (vnpay, qfpay) = (self.vnpay.as_ref().map(Vnpay::served), self.qfpay.as_ref().map(Qfpay::served));
        [vietqr, vnpay, qfpay].into_iter().flatten().collect()
    }
}

/// A user name for HTTP Basic, which cannot hold a colon (RFC 7617).
pub(super) fn basic_user(text: &str) -> Result<String, String> {
    if text.contains(':') {
        return Err("expected a user name without a colon".to_owned());
    }
    Ok(text.to_owned())
}

/// The three limits of refunds.
pub(super) struct Limits {
    pub(super) max_amount: u64,
    pub(super) daily_total: u64,
    pub(super) approval_above: u64,
}

impl Limits {
    /// With these values where the file says nothing.
    pub(super) fn read(t: &Table<'_>, default: Limits) -> Limits {
        let most = vietqr_edge_core::money::MAX_AMOUNT;
        let limits = Limits {
            max_amount: t.number("max_amount", default.max_amount, 1..=most),
            daily_total: t.number("daily_total", default.daily_total, 1..=most),
            approval_above: t.number("approval_above", default.approval_above, 0..=most),
        };
        if limits.daily_total < limits.max_amount {
            t.warning("daily_total", "is less than max_amount: one refund of max_amount is always refused");
        }
        limits
    }
}
