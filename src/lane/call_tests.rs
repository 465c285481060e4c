//! Each row of the table in which an HTTP client fails: what the other side got of it, and what we say of that.

use super::*;
use crate::clock::SystemClock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

const BODY: &[u8] = br#"{"amount":"25000"}"#;
/// Nothing in a test takes longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// What the other side does with a connection.
#[derive(Clone, Copy)]
enum Does {
    /// Closes it without reading.
    Close,
    /// Reads the whole request, then writes this and closes.
    Answer(&'static str),
    /// Reads the whole request, writes this, and stays silent.
    Hang(&'static str),
    /// Reads the whole request and writes this for ever.
    Flood(&'static str, &'static [u8]),
}

/// A provider on a port of its own, which counts whole requests.
struct Provider {
    url: String,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

async fn provider(does: Does) -> Provider {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let provider = Provider { url, requests: requests.clone(), connections: connections.clone() };
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, does, requests.clone()));
        }
    });
    provider
}

async fn serve(mut stream: TcpStream, does: Does, requests: Arc<AtomicUsize>) {
    if matches!(does, Does::Close) {
        return;
    }
    let mut got = Vec::new();
    while !got.ends_with(BODY) {
        let mut part = [0; 1024];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return,
            Ok(n) => got.extend_from_slice(&part[..n]),
        }
    }
    requests.fetch_add(1, Ordering::SeqCst);
    match does {
        Does::Close => {}
        Does::Answer(text) => drop(stream.write_all(text.as_bytes()).await),
        Does::Hang(text) => {
            drop(stream.write_all(text.as_bytes()).await);
            std::future::pending::<()>().await;
        }
        Does::Flood(head, part) => {
            drop(stream.write_all(head.as_bytes()).await);
            while stream.write_all(part).await.is_ok() {}
        }
    }
}

fn caller(url: &str, timeout: Duration) -> Caller {
    let (base_url, clock) = (HttpUrl::parse_base(url).unwrap(), Arc::new(SystemClock::new()));
    Caller { base_url, tls: TlsOptions::default(), clock, floor: Floor::default(), timeout }
}

fn request() -> Call {
    Call {
        path: "/refund",
        headers: vec![("Authorization", "Bearer x".into())],
        content_type: "application/json",
        body: BODY.to_vec(),
        answer_header: None,
    }
}

/// What we say, and how many whole requests the provider got.
async fn call(does: Does) -> (Wire, usize) {
    let provider = provider(does).await;
    let wire = caller(&provider.url, Duration::from_millis(800)).call(request()).await;
    (wire, provider.requests.load(Ordering::SeqCst))
}

fn answer(status: u16, body: &str) -> Wire {
    Wire::Answer { status, header: None, body: body.as_bytes().to_vec() }
}

#[tokio::test]
async fn an_answer_is_whole_whatever_its_status() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    assert_eq!(call(Does::Answer(ok)).await, (answer(200, "{}"), 1));
    let closed = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"message\":\"E45\"}";
    assert_eq!(call(Does::Answer(closed)).await, (answer(400, "{\"message\":\"E45\"}"), 1));
}

#[tokio::test]
async fn a_refused_connection_and_an_unknown_name_prove_that_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let wire = caller(&url, DEADLINE).call(request()).await;
    assert!(matches!(&wire, Wire::NotSent { reason: why } if why.contains("127.0.0.1")), "{wire:?}");
    let wire = caller("https://no-such-host.invalid", DEADLINE).call(request()).await;
    assert!(matches!(wire, Wire::NotSent { .. }), "{wire:?}");
}

