//! `[vnpay]`: VNPAY's refund interface.

use super::{CA, Configured, MAX_LOOKUP_S, Served};
use crate::config::{document::Document, print::Printer, secret::Secret, section::Section, url::HttpUrl};
use std::{net::IpAddr, path::PathBuf};
use vietqr_edge_core::provider::vnpay::{self, FORM};

pub(in crate::config) const VNPAY: Section = Section {
    name: FORM.name,
    list: false,
    doc: "VNPAY's refund interface, version 2.1.0.",
    keys: &[
        ("url", "https://HOST/merchant_webapi/api/transaction"),
        ("tmn_code", "The terminal code at VNPAY, 8 letters and digits."),
        ("hash_secret_file", "The file with the hash secret."),
        ("ip", "The address that calls come from, as told to VNPAY."),
        (
            "lookup_s",
            "Seconds between look-ups; the last one repeats. VNPAY answers 94 when asked more often than every 300 s.",
        ),
        ("ca_file", CA),
    ],
};

/// `[vnpay]`.
#[derive(Clone, Debug)]
pub struct Vnpay {
    /// The one address of refund and querydr.
    pub url: HttpUrl,
    /// 8 letters and digits (vnpay-qfpay.md 2.2).
    pub tmn_code: String,
    /// The key of the HMAC.
    pub hash_secret: Secret,
    /// `vnp_IpAddr`.
    pub ip: IpAddr,
    /// Seconds between look-ups; never empty.
    pub lookup_s: Vec<u64>,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
}

impl Vnpay {
    pub(in crate::config) fn read(doc: &Document<'_>) -> Option<Vnpay> {
        let t = doc.optional(&VNPAY)?;
        let url = t.need("url", t.parsed("url", HttpUrl::parse_base));
        let tmn_code = t.need("tmn_code", t.parsed("tmn_code", tmn_code));
        let hash_secret = t.need("hash_secret_file", t.secret("hash_secret_file"));
        let ip = |text: &str| text.parse().map_err(|_| "expected an IP address".to_owned());
        let ip = t.need("ip", t.parsed("ip", ip));
        let lookup_s = t.numbers("lookup_s", &[300, 900, 3_600, 21_600, 86_400], MAX_LOOKUP_S);
        if lookup_s.iter().any(|s| *s < 300) {
            t.warning("lookup_s", "VNPAY answers 94 when asked more often than every 300 s");
        }
        let ca_file = t.file("ca_file");
        Some(Vnpay { url: url?, tmn_code: tmn_code?, hash_secret: hash_secret?, ip: ip?, lookup_s, ca_file })
    }

    pub(in crate::config) fn print(&self, p: &mut Printer) {
        p.section(&VNPAY);
        p.text("url", self.url.as_str());
        p.text("tmn_code", &self.tmn_code);
        p.secret("hash_secret_file", Some(&self.hash_secret));
        p.text("ip", &self.ip.to_string());
        p.numbers("lookup_s", &self.lookup_s);
        p.path("ca_file", self.ca_file.as_deref());
    }

    pub(super) fn configured(&self) -> Configured<'_> {
        Configured {
            name: FORM.name,
            address: "url",
            url: &self.url,
            ca_key: "vnpay.ca_file",
            ca_file: self.ca_file.as_deref(),
            secrets: vec![&self.hash_secret],
        }
    }

    pub(super) fn served(&self) -> Served {
        let terminal = vnpay::Terminal {
            tmn_code: self.tmn_code.clone(),
            hash_secret: self.hash_secret.expose().to_vec(),
            ip: self.ip.to_string(),
        };
        Served {
            form: &FORM,
            provider: Box::new(vnpay::Vnpay::new(terminal)),
            base_url: self.url.clone(),
            ca_file: self.ca_file.clone(),
            lookup_s: self.lookup_s.clone(),
            merchant: self.tmn_code.clone(),
            limits: None,
        }
    }
}

fn tmn_code(text: &str) -> Result<String, String> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 8 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}
