//! `[vietqr]`: VietQR's HTTP interface.

use super::{CA, Configured, LOOKUP, MAX_LOOKUP_S, Served, basic_user};
use crate::config::{document::Document, print::Printer, secret::Secret, section::Section, url::HttpUrl};
use std::path::PathBuf;
use vietqr_edge_core::provider::vietqr::{self, FORM};

pub(in crate::config) const VIETQR: Section = Section {
    name: FORM.name,
    list: false,
    doc: "VietQR's HTTP interface: QR codes, look-ups, refunds.",
    keys: &[
        ("base_url", "https://HOST/vqr, without /api."),
        ("username", "The login that VietQR gave."),
        ("password_file", "The file with its password."),
        ("refund_secret_file", "The file with the key of refund checksums. Without it VietQR refunds are refused."),
        ("lookup_s", LOOKUP),
        ("ca_file", CA),
    ],
};

/// `[vietqr]`.
#[derive(Clone, Debug)]
pub struct VietQr {
    /// Without a slash at the end.
    pub base_url: HttpUrl,
    /// The login.
    pub username: String,
    /// Its password, UTF-8.
    pub password: Secret,
    /// The key of refund checksums.
    pub refund_secret: Option<Secret>,
    /// Seconds between look-ups; never empty.
    pub lookup_s: Vec<u64>,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
}

impl VietQr {
    pub(in crate::config) fn read(doc: &Document<'_>) -> Option<VietQr> {
        let t = doc.optional(&VIETQR)?;
        let base_url = t.need("base_url", t.parsed("base_url", HttpUrl::parse_base));
        let username = t.need("username", t.parsed("username", basic_user));
        let password = t.need("password_file", t.password("password_file"));
        let refund_secret = t.secret("refund_secret_file");
        let lookup_s = t.numbers("lookup_s", &[30, 60, 120, 300, 600], MAX_LOOKUP_S);
        let ca_file = t.file("ca_file");
        Some(VietQr { base_url: base_url?, username: username?, password: password?, refund_secret, lookup_s, ca_file })
    }

    pub(in crate::config) fn print(&self, p: &mut Printer) {
        p.section(&VIETQR);
        p.text("base_url", self.base_url.as_str());
        p.text("username", &self.username);
        p.secret("password_file", Some(&self.password));
        p.secret("refund_secret_file", self.refund_secret.as_ref());
        p.numbers("lookup_s", &self.lookup_s);
        p.path("ca_file", self.ca_file.as_deref());
    }

    pub(super) fn configured(&self) -> Configured<'_> {
        Configured {
            name: FORM.name,
            address: "base_url",
            url: &self.base_url,
            ca_key: "vietqr.ca_file",
            ca_file: self.ca_file.as_deref(),
            secrets: [Some(&self.password), self.refund_secret.as_ref()].into_iter().flatten().collect(),
        }
    }

    /// `None` without the key of refund checksums: no refund is made then.
    pub(super) fn served(&self) -> Option<Served> {
        let secret = self.refund_secret.as_ref()?.expose().to_vec();
        let password = self.password.expose_text().unwrap_or_default().to_owned();
        Some(Served {
            form: &FORM,
            provider: Box::new(vietqr::VietQr::new(self.username.clone(), password, secret)),
            base_url: self.base_url.clone(),
            ca_file: self.ca_file.clone(),
            lookup_s: self.lookup_s.clone(),
            merchant: String::new(),
            limits: None,
        })
    }
}
