//! Talks to the daemon over its socket.

use super::{failure::Failure, socket::Target};
use crate::http::Problem;
use reqwest::{Method, RequestBuilder, Response};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    error::Error,
    future::Future,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The longest wait for an answer about what is known.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest wait until something was said.
const SAY_TIMEOUT: Duration = Duration::from_secs(75);

/// A connection to the daemon, made when it is used.
pub(super) struct Client {
    http: reqwest::Client,
    socket: PathBuf,
    config: PathBuf,
}

/// Runs a command that talks to the daemon.
///
/// # Errors
/// Its own; exit 1 where no runtime can be started.
pub(super) fn talk(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|e| Failure::failed(format!("cannot start: {e}")))?.block_on(command)
}

impl Client {
    /// Finds the daemon's socket.
    ///
    /// # Errors
    /// Exit 78 where nothing names it.
    pub(super) fn new(target: &Target, config: &Path) -> Result<Client, Failure> {
        let socket = target.path(config)?;
        // No TLS on a socket, but the client wants a configuration; an empty one saves reading the system's roots.
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Failure::failed)?
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .unix_socket(socket.as_path())
            .build()
            .map_err(Failure::failed)?;
        Ok(Client { http, socket, config: config.to_owned() })
    }

    /// The text at a path.
    ///
    /// # Errors
    /// Exit 69 where the daemon is not reachable, 1 where it answers a problem.
    pub(super) async fn text(&self, path: &str) -> Result<String, Failure> {
        let request = self.request(Method::GET, path).timeout(READ_TIMEOUT);
        self.send(request).await?.text().await.map_err(|e| self.broken(&e))
    }

    /// The document at a path.
    ///
    /// # Errors
    /// As [`Client::text`].
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        parse(&self.text(path).await?)
    }

    /// What the daemon answers to this request.
    ///
    /// # Errors
    /// As [`Client::text`].
    pub(super) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        let request = self.request(Method::POST, path).timeout(SAY_TIMEOUT).json(body);
        parse(&self.send(request).await?.text().await.map_err(|e| self.broken(&e))?)
    }

    /// The stream of events after this number, or the problem the daemon answers.
    ///
    /// # Errors
    /// Exit 69 where the daemon is not reachable.
    pub(super) async fn stream(&self, after: u64) -> Result<Result<Response, Box<Problem>>, Failure> {
        let request = self.request(Method::GET, "/v1/events").header("accept", "text/event-stream");
        let request = request.header("last-event-id", after.to_string());
        self.answer(request).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://localhost{path}"))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let problem = match self.answer(request).await? {
            Ok(response) => return Ok(response),
            Err(problem) => problem,
        };
        Err(Failure::problem(&problem))
    }

    async fn answer(&self, request: RequestBuilder) -> Result<Result<Response, Box<Problem>>, Failure> {
        let response = request.send().await.map_err(|e| self.broken(&e))?;
        let status = response.status();
        if status.is_success() {
            return Ok(Ok(response));
        }
        let text = response.text().await.map_err(|e| self.broken(&e))?;
        match serde_json::from_str(&text) {
            Ok(problem) => Ok(Err(Box::new(problem))),
            Err(_) => {
                Err(Failure::failed(format!("{} answered {status}; is it the daemon's socket?", self.socket.display())))
            }
        }
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        let socket = self.socket.display();
        if error.is_timeout() {
            return Failure::unreachable(format!("the daemon at {socket} does not answer; its log says more"));
        }
        if !error.is_connect() {
            return Failure::unreachable(format!("the daemon at {socket} broke the connection off; its log says more"));
        }
        match cause(error) {
            Some(io::ErrorKind::PermissionDenied) => Failure::unreachable(format!(
                "the daemon's socket {socket} may not be opened by you: use its owner's account or one of its group"
            )),
            _ => Failure::unreachable(format!(
                "the daemon is not reachable at {socket}: is it running? (vietqr-edge run --config {})",
                self.config.display()
            )),
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let other = |e| Failure::failed(format!("the daemon answered something else ({e}); is it of the same version?"));
    serde_json::from_str(text).map_err(other)
}

/// The kind of the I/O error at the root.
fn cause(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(e) = cause {
        if let Some(io) = e.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        cause = e.source();
    }
    None
}

/// Text as a part of a query, percent-encoded (RFC 3986).
pub(super) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_in_a_reference_is_taken_for_the_query() {
        assert_eq!(super::encoded("FT26&a=1 é"), "FT26%26a%3D1%20%C3%A9");
    }
}
