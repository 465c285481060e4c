//! QFPay's side: `/trade/v1/refund` and `/trade/v1/query` over TLS. Sections named here are those of the protocol facts on
//! VNPAY and QFPay.

mod books;
mod desk;
mod fault;
mod query;
mod settings;
mod signature;
mod spoil;
mod texts;

pub use books::{Books, Kind, Payment};
pub use desk::QfpayDesk;
pub use fault::{Call, Fault};
pub use settings::{AnswerSignature, Scope, Settings};

use crate::certs::Certs;
use crate::provider::{Course, Place, Service, Shared};
use anyhow::Result;

/// The app code of [`QfpayOptions::new`].
pub const APP_CODE: &str = "D5589D2A1F2E42A9A60C37";

/// How the interface is set up.
#[derive(Clone)]
pub struct QfpayOptions {
    /// Where it listens.
    pub place: Place,
    /// `X-QF-APPCODE`.
    pub app_code: String,
    /// The key of all signatures.
    pub client_key: String,
    /// Its books; those of one that served before know what happened.
    pub books: Shared<Books>,
    /// How it behaves at first.
    pub settings: Settings,
}

impl QfpayOptions {
    /// On a free port of 127.0.0.1, for a merchant of its own with the key of the protocol facts' vectors.
    pub fn new(certs: &Certs) -> QfpayOptions {
        QfpayOptions {
            place: Place::new(certs),
            app_code: APP_CODE.to_string(),
            client_key: "0123456789ABCDEF0123456789ABCDEF".to_string(),
            books: Shared::default(),
            settings: Settings::default(),
        }
    }
}

/// The interface, with its payments.
pub type Qfpay = Service<QfpayDesk>;

impl Qfpay {
    /// Starts the interface on the current runtime. It listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken or the certificate cannot be read.
    pub async fn open(options: QfpayOptions) -> Result<Qfpay> {
        let QfpayOptions { place, app_code, client_key, books, settings } = options;
        let desk = QfpayDesk { app_code, client_key, books, calls: Default::default() };
        Service::listen(place, desk, settings).await
    }

    /// `qfpay.base_url` of the daemon's configuration.
    pub fn base_url(&self) -> String {
        self.origin()
    }

    /// Its books, for one that serves after it.
    pub fn books(&self) -> Shared<Books> {
        self.provider().books.clone()
    }

    /// Books a payment, and gives it as it was booked, with its `syssn`. One with the `syssn` or `out_trade_no` of another is
    /// that one, and changes nothing.
    pub fn pay(&self, payment: Payment) -> Payment {
        self.provider().books.lock().pay(payment)
    }

    /// The last refund of a payment takes its next step. Gives its `respcd` then; none: there is no refund.
    pub fn step(&self, syssn: &str) -> Option<String> {
        self.on_last(syssn, Course::step)
    }

    /// The last refund of a payment ends with this `respcd`. Gives it; none: there is no refund.
    pub fn settle(&self, syssn: &str, respcd: &str) -> Option<String> {
        self.on_last(syssn, |course| *course = Course::new(&[respcd.to_string()]))
    }

    fn on_last(&self, syssn: &str, change: impl FnOnce(&mut Course)) -> Option<String> {
        let mut books = self.provider().books.lock();
        let refund = books.refunds.iter_mut().rev().find(|refund| refund.origssn == syssn)?;
        change(&mut refund.course);
        Some(refund.course.now().to_string())
    }
}
