//! One HTTP call, made once: no pool, no retry, no redirect, no proxy, HTTP/1.1 alone.
//!
//! What matters about a call that failed is whether any byte of it may have reached the provider. A connection that was not made, TLS
//! included, proves that none did ([`Wire::NotSent`]); nothing else does: a connection that was closed without a word, a time-out and
//! half an answer all leave it open ([`Wire::Broken`]). The call runs in a task of its own, so that whoever asked may go and the call
//! is made to its end.

use super::connect::connect;
use crate::{
    clock::Clock,
    config::{Endpoint, HttpUrl},
    exchange::exchange,
    tls::{self, Floor, Peer, TlsOptions},
};
use http_body_util::Full;
use hyper::{
    Method, Request,
    body::Bytes,
    header::{ACCEPT, HOST, HeaderName, HeaderValue},
};
use std::{error::Error, sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};
use vietqr_edge_core::provider::{Call, Wire};

/// The longest answer that is read, in bytes.
pub const ANSWER_MAX: usize = 64 * 1024;
/// The longest that a connection may take, whatever the whole call may.
const CONNECT_MOST: Duration = Duration::from_secs(10);

/// How calls are made.
#[derive(Clone)]
pub struct Caller {
    /// What the path of a call is put behind.
    pub base_url: HttpUrl,
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
        let ends = Instant::now() + self.timeout;
        let answer_header = call.answer_header;
        let request = match self.prepared(call) {
            Ok(ready) => ready,
            Err(why) => return not_sent(why),
        };
        // The certificate files are read each time, so that renewed ones need no restart.
        let config = match tls::client_config(&self.tls, self.clock.clone(), &self.floor) {
            Ok(config) => config,
            Err(error) => return not_sent(error.to_string()),
        };
        let longest = (self.timeout / 2).min(CONNECT_MOST);
        let stream = match timeout(longest, connect(&self.base_url, config, longest)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return not_sent(self.explain(&error)),
            Err(_) => return not_sent(format!("no connection within {} s", longest.as_secs_f32())),
        };
        let told = timeout_at(ends, async {
            let mut answer = exchange(stream, request).await.map_err(|error| self.explain(&error))?;
            let status = answer.status.as_u16();
            let header = answer_header.and_then(|name| answer.headers.get(name)?.to_str().ok().map(str::to_owned));
            match answer.body(ANSWER_MAX).await {
                Ok(Some(body)) => Ok(Wire::Answer { status, header, body }),
                Ok(None) => Err(format!("an answer {status} longer than {ANSWER_MAX} bytes")),
                Err(error) => Err(format!("an answer {status} that broke off: {}", self.explain(&error))),
            }
        });
        match told.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => broken(why),
            Err(_) => broken(format!("no whole answer within {} s", self.timeout.as_secs_f32())),
        }
    }

    /// The call's bytes.
    fn prepared(&self, call: Call) -> Result<Request<Full<Bytes>>, String> {
        let target = self.base_url.target(call.path);
        let target = target.map_err(|_| format!("{} can not be asked for: expected a path of a URL", call.path))?;
        let mut request = Request::new(Full::new(Bytes::from(call.body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = target;
        let headers = request.headers_mut();
        headers.insert(HOST, self.base_url.host_header().clone());
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        for (name, value) in call.headers.into_iter().chain([("content-type", call.content_type.to_owned())]) {
            let wrong = || format!("the header {name} can not be sent: expected visible ASCII");
            let mut value = HeaderValue::from_str(&value).map_err(|_| wrong())?;
            value.set_sensitive(true);
            headers.insert(HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?, value);
        }
        Ok(request)
    }

    /// A sentence for people.
    fn explain(&self, error: &(dyn Error + 'static)) -> String {
        let authorities = self.tls.authorities();
        let Endpoint { host, port, .. } = self.base_url.place();
        let peer = Peer {
            host,
            port: *port,
            authorities: &authorities,
            client_certificate: false,
            now: self.clock.now(),
            floor: self.floor.get(),
        };
        tls::explain(error, &peer)
    }
}

fn not_sent(reason: String) -> Wire {
    Wire::NotSent { reason }
}

fn broken(reason: String) -> Wire {
    Wire::Broken { reason }
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
