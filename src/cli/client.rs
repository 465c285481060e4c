//! Talks to the daemon over its socket.

use super::{failure::Failure, socket::Target};
use crate::{
    exchange::{Answer, exchange},
    http::Problem,
};
use http_body_util::Full;
use hyper::{
    Method, Request, Uri,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::{net::UnixStream, time::timeout};

/// The longest wait for an answer about what is known.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// The longest wait until something was said.
const SAY_TIMEOUT: Duration = Duration::from_secs(75);

/// The longest answer that is read, in bytes: far above the longest list.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Where the daemon is; each request makes a connection.
pub(super) struct Client {
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
        Ok(Client { socket, config: config.to_owned() })
    }

    /// The text at a path.
    ///
    /// # Errors
    /// Exit 69 where the daemon is not reachable, 1 where it answers a problem.
    pub(super) async fn text(&self, path: &str) -> Result<String, Failure> {
        self.within(READ_TIMEOUT, self.request(Method::GET, path, None)?).await
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
        parse(&self.within(SAY_TIMEOUT, self.request(Method::POST, path, Some(body))?).await?)
    }

    /// The stream of events after this number, or the problem the daemon answers.
    ///
    /// # Errors
    /// Exit 69 where the daemon is not reachable.
    pub(super) async fn stream(&self, after: u64) -> Result<Result<Answer, Box<Problem>>, Failure> {
        let mut request = self.request(Method::GET, "/v1/events", None)?;
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(HeaderName::from_static("last-event-id"), HeaderValue::from(after));
        self.answer(request).await
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Request<Full<Bytes>>, Failure> {
        let bytes = body.map_or_else(Bytes::new, |body| Bytes::from(body.to_string()));
        let mut request = Request::new(Full::new(bytes));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse::<Uri>().map_err(Failure::failed)?;
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("localhost"));
        if body.is_some() {
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    /// The text that the daemon answers within this time, where it answers no problem.
    async fn within(&self, time: Duration, request: Request<Full<Bytes>>) -> Result<String, Failure> {
        let told = async {
            match self.answer(request).await? {
                Ok(mut answer) => self.whole(&mut answer).await,
                Err(problem) => Err(Failure::problem(&problem)),
            }
        };
        let socket = self.socket.display();
        let silent = || Failure::unreachable(format!("the daemon at {socket} does not answer; its log says more"));
        timeout(time, told).await.unwrap_or_else(|_| Err(silent()))
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Result<Answer, Box<Problem>>, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| self.not_connected(&error))?;
        let mut answer = exchange(Box::new(stream), request).await.map_err(|_| self.broken())?;
        let status = answer.status;
        if status.is_success() {
            return Ok(Ok(answer));
        }
        let text = self.whole(&mut answer).await?;
        match serde_json::from_str(&text) {
            Ok(problem) => Ok(Err(Box::new(problem))),
            Err(_) => {
                Err(Failure::failed(format!("{} answered {status}; is it the daemon's socket?", self.socket.display())))
            }
        }
    }

    async fn whole(&self, answer: &mut Answer) -> Result<String, Failure> {
        let body = answer.body(ANSWER_MAX).await.map_err(|_| self.broken())?;
        let body = body.ok_or_else(|| Failure::failed("the daemon's answer has no end"))?;
        String::from_utf8(body).map_err(|_| Failure::failed("the daemon's answer is not text"))
    }

    fn broken(&self) -> Failure {
        let socket = self.socket.display();
        Failure::unreachable(format!("the daemon at {socket} broke the connection off; its log says more"))
    }

    fn not_connected(&self, error: &io::Error) -> Failure {
        let socket = self.socket.display();
        match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::unreachable(format!(
                "the daemon's socket {socket} may not be opened by you: use its owner's account or one of its group"
            )),
            _ => Failure::unreachable(format!(
                "the daemon is not reachable at {socket}: is its service started? (by hand, as its user: vietqr-edge run --config {})",
                self.config.display()
            )),
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Failure> {
    let other = |e| Failure::failed(format!("the daemon answered something else ({e}); is it of the same version?"));
    serde_json::from_str(text).map_err(other)
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
