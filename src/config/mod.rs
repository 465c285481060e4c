//! The configuration: read whole, checked whole, never half right.
//!
//! [`Config::load`] gives either a configuration whose every rule holds, or every problem with its file, line and key. Each section
//! has its type, its keys with their meaning, its reading and its printing in one file; [`print()`] and the checks live beside them.
//! Secrets are read from their files here and nowhere else ([`Secret`]). [`mod@check`] adds what only matters before a start:
//! certificates, folders, programs.

mod api;
mod callback;
pub mod check;
mod device;
mod document;
mod feed;
mod mqtt;
mod operator;
mod paybox;
mod print;
mod problem;
mod provider;
mod refund;
mod secret;
mod section;
mod shop;
mod suggest;
mod table;
mod topic;
mod unserved;
mod url;
mod voice;

pub use api::{Api, Listen, Token, TokenRole};
pub use callback::Callback;
pub use check::{Grade, Item, Report, certificates, check};
pub(crate) use check::{SOON_DAYS, certificate_end, days_left, find_program};
pub use device::{Device, Log, LogFormat, LogLevel, Retention};
pub use feed::{HeadOffice, Webhook};
pub use mqtt::{ClientCert, Mqtt};
pub use operator::{Operator, Role};
pub use paybox::PayBox;
pub use print::print;
pub use problem::{Problem, Problems, Severity};
pub use provider::{Configured, Qfpay, Served, VietQr, Vnpay};
pub use refund::Refund;
pub use secret::Secret;
#[doc(hidden)]
pub use section::{SECTIONS, Section};
pub use shop::{Account, Order, Terminal};
pub use url::{Endpoint, HttpUrl};
pub use voice::{Mode, Speaker, Voice};

use document::{Document, Notes};
use std::collections::BTreeMap;
use std::path::Path;

/// A configuration in which every rule of the contract holds. Debug output shows no secret and no whole account number.
#[derive(Clone, Debug)]
pub struct Config {
    /// This device.
    pub device: Device,
    /// VietQR's broker.
    pub mqtt: Mqtt,
    /// Where money may go; at least one.
    pub accounts: Vec<Account>,
    /// Points of sale; at least one.
    pub terminals: Vec<Terminal>,
    /// Bills.
    pub order: Order,
    /// PAYBox registration.
    pub paybox: Option<PayBox>,
    /// VietQR over HTTP.
    pub vietqr: Option<VietQr>,
    /// VNPAY.
    pub vnpay: Option<Vnpay>,
    /// QFPay.
    pub qfpay: Option<Qfpay>,
    /// VietQR's callback.
    pub callback: Option<Callback>,
    /// Refunds; none without it.
    pub refund: Option<Refund>,
    /// People who may ask for and approve refunds.
    pub operators: Vec<Operator>,
    /// The speaker.
    pub voice: Option<Voice>,
    /// The socket, and HTTP over TCP.
    pub api: Api,
    /// Programs that are told of events.
    pub webhooks: Vec<Webhook>,
    /// The chain's own broker.
    pub head_office: Option<HeadOffice>,
    /// What is kept.
    pub retention: Retention,
    /// What is logged.
    pub log: Log,
}

impl Config {
    /// Reads the file and the secrets it names. The second part of the answer are warnings.
    ///
    /// # Errors
    /// Every problem found, warnings included, where at least one is an error.
    pub fn load(path: &Path) -> Result<(Config, Vec<Problem>), Problems> {
        let Loaded { config, problems, .. } = load(path);
        config.map(|config| (config, problems.clone())).ok_or(Problems(problems))
    }

    /// Seconds up to which a payment is fresh, also without `[voice]`.
    pub fn fresh_s(&self) -> u64 {
        self.voice.as_ref().map_or(voice::FRESH_S, |v| v.fresh_s)
    }

    /// Seconds up to which a payment is late, also without `[voice]`.
    pub fn late_s(&self) -> u64 {
        self.voice.as_ref().map_or(voice::LATE_S, |v| v.late_s)
    }
}

/// What reading a file gives.
struct Loaded {
    /// Where nothing is an error.
    config: Option<Config>,
    problems: Vec<Problem>,
    /// The line of every key.
    lines: BTreeMap<String, u32>,
}

fn load(path: &Path) -> Loaded {
    let text = match document::read(path) {
        Ok(text) => text,
        Err(problem) => return Loaded { config: None, problems: vec![problem], lines: BTreeMap::new() },
    };
    let notes = Notes::new(path, &text);
    let config = document::parse(&text, &notes).and_then(|root| read(&Document::new(&notes, &root)));
    let (problems, lines) = notes.finish();
    let whole = problems.iter().all(|p| p.severity == Severity::Warning);
    Loaded { config: config.filter(|_| whole), problems, lines }
}

/// Reads every section before giving up on any, so that every problem is noted.
fn read(doc: &Document<'_>) -> Option<Config> {
    let device = Device::read(doc);
    let mqtt = Mqtt::read(doc, device.as_ref().map(|d| d.id.as_str()));
    let accounts = Account::read_all(doc);
    let terminals = Terminal::read_all(doc, accounts.as_deref());
    let order = Order::read(doc);
    let paybox = PayBox::read(doc);
    let (vietqr, vnpay, qfpay) = (VietQr::read(doc), Vnpay::read(doc), Qfpay::read(doc));
    let callback = Callback::read(doc);
    let refund = Refund::read(doc);
    let operators = Operator::read_all(doc);
    let voice = Voice::read(doc);
    let api = Api::read(doc, device.as_ref().map(|d| d.state_dir.as_path()));
    let webhooks = Webhook::read_all(doc);
    let head_office = HeadOffice::read(doc);
    let (retention, log) = (Retention::read(doc), Log::read(doc));
    if let (Some(callback), Some(listen)) = (&callback, &api.listen)
        && callback.listen == listen.address
        && callback.listen.port() != 0
    {
        let line = doc.line_of("api.listen").unwrap_or(1);
        doc.note(Severity::Error, line, "api.listen", "is the address of [callback]; expected another port");
    }
    unserved::warn(doc);
    Some(Config {
        device: device?,
        mqtt: mqtt?,
        accounts: accounts?,
        terminals: terminals?,
        order,
        paybox,
        vietqr,
        vnpay,
        qfpay,
        callback,
        refund,
        operators,
        voice,
        api,
        webhooks,
        head_office,
        retention,
        log,
    })
}
