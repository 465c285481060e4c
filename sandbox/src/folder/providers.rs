//! The providers of a folder: each starts with the folder's secrets, and adds its section to the configuration.

use super::Folder;
use crate::files;
use crate::provider::Place;
use crate::qfpay::{APP_CODE, Qfpay, QfpayOptions};
use crate::vietqr::http::{HttpOptions, VietQrHttp};
use crate::vnpay::{TMN_CODE, Vnpay, VnpayOptions};
use anyhow::Result;

/// The login of the device at VietQR's HTTP interface.
pub const PARTNER_USER: &str = "customer-demo-user01";

impl Folder {
    /// Starts VietQR's HTTP interface of this folder, and adds it to the configuration.
    ///
    /// # Errors
    /// As for [`VietQrHttp::start`], or where the configuration cannot be written.
    pub async fn serve_http(&mut self) -> Result<VietQrHttp> {
        let http = VietQrHttp::start(self.http()).await?;
        self.options.http_port = http.addr().port();
        self.add(format!(
            r#"
[vietqr]
base_url = "{}"
username = "{PARTNER_USER}"
password_file = "secrets/vietqr-password"
refund_secret_file = "secrets/vietqr-refund"
ca_file = "certs/ca.pem"

[refund]
request_key_file = "secrets/refund-request"
"#,
            http.base_url()
        ))?;
        Ok(http)
    }

    /// How [`Folder::serve_http`] sets the interface up.
    pub fn http(&self) -> HttpOptions {
        HttpOptions {
            listen: self.options.listen,
            port: self.options.http_port,
            host: self.host().to_string(),
            username: PARTNER_USER.to_string(),
            password: self.partner_password.clone(),
            refund_secret: self.refund_secret.clone(),
            ..HttpOptions::new(&self.certs)
        }
    }

    /// Starts VNPAY of this folder, and adds it to the configuration.
    ///
    /// # Errors
    /// As for [`Vnpay::open`], or where the configuration cannot be written.
    pub async fn serve_vnpay(&mut self) -> Result<Vnpay> {
        let vnpay = Vnpay::open(self.vnpay()).await?;
        self.options.vnpay_port = vnpay.addr().port();
        self.add(format!(
            r#"
[vnpay]
url = "{}"
tmn_code = "{TMN_CODE}"
hash_secret_file = "secrets/vnpay"
ip = "127.0.0.1"
ca_file = "certs/ca.pem"
"#,
            vnpay.url()
        ))?;
        Ok(vnpay)
    }

    /// How [`Folder::serve_vnpay`] sets VNPAY up.
    pub fn vnpay(&self) -> VnpayOptions {
        let place = self.place(self.options.vnpay_port);
        VnpayOptions { place, hash_secret: self.vnpay_secret.clone(), ..VnpayOptions::new(&self.certs) }
    }

    /// Starts QFPay of this folder, and adds it to the configuration.
    ///
    /// # Errors
    /// As for [`Qfpay::open`], or where the configuration cannot be written.
    pub async fn serve_qfpay(&mut self) -> Result<Qfpay> {
        let qfpay = Qfpay::open(self.qfpay()).await?;
        self.options.qfpay_port = qfpay.addr().port();
        self.add(format!(
            r#"
[qfpay]
base_url = "{}"
app_code = "{APP_CODE}"
client_key_file = "secrets/qfpay"
verify_answers = "require"
ca_file = "certs/ca.pem"
"#,
            qfpay.base_url()
        ))?;
        Ok(qfpay)
    }

    /// How [`Folder::serve_qfpay`] sets QFPay up.
    pub fn qfpay(&self) -> QfpayOptions {
        let place = self.place(self.options.qfpay_port);
        QfpayOptions { place, client_key: self.qfpay_key.clone(), ..QfpayOptions::new(&self.certs) }
    }

    fn place(&self, port: u16) -> Place {
        Place { listen: self.options.listen, port, host: self.host().to_string(), ..Place::new(&self.certs) }
    }

    fn add(&mut self, section: String) -> Result<()> {
        self.sections.push(section);
        files::write_public(&self.config, &self.agent_toml())
    }
}
