//! VNPAY's side: refund and querydr of the merchant web API, version 2.1.0, over TLS. Sections named here are those of the
//! protocol facts on VNPAY and QFPay.

mod answer;
mod books;
mod desk;
mod fault;
mod fields;
mod settings;

pub use books::{Books, Payment};
pub use desk::VnpayDesk;
pub use fault::{Call, Fault};
pub use settings::{Duplicates, Records, Settings};

use crate::certs::Certs;
use crate::provider::{Course, Place, Service, Shared};
use anyhow::Result;

/// The terminal code of [`VnpayOptions::new`].
pub const TMN_CODE: &str = "DEMO0001";
const PATH: &str = "/merchant_webapi/api/transaction";

/// How the interface is set up.
#[derive(Clone)]
pub struct VnpayOptions {
    /// Where it listens.
    pub place: Place,
    /// `vnp_TmnCode`, 8 letters and digits.
    pub tmn_code: String,
    /// The key of all hashes.
    pub hash_secret: String,
    /// Its books; those of one that served before know what happened.
    pub books: Shared<Books>,
    /// How it behaves at first.
    pub settings: Settings,
}

impl VnpayOptions {
    /// On a free port of 127.0.0.1, for a terminal of its own with the secret of the protocol facts' vectors.
    pub fn new(certs: &Certs) -> VnpayOptions {
        VnpayOptions {
            place: Place::new(certs),
            tmn_code: TMN_CODE.to_string(),
            hash_secret: "VNPAYTESTSECRETKEY0123456789ABCD".to_string(),
            books: Shared::default(),
            settings: Settings::default(),
        }
    }
}

/// The interface, with its payments.
pub type Vnpay = Service<VnpayDesk>;

impl Vnpay {
    /// Starts the interface on the current runtime. It listens when this returns.
    ///
    /// # Errors
    /// Where the port is taken or the certificate cannot be read.
    pub async fn open(options: VnpayOptions) -> Result<Vnpay> {
        let VnpayOptions { place, tmn_code, hash_secret: secret, books, settings } = options;
        let desk = VnpayDesk { tmn_code, secret, books };
        Service::listen(place, desk, settings).await
    }

    /// `vnpay.url` of the daemon's configuration.
    pub fn url(&self) -> String {
        format!("{}{PATH}", self.origin())
    }

    /// Its books, for one that serves after it.
    pub fn books(&self) -> Shared<Books> {
        self.provider().books.clone()
    }

    /// Books a payment, and gives it as it was booked. One with the reference of another is that one, and changes nothing.
    pub fn pay(&self, payment: Payment) -> Payment {
        self.provider().books.lock().pay(payment)
    }

    /// The last refund of a payment takes its next step. Gives its status then; none: there is no refund.
    pub fn step(&self, txn_ref: &str) -> Option<String> {
        self.on_last(txn_ref, Course::step)
    }

    /// The last refund of a payment ends with this `vnp_TransactionStatus`. Gives it; none: there is no refund.
    pub fn settle(&self, txn_ref: &str, status: &str) -> Option<String> {
        self.on_last(txn_ref, |course| *course = Course::new(&[status.to_string()]))
    }

    fn on_last(&self, txn_ref: &str, change: impl FnOnce(&mut Course)) -> Option<String> {
        let mut books = self.provider().books.lock();
        let refund = books.refunds.iter_mut().rev().find(|refund| refund.txn_ref == txn_ref)?;
        change(&mut refund.course);
        Some(refund.course.now().to_string())
    }
}
