//! `[vietqr]`, `[vnpay]`, `[qfpay]`: where refunds and look-ups go.

use super::document::Document;
use super::print::Printer;
use super::secret::Secret;
use super::section::Section;
use super::table::Table;
use super::url::HttpUrl;
use std::net::IpAddr;
use std::path::PathBuf;

const LOOKUP: &str = "Seconds between look-ups of an unknown or pending refund; the last one repeats.";
const CA: &str = "The authority that its certificate is verified against, PEM. Default: the Mozilla roots.";

/// The longest pause between look-ups, in seconds: a week.
const MAX_LOOKUP_S: u64 = 604_800;

pub(super) const VIETQR: Section = Section {
    name: "vietqr",
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

pub(super) const VNPAY: Section = Section {
    name: "vnpay",
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

pub(super) const QFPAY: Section = Section {
    name: "qfpay",
    list: false,
    doc: "QFPay's refund interface.",
    keys: &[
        ("base_url", "https://HOST"),
        ("app_code", "The app code that QFPay gave."),
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

/// How QFPay requests are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignType {
    /// MD5 over the parameters and the key.
    Md5,
    /// SHA-256 over the same.
    Sha256,
}

/// What is made of the signature of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyAnswers {
    /// It is not looked at.
    Off,
    /// A wrong one is logged.
    Log,
    /// An answer without a right one proves nothing.
    Require,
}

/// `[qfpay]`. Amounts are in minor units of the payment's currency.
#[derive(Clone, Debug)]
pub struct Qfpay {
    /// Without a slash at the end.
    pub base_url: HttpUrl,
    /// `X-QF-APPCODE`.
    pub app_code: String,
    /// The key of the signature.
    pub client_key: Secret,
    /// How requests are signed.
    pub sign_type: SignType,
    /// What is made of signatures of answers.
    pub verify_answers: VerifyAnswers,
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

const VERIFY: &[(&str, VerifyAnswers)] =
    &[("off", VerifyAnswers::Off), ("log", VerifyAnswers::Log), ("require", VerifyAnswers::Require)];

impl VietQr {
    pub(super) fn read(doc: &Document<'_>) -> Option<VietQr> {
        let t = doc.optional(&VIETQR)?;
        let base_url = t.need("base_url", t.parsed("base_url", HttpUrl::parse_base));
        let username = t.need("username", t.parsed("username", basic_user));
        let password = t.need("password_file", t.password("password_file"));
        let refund_secret = t.secret("refund_secret_file");
        let lookup_s = t.numbers("lookup_s", &[30, 60, 120, 300, 600], MAX_LOOKUP_S);
        let ca_file = t.file("ca_file");
        Some(VietQr { base_url: base_url?, username: username?, password: password?, refund_secret, lookup_s, ca_file })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&VIETQR);
        p.text("base_url", self.base_url.as_str());
        p.text("username", &self.username);
        p.secret("password_file", Some(&self.password));
        p.secret("refund_secret_file", self.refund_secret.as_ref());
        p.numbers("lookup_s", &self.lookup_s);
        p.path("ca_file", self.ca_file.as_deref());
    }
}

/// A user name for HTTP Basic, which cannot hold a colon (RFC 7617).
pub(super) fn basic_user(text: &str) -> Result<String, String> {
    if text.contains(':') {
        return Err("expected a user name without a colon".to_owned());
    }
    Ok(text.to_owned())
}

impl Vnpay {
    pub(super) fn read(doc: &Document<'_>) -> Option<Vnpay> {
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

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&VNPAY);
        p.text("url", self.url.as_str());
        p.text("tmn_code", &self.tmn_code);
        p.secret("hash_secret_file", Some(&self.hash_secret));
        p.text("ip", &self.ip.to_string());
        p.numbers("lookup_s", &self.lookup_s);
        p.path("ca_file", self.ca_file.as_deref());
    }
}

fn tmn_code(text: &str) -> Result<String, String> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 8 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}

impl Qfpay {
    pub(super) fn read(doc: &Document<'_>) -> Option<Qfpay> {
        let t = doc.optional(&QFPAY)?;
        let base_url = t.need("base_url", t.parsed("base_url", HttpUrl::parse_base));
        let app_code = t.need("app_code", t.parsed("app_code", app_code));
        let client_key = t.need("client_key_file", t.secret("client_key_file"));
        let limits = Limits::read(&t, Limits { max_amount: 100_000, daily_total: 400_000, approval_above: 20_000 });
        let sign_type = t.choice("sign_type", SignType::Md5, SIGN_TYPES);
        let verify_answers = t.choice("verify_answers", VerifyAnswers::Log, VERIFY);
        let lookup_s = t.numbers("lookup_s", &[5, 30, 120, 600, 3_600], MAX_LOOKUP_S);
        let ca_file = t.file("ca_file");
        Some(Qfpay {
            base_url: base_url?,
            app_code: app_code?,
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

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&QFPAY);
        p.text("base_url", self.base_url.as_str());
        p.text("app_code", &self.app_code);
        p.secret("client_key_file", Some(&self.client_key));
        p.word("sign_type", self.sign_type, SIGN_TYPES);
        p.word("verify_answers", self.verify_answers, VERIFY);
        p.numbers("lookup_s", &self.lookup_s);
        p.value("max_amount", self.max_amount);
        p.value("daily_total", self.daily_total);
        p.value("approval_above", self.approval_above);
        p.path("ca_file", self.ca_file.as_deref());
    }
}

fn app_code(text: &str) -> Result<String, String> {
    if text.len() > 64 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 1 to 64 letters and digits".to_owned());
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
