//! One HTTP call, made once: no pool, no retry, no redirect, no proxy, HTTP/1.1 alone.
//!
//! What matters about a call that failed is whether any byte of it may have reached the provider. A failed connection proves that none
//! did ([`Wire::NotSent`]); nothing else does: a connection that was closed without a word, a time-out and half an answer all leave
//! it open ([`Wire::Broken`]). The call runs in a task of its own, so that whoever asked may go and the call is made to its end.

use crate::{
    clock::Clock,
    tls::{self, Floor, Peer, TlsOptions},
};
use reqwest::{
    Client, Response, Url,
    header::{CONTENT_TYPE, HeaderValue},
};
use std::{sync::Arc, time::Duration};
use vietqr_edge_core::provider::{Call, Wire};

/// The longest answer that is read, in bytes.
pub const ANSWER_MAX: usize = 64 * 1024;
/// The longest that a connection may take, whatever the whole call may.
const CONNECT_MOST: Duration = Duration::from_secs(10);

/// How calls are made.
#[derive(Clone)]
pub struct Caller {
    /// What the path of a call is put behind.
    pub base_url: String,
    /// Whose certificates are believed.
    pub tls: TlsOptions,
    /// The clock that certificates are checked by.
    pub clock: Arc<dyn Clock>,
    /// Not before this.
    pub floor: Floor,
    /// For the whole call, connection included.
    pub timeout: Duration,
}

impl Caller {
    /// Makes the call, once and to its end, also where whoever waits for it goes.
    pub async fn call(&self, call: Call) -> Wire {
        let caller = self.clone();
        let made = tokio::spawn(async move { caller.make(call).await });
        made.await.unwrap_or_else(|error| broken(format!("the call was broken off here: {error}")))
    }

    async fn make(&self, call: Call) -> Wire {
        let url = format!("{}{}", self.base_url, call.path);
        let (client, url) = match self.client().and_then(|client| Ok((client, url.parse::<Url>()?))) {
            Ok(ready) => ready,
            Err(error) => return not_sent(error.to_string()),
        };
        let mut request = client.post(url.clone()).header(CONTENT_TYPE, call.content_type).body(call.body);
        for (name, value) in call.headers {
            match HeaderValue::from_str(&value) {
                Ok(mut value) => {
                    value.set_sensitive(true);
                    request = request.header(name, value);
                }
                Err(_) => return not_sent(format!("the header {name} can not be sent: expected visible ASCII")),
            }
        }
        let request = request.build();
        let request = match request {
            Ok(request) => request,
            Err(error) => return not_sent(error.without_url().to_string()),
        };
        let answer = match client.execute(request).await {
            Ok(answer) => answer,
            // The one error that proves it.
            Err(error) if error.is_connect() => return not_sent(self.explain(&url, error)),
            Err(error) => return broken(self.explain(&url, error)),
        };
        let status = answer.status().as_u16();
        let header = call.answer_header.and_then(|name| answer.headers().get(name)?.to_str().ok().map(str::to_owned));
        match read(answer).await {
            Ok(Some(body)) => Wire::Answer { status, header, body },
            Ok(None) => broken(format!("an answer {status} longer than {ANSWER_MAX} bytes")),
            Err(error) => broken(format!("an answer {status} that broke off: {}", self.explain(&url, error))),
        }
    }

    /// A client for one call. The certificate files are read each time, so that renewed ones need no restart.
    fn client(&self) -> Result<Client, Box<dyn std::error::Error + Send + Sync>> {
        let config = tls::client_config(&self.tls, self.clock.clone(), &self.floor)?;
        let connect = (self.timeout / 2).min(CONNECT_MOST);
        Ok(Client::builder()
            .tls_backend_preconfigured((*config).clone())
            .no_proxy()
            .connect_timeout(connect)
            .timeout(self.timeout)
            .pool_max_idle_per_host(0)
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .http1_only()
            .build()?)
    }

    /// A sentence for people, without the address's query.
    fn explain(&self, url: &Url, error: reqwest::Error) -> String {
        let error = error.without_url();
        if error.is_timeout() {
            let what = if error.is_connect() { "no connection" } else { "no whole answer" };
            return format!("{what} within {} s", self.timeout.as_secs_f32());
        }
        let authorities = self.tls.authorities();
        let peer = Peer {
            host: url.host_str().unwrap_or_default(),
            port: url.port_or_known_default().unwrap_or_default(),
            authorities: &authorities,
            client_certificate: false,
            now: self.clock.now(),
            floor: self.floor.get(),
        };
        tls::explain(&error, &peer)
    }
}

fn not_sent(reason: String) -> Wire {
    Wire::NotSent { reason }
}

fn broken(reason: String) -> Wire {
    Wire::Broken { reason }
}

/// The body, or `None` where it is too long.
async fn read(mut answer: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > ANSWER_MAX {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
