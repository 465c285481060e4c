//! HTTP/1.1 as far as the interface needs it: one request with a known length, one answer, end of the connection. By hand
//! because half of the faults are answers that no HTTP library would write.

use super::fault::Says;
use anyhow::{Context, Result, bail};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAX_HEAD: usize = 16 << 10;
const MAX_BODY: usize = 64 << 10;

/// A request that was read to its end.
#[derive(Clone, Debug)]
pub struct Request {
    /// `POST`, for one.
    pub method: String,
    /// With the query, if there is one.
    pub path: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header; a name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers of its own.
    pub headers: Vec<(&'static str, String)>,
    /// The body: JSON.
    pub body: String,
}

impl Answer {
    /// HTTP 200.
    pub fn ok(body: String) -> Answer {
        Answer::of(200, body)
    }

    /// Any status.
    pub fn of(status: u16, body: String) -> Answer {
        Answer { status, headers: Vec::new(), body }
    }

    fn head(&self, content_type: &str) -> String {
        let reason = match self.status {
            200 => "OK",
            307 => "Temporary Redirect",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            429 => "Too Many Requests",
            _ => "Internal Server Error",
        };
        let more = self.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<String>();
        format!(
            "HTTP/1.1 {} {reason}\r\nDate: {}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n{more}\
             Connection: close\r\n\r\n",
            self.status,
            chrono::Utc::now().format("%a, %d %b %Y %H:%M:%S GMT"),
            self.body.len(),
        )
    }
}

/// Reads one request.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Request> {
    let mut bytes = Vec::new();
    let (mut request, start, length) = loop {
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut headers);
        if let httparse::Status::Complete(start) = head.parse(&bytes)? {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let request = Request {
                method: head.method.unwrap_or_default().to_string(),
                path: head.path.unwrap_or_default().to_string(),
                headers: head.headers.iter().map(|header| (header.name.to_string(), text(header.value))).collect(),
                body: Vec::new(),
            };
            let length = match request.header("content-length") {
                Some(text) => text.parse().with_context(|| format!("content-length: expected a number, got {text}"))?,
                None if request.header("transfer-encoding").is_some() => {
                    bail!("expected a request with content-length")
                }
                None => 0,
            };
            break (request, start, length);
        }
        if bytes.len() > MAX_HEAD {
            bail!("the head of a request is longer than {MAX_HEAD} bytes");
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("the connection ended within the head of a request");
        }
    };
    if length > MAX_BODY {
        bail!("the body of a request is longer than {MAX_BODY} bytes");
    }
    while bytes.len() < start + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("the connection ended within the body of a request");
        }
    }
    request.body = bytes.drain(start..start + length).collect();
    Ok(request)
}

/// The status that the caller sees; none: no whole head comes.
pub(super) fn status(says: Says, right: &Answer) -> Option<u16> {
    match says {
        Says::Reset | Says::ResetAfterTls | Says::Nothing | Says::HalfHeader => None,
        Says::Right | Says::RightButLate | Says::RightButSlow | Says::HalfBody | Says::Own => Some(right.status),
        Says::Status500 => Some(500),
        Says::Garbage => Some(200),
        Says::RedirectToItself => Some(307),
    }
}

/// Writes what the caller hears of `right`, the answer as it ought to be.
pub(super) async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    says: Says,
    right: Answer,
    path: &str,
    drip: Duration,
) -> Result<()> {
    const JSON: &str = "application/json";
    let whole = |answer: Answer, content_type: &str| answer.head(content_type) + &answer.body;
    let page = |status, text: &str| whole(Answer::of(status, text.to_string()), "text/html; charset=utf-8");
    let text = match says {
        Says::Reset | Says::ResetAfterTls | Says::Nothing => return Ok(()),
        Says::Right | Says::RightButLate | Says::Own => whole(right, JSON),
        Says::Status500 => page(500, "<h1>Internal Server Error</h1>"),
        Says::Garbage => page(200, "<html><body>Vui lòng đăng nhập Wi-Fi</body></html>"),
        Says::RedirectToItself => {
            whole(Answer { status: 307, headers: vec![("Location", path.to_string())], body: String::new() }, JSON)
        }
        Says::HalfHeader => {
            let head = right.head(JSON);
            head.get(..head.len() / 2).unwrap_or_default().to_string()
        }
        Says::HalfBody => {
            let mut half = right.head(JSON).into_bytes();
            half.extend(right.body.as_bytes().iter().take(right.body.len() / 2));
            stream.write_all(&half).await?;
            String::new()
        }
        Says::RightButSlow => {
            stream.write_all(right.head(JSON).as_bytes()).await?;
            for byte in right.body.as_bytes() {
                stream.flush().await?;
                tokio::time::sleep(drip).await;
                stream.write_all(&[*byte]).await?;
            }
            String::new()
        }
    };
    stream.write_all(text.as_bytes()).await?;
    Ok(stream.flush().await?)
}
