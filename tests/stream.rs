//! Streams of events: whole, in order, resumable.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use reqwest::{Method, Response};
use serde_json::Value;
use support::served::{DEADLINE, Served};

struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(served: &Served, path: &str, last: Option<u64>) -> Stream {
        let mut request = served.request(Method::GET, path).header("accept", "text/event-stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Stream { response, text: String::new() }
    }

    /// The next message: id, event, document. `None` at the end.
    async fn next(&mut self) -> Option<(u64, String, Value)> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let Some(data) = field("data:") else { continue };
                let id = field("id:").unwrap().parse().unwrap();
                return Some((id, field("event:").unwrap().to_owned(), serde_json::from_str(data).unwrap()));
            }
            let chunk =
                tokio::time::timeout(DEADLINE, self.response.chunk()).await.expect("a message in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn take(&mut self, n: usize) -> Vec<u64> {
        let mut found = Vec::new();
        while found.len() < n {
            found.push(self.next().await.expect("the stream goes on").0);
        }
        found
    }
}

#[tokio::test]
async fn a_stream_has_what_was_and_then_what_happens() {
    let served = Served::new();
    served.book(1, 3).await;
    let mut stream = Stream::open(&served, "/v1/events", None).await;
    assert_eq!(stream.take(3).await, [1, 2, 3]);
    let seq = served.record().await;
    let (id, kind, document) = stream.next().await.unwrap();
    assert_eq!((id, kind.as_str()), (seq, "link.down"));
    assert_eq!(document["type"], "link.down");
    assert_eq!(document["sequence"], format!("{seq:012}"));
    assert_eq!(document["id"], format!("quay-1-0a1b2c3d-{seq}"));
}

#[tokio::test]
async fn a_stream_resumed_by_its_last_event_has_exactly_the_missing_ones() {
    let served = Served::new();
    served.book_together(1, 150).await;
    let mut first = Stream::open(&served, "/v1/events?after=0", None).await;
    let mut seen = first.take(40).await;
    drop(first);
    served.book_together(151, 260).await;
    // As a browser does it: the address it began with, and the header.
    let mut second = Stream::open(&served, "/v1/events?after=0", seen.last().copied()).await;
    seen.extend(second.take(220).await);
    assert_eq!(seen, (1..=260).collect::<Vec<_>>());
    served.record().await;
    assert_eq!(second.take(1).await, [261]);
}

#[tokio::test]
async fn a_reader_that_sleeps_misses_nothing() {
    let served = Served::new();
    let mut stream = Stream::open(&served, "/v1/events", None).await;
    served.book_together(1, 1_500).await;
    assert_eq!(stream.take(1_500).await, (1..=1_500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_stream_with_a_limit_ends_after_as_many() {
    let served = Served::new();
    served.book(1, 9).await;
    let mut stream = Stream::open(&served, "/v1/events?after=2&limit=5", None).await;
    assert_eq!(stream.take(5).await, [3, 4, 5, 6, 7]);
    assert_eq!(stream.next().await, None);
}
