//! HTTP/1.1 as far as the interface needs it: one request with a known length, one answer, end of the connection. By hand
//! because half of the faults are answers that no HTTP library would write.

use super::fault::Says;
use anyhow::{Context, Result, bail};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const MAX_HEAD: usize = 16 << 10;
const MAX_BODY: usize = 64 << 10;

/// A request that was read to its end.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// With the query, if there is one.
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// A call that VietQR refuses.
pub(super) type Refusal = &'static str;

impl Answer {
    pub(super) fn ok(body: String) -> Answer {
        Answer { status: 200, body }
    }

    /// A failure comes with HTTP 400 (section 2).
    pub(super) fn failed(code: &str) -> Answer {
        Answer { status: 400, body: serde_json::json!({"status": "FAILED", "message": code}).to_string() }
    }

    fn head(&self, content_type: &str, more: &str) -> String {
        let reason = match self.status {
            200 => "OK",
            307 => "Temporary Redirect",
            400 => "Bad Request",
            401 => "Unauthorized",
            404 => "Not Found",
            405 => "Method Not Allowed",
            _ => "Internal Server Error",
        };
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
            let value = |name: &str| {
                let header = head.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
                std::str::from_utf8(header.value).ok().map(str::to_string)
            };
            let length = match value("content-length") {
                Some(text) => text.parse().with_context(|| format!("content-length: expected a number, got {text}"))?,
                None if value("transfer-encoding").is_some() => bail!("expected a request with content-length"),
                None => 0,
            };
            let request = Request {
                method: head.method.unwrap_or_default().to_string(),
                path: head.path.unwrap_or_default().to_string(),
                authorization: value("authorization"),
                body: Vec::new(),
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
        Says::Nothing | Says::HalfHeader => None,
        Says::Right | Says::RightButLate | Says::RightButSlow | Says::WithoutFigures => Some(right.status),
        Says::Code(_) => Some(400),
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
    let whole = |answer: Answer, content_type: &str, more: &str| answer.head(content_type, more) + &answer.body;
    let page = |status, text: &str| whole(Answer { status, body: text.to_string() }, "text/html; charset=utf-8", "");
    let text = match says {
        Says::Nothing => return Ok(()),
        Says::Right | Says::RightButLate | Says::WithoutFigures => whole(right, JSON, ""),
        Says::Code(code) => whole(Answer::failed(code), JSON, ""),
        Says::Status500 => page(500, "<h1>Internal Server Error</h1>"),
        Says::Garbage => page(200, "<html><body>Vui lòng đăng nhập Wi-Fi</body></html>"),
        Says::RedirectToItself => {
            whole(Answer { status: 307, body: String::new() }, JSON, &format!("Location: {path}\r\n"))
        }
        Says::HalfHeader => {
            let head = right.head(JSON, "");
            head.get(..head.len() / 2).unwrap_or_default().to_string()
        }
        Says::RightButSlow => {
            stream.write_all(right.head(JSON, "").as_bytes()).await?;
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
