//! One HTTP request over the daemon's socket.

use serde_json::Value;
use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    path::Path,
    time::Duration,
};

/// The document at a path of the interface.
///
/// # Errors
/// Where the daemon does not answer, or answers anything but 200 and JSON.
pub fn get(socket: &Path, path: &str) -> io::Result<Value> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| io::Error::other("no HTTP"))?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(io::Error::other(answer));
    }
    Ok(serde_json::from_str(body)?)
}
