//! HTTP as providers see it: what is to be sent, and what happened to it.

use std::fmt;

/// What happened on the wire in one HTTP call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wire {
    /// No byte of the request was written: the name, the connection or the TLS handshake failed.
    NotSent {
        /// Why, for people.
        reason: String,
    },
    /// A whole answer.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The header that [`Call::answer_header`] asked for.
        header: Option<String>,
        /// The body.
        body: Vec<u8>,
    },
    /// Anything else: bytes may have been written, and no whole answer came.
    Broken {
        /// Why, for people.
        reason: String,
    },
}

/// An HTTP request, POST, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Call {
    /// To be put after the base URL; begins with a slash, or is empty.
    pub path: &'static str,
    /// Headers but `Content-Type`: secret.
    pub headers: Vec<(&'static str, String)>,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// The exact body.
    pub body: Vec<u8>,
    /// A header of the answer that is wanted.
    pub answer_header: Option<&'static str>,
}

impl fmt::Debug for Call {
    /// Without the headers; the body holds no secret but a checksum.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("path", &self.path).field("bytes", &self.body.len()).finish_non_exhaustive()
    }
}
