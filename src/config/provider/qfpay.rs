//! `[qfpay]`: QFPay's refund interface. Amounts are in minor units of the payment's currency.

use super::{CA, Configured, LOOKUP, Limits, MAX_LOOKUP_S, Served};
use crate::config::{document::Document, print::Printer, secret::Secret, section::Section, url::HttpUrl};
use std::path::PathBuf;
use vietqr_edge_core::{
    provider::qfpay::{self, FORM, SignType, Verify},
    refund,
};

pub(in crate::config) const QFPAY: Section = Section {
    name: FORM.name,
    list: false,
    doc: "QFPay's refund interface.",
    keys: &[
        ("base_url", "https://HOST"),
        ("app_code", "The app code that QFPay gave."),
        ("mchid", "The merchant id, where QFPay issued one. Default: none, and none is sent."),
        ("client_key_file", "The file with the client key."),
        ("sign_type", "How requests are signed: md5 or sha256. Default md5."),
        ("verify_answers", "Signatures of answers: off, log (a wrong one is logged) or require. Default log."),
        ("lookup_s", LOOKUP),
        ("max_amount", "The most that one refund may be, in minor units of its currency. Default 100000."),
        ("daily_total", "The most that all refunds of a day (+07:00) may be, in minor units. Default 400000."),
        ("approval_above", "Above this a manager must approve, in minor units. Default 20000."),
        ("ca_file", CA),
    ],
};

/// `[qfpay]`.
#[derive(Clone, Debug)]
pub struct Qfpay {
    /// Without a slash at the end.
    pub base_url: HttpUrl,
    /// `X-QF-APPCODE`.
    pub app_code: String,
    /// `mchid`, where one was issued: it is in every request then (vnpay-qfpay.md 3.3).
    pub mchid: Option<String>,
    /// The key of the signature.
    pub client_key: Secret,
    /// How requests are signed.
    pub sign_type: SignType,
    /// What is made of signatures of answers.
    pub verify_answers: Verify,
    /// Seconds between look-ups; never empty.
    pub lookup_s: Vec<u64>,
    /// The most that one refund may be.
    pub max_amount: u64,
    /// The most that all refunds of a day may be.
    pub daily_total: u64,
    /// Above this a manager must approve.
    pub approval_above: u64,
    /// PEM roots that replace the Mozilla roots.
    pub ca_file: Option<PathBuf>,
}

const SIGN_TYPES: &[(&str, SignType)] = &[("md5", SignType::Md5), ("sha256", SignType::Sha256)];

const VERIFY: &[(&str, Verify)] = &[("off", Verify::Off), ("log", Verify::Log), ("require", Verify::Require)];

impl Qfpay {
    pub(in crate::config) fn read(doc: &Document<'_>) -> Option<Qfpay> {
        let t = doc.optional(&QFPAY)?;
        let base_url = t.need("base_url", t.parsed("base_url", HttpUrl::parse_base));
        let app_code = t.need("app_code", t.parsed("app_code", app_code));
        let mchid = t.parsed("mchid", mchid);
        let client_key = t.need("client_key_file", t.secret("client_key_file"));
        let limits = Limits::read(&t, Limits { max_amount: 100_000, daily_total: 400_000, approval_above: 20_000 });
        let sign_type = t.choice("sign_type", SignType::Md5, SIGN_TYPES);
        let verify_answers = t.choice("verify_answers", Verify::Log, VERIFY);
        let lookup_s = t.numbers("lookup_s", &[5, 30, 120, 600, 3_600], MAX_LOOKUP_S);
        let ca_file = t.file("ca_file");
        Some(Qfpay {
            base_url: base_url?,
            app_code: app_code?,
            mchid,
            client_key: client_key?,
            sign_type,
            verify_answers,
            lookup_s,
            max_amount: limits.max_amount,
            daily_total: limits.daily_total,
            approval_above: limits.approval_above,
            ca_file,
        })
    }

    pub(in crate::config) fn print(&self, p: &mut Printer) {
        p.section(&QFPAY);
        p.text("base_url", self.base_url.as_str());
        p.text("app_code", &self.app_code);
        p.opt_text("mchid", self.mchid.as_deref());
        p.secret("client_key_file", Some(&self.client_key));
        p.word("sign_type", self.sign_type, SIGN_TYPES);
        p.word("verify_answers", self.verify_answers, VERIFY);
        p.numbers("lookup_s", &self.lookup_s);
        p.value("max_amount", self.max_amount);
        p.value("daily_total", self.daily_total);
        p.value("approval_above", self.approval_above);
        p.path("ca_file", self.ca_file.as_deref());
    }

    pub(super) fn configured(&self) -> Configured<'_> {
        Configured {
            name: FORM.name,
            address: "base_url",
            url: &self.base_url,
            ca_key: "qfpay.ca_file",
            ca_file: self.ca_file.as_deref(),
            secrets: vec![&self.client_key],
        }
    }

    pub(super) fn served(&self) -> Served {
        let merchant = qfpay::Merchant {
            app_code: self.app_code.clone(),
            mchid: self.mchid.clone(),
            client_key: self.client_key.expose().to_vec(),
            sign: self.sign_type,
            verify: self.verify_answers,
        };
        Served {
            form: &FORM,
            provider: Box::new(qfpay::Qfpay::new(merchant)),
            base_url: self.base_url.clone(),
            ca_file: self.ca_file.clone(),
            lookup_s: self.lookup_s.clone(),
            merchant: self.app_code.clone(),
            limits: Some(refund::Limits {
                max_amount: self.max_amount,
                daily_total: self.daily_total,
                approval_above: self.approval_above,
            }),
        }
    }
}

fn app_code(text: &str) -> Result<String, String> {
    if text.len() > 64 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 1 to 64 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}

/// 16 characters at most (vnpay-qfpay.md 3.5).
fn mchid(text: &str) -> Result<String, String> {
    if text.len() > 16 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 1 to 16 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}