#[tokio::test]
async fn tls_that_is_closed_or_hangs_proves_that_nothing_was_sent() {
    let closing = provider(Does::Close).await;
    let wire = caller(&closing.url.replace("http:", "https:"), DEADLINE).call(request()).await;
    assert!(matches!(wire, Wire::NotSent { .. }), "{wire:?}");
    let silent = provider(Does::Hang("")).await;
    let wire = caller(&silent.url.replace("http:", "https:"), Duration::from_millis(600)).call(request()).await;
    assert!(matches!(&wire, Wire::NotSent { reason: why } if why.contains("no connection within")), "{wire:?}");
    assert_eq!(silent.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn certificates_that_can_not_be_read_send_nothing() {
    let provider = provider(Does::Hang("")).await;
    let mut caller = caller(&provider.url, DEADLINE);
    caller.tls.ca_file = Some("/nonexistent/ca.pem".into());
    let wire = caller.call(request()).await;
    assert!(matches!(&wire, Wire::NotSent { reason: why } if why.contains("/nonexistent/ca.pem")), "{wire:?}");
    assert_eq!(provider.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_connection_closed_without_a_word_leaves_it_open() {
    let (wire, requests) = call(Does::Close).await;
    assert!(matches!(wire, Wire::Broken { .. }), "{wire:?}");
    assert_eq!(requests, 0);
    let (wire, requests) = call(Does::Answer("")).await;
    assert!(matches!(wire, Wire::Broken { .. }), "{wire:?}");
    assert_eq!(requests, 1);
}

#[tokio::test]
async fn silence_half_a_header_and_half_a_body_leave_it_open() {
    for text in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-le",
        "HTTP/1.1 200 OK\r\ncontent-length: 22\r\n\r\n{\"status\":",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n",
    ] {
        for does in [Does::Answer(text), Does::Hang(text)] {
            let (wire, requests) = call(does).await;
            assert!(matches!(wire, Wire::Broken { .. }), "{text:?}: {wire:?}");
            assert_eq!(requests, 1, "{text:?}");
        }
    }
}

#[tokio::test]
async fn no_redirect_is_followed_and_no_status_makes_it_call_again() {
    for (status, head) in [
        (307, "307 Temporary Redirect\r\nlocation: /refund"),
        (308, "308 Permanent Redirect\r\nlocation: /refund"),
        (302, "302 Found\r\nlocation: /other"),
        (503, "503 Service Unavailable\r\nretry-after: 0"),
        (408, "408 Request Timeout\r\nconnection: close"),
    ] {
        let text = format!("HTTP/1.1 {head}\r\ncontent-length: 0\r\n\r\n").leak();
        assert_eq!(call(Does::Answer(text)).await, (answer(status, ""), 1), "{status}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_for_ever() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n";
    let (wire, _) = call(Does::Flood(head, &[b'x'; 8192])).await;
    assert!(matches!(&wire, Wire::Broken { reason: why } if why.contains("longer than")), "{wire:?}");
    let (wire, _) = call(Does::Flood("HTTP/1.1 200 OK\r\n", b"x: y\r\n")).await;
    assert!(matches!(wire, Wire::Broken { .. }), "{wire:?}");
}

#[tokio::test]
async fn whoever_waits_may_go_and_the_call_is_made_to_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut waiting = Box::pin(async move { caller(&url, DEADLINE).call(request()).await });
    let (mut stream, _) = tokio::select! {
        wire = &mut waiting => panic!("{wire:?}"),
        accepted = listener.accept() => accepted.unwrap(),
    };
    drop(waiting);
    let (told, whole) = oneshot::channel();
    tokio::spawn(async move {
        let mut got = Vec::new();
        while !got.ends_with(BODY) && stream.read_buf(&mut got).await.unwrap_or(0) > 0 {}
        told.send(got.ends_with(BODY))
    });
    assert!(tokio::time::timeout(DEADLINE, whole).await.unwrap().unwrap());
}

#[tokio::test]
async fn each_call_has_a_connection_of_its_own() {
    let provider = provider(Does::Hang("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")).await;
    let caller = caller(&provider.url, DEADLINE);
    for n in 1..=3 {
        assert_eq!(caller.call(request()).await, answer(200, "{}"));
        assert_eq!(provider.connections.load(Ordering::SeqCst), n);
    }
}
