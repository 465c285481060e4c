//! The fault proxy and the scripted broker do to a real client what they are told to.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod device;

use device::{Device, LIMIT, Login, TOPIC};
use rumqttc::SubscribeReasonCode;
use std::net::Ipv4Addr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vietqr_edge_sandbox::mqtt::Endpoint;
use vietqr_edge_sandbox::proxy::{Line, Proxy};
use vietqr_edge_sandbox::script::{Packet, Publish, ScriptedBroker};

/// A proxy before a listener, and the first connection through it: near and far end.
async fn connected() -> (Proxy, TcpStream, TcpStream, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let near = TcpStream::connect(proxy.addr()).await.unwrap();
    let (far, _) = listener.accept().await.unwrap();
    (proxy, near, far, listener)
}

async fn expect(stream: &mut TcpStream, text: &str) {
    let mut buffer = vec![0; text.len()];
    tokio::time::timeout(LIMIT, stream.read_exact(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(buffer, text.as_bytes());
}

async fn expect_end(stream: &mut TcpStream) {
    let read = tokio::time::timeout(LIMIT, stream.read(&mut [0])).await.unwrap();
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}

async fn is_silent(stream: &mut TcpStream) -> bool {
    tokio::time::timeout(Duration::from_millis(100), stream.read(&mut [0])).await.is_err()
}

#[tokio::test]
async fn a_stalled_line_holds_back_and_closes_nothing() {
    let (proxy, mut near, mut far, _listener) = connected().await;
    near.write_all(b"one").await.unwrap();
    expect(&mut far, "one").await;
    proxy.set(Line::Stall);
    near.write_all(b"two").await.unwrap();
    far.write_all(b"back").await.unwrap();
    assert!(is_silent(&mut far).await && is_silent(&mut near).await);
    proxy.set(Line::Pass);
    expect(&mut far, "two").await;
    expect(&mut near, "back").await;
}

#[tokio::test]
async fn a_line_is_cut_after_exactly_so_many_bytes() {
    let (proxy, mut near, mut far, _listener) = connected().await;
    far.write_all(b"before").await.unwrap();
    expect(&mut near, "before").await;
    proxy.set(Line::CutToClient(4));
    far.write_all(b"123456").await.unwrap();
    expect(&mut near, "1234").await;
    expect_end(&mut near).await;
    expect_end(&mut far).await;
}

#[tokio::test]
async fn a_line_is_cut_now_and_the_next_connection_passes() {
    let (proxy, mut near, mut far, listener) = connected().await;
    near.write_all(b"x").await.unwrap();
    expect(&mut far, "x").await;
    proxy.cut();
    expect_end(&mut near).await;
    expect_end(&mut far).await;
    let mut near = TcpStream::connect(proxy.addr()).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    far.write_all(b"hello").await.unwrap();
    expect(&mut near, "hello").await;
}

#[tokio::test]
async fn a_refusing_line_refuses_and_comes_back_on_the_same_port() {
    let (proxy, mut near, mut far, _listener) = connected().await;
    let state = |wanted: bool| {
        let addr = proxy.addr();
        async move {
            while TcpStream::connect(addr).await.is_ok() != wanted {
                tokio::task::yield_now().await
            }
        }
    };
    proxy.set(Line::Refuse);
    tokio::time::timeout(LIMIT, state(false)).await.unwrap();
    near.write_all(b"still here").await.unwrap();
    expect(&mut far, "still here").await;
    proxy.set(Line::Pass);
    tokio::time::timeout(LIMIT, state(true)).await.unwrap();
}

#[tokio::test]
async fn a_slow_line_delays() {
    let (proxy, mut near, mut far, _listener) = connected().await;
    proxy.set(Line::Delay(Duration::from_millis(300)));
    let start = std::time::Instant::now();
    near.write_all(b"x").await.unwrap();
    expect(&mut far, "x").await;
    assert!(start.elapsed() >= Duration::from_millis(300));
}

async fn scripted() -> (ScriptedBroker, Login<'static>) {
    let broker = ScriptedBroker::start().await.unwrap();
    let port = broker.addr().unwrap().port();
    (broker, Login::plain(Endpoint { tls: false, host: "127.0.0.1".into(), port }))
}

#[tokio::test]
async fn a_script_sees_what_the_client_says_and_refuses_a_topic() {
    let (mut broker, login) = scripted().await;
    let device = async {
        let mut device = Device::connect(Login { user: "shop", password: "secret", ..login }).await?;
        let code = device.subscribe(TOPIC).await?;
        anyhow::Ok((device.session_present, code))
    };
    let script = async {
        let mut connection = broker.accept().await?;
        assert_eq!(connection.connect.client_id, "device-1");
        assert!(!connection.connect.clean_session);
        assert_eq!(connection.connect.username.as_deref(), Some("shop"));
        assert_eq!(connection.connect.password.as_deref(), Some(&b"secret"[..]));
        connection.connack(true, 0).await?;
        let (id, filters) = connection.subscribe().await?;
        assert_eq!(filters, [(TOPIC.to_string(), 1)]);
        connection.suback(id, &[0x80]).await?;
        connection.closed().await
    };
    let device = async { device.await.unwrap() };
    let ((present, code), ended) = tokio::join!(device, script);
    ended.unwrap();
    assert!(present);
    assert_eq!(code, SubscribeReasonCode::Failure);
}

#[tokio::test]
async fn a_script_repeats_with_and_without_dup_and_reads_the_acknowledgements() {
    let (mut broker, login) = scripted().await;
    let device = tokio::spawn(async move {
        let mut device = Device::connect(login).await.unwrap();
        device.subscribe(TOPIC).await.unwrap();
        let mut dups = Vec::new();
        for _ in 0..3 {
            let publish = device.receive().await.unwrap();
            device.acknowledge(&publish).await.unwrap();
            dups.push((publish.dup, publish.payload.len()));
        }
        dups
    });
    let mut connection = broker.welcome(false, 1).await.unwrap();
    let first = Publish::new(7, TOPIC, "body");
    for publish in
        [first.clone(), Publish { dup: true, ..first.clone() }, Publish::new(9, TOPIC, vec![b'x'; 300 << 10])]
    {
        connection.publish(&publish).await.unwrap();
        assert_eq!(connection.expect_puback().await.unwrap(), publish.packet_id);
    }
    assert_eq!(device.await.unwrap(), [(false, 4), (true, 4), (false, 300 << 10)]);
    connection.closed().await.unwrap();
    assert!(matches!(
        connection.seen[..],
        [Packet::Subscribe { .. }, Packet::PubAck(7), Packet::PubAck(7), Packet::PubAck(9)]
    ));
}

#[tokio::test]
async fn a_script_refuses_a_login() {
    let (mut broker, login) = scripted().await;
    let device = tokio::spawn(async move { Device::connect(login).await.err().map(|error| format!("{error:#}")) });
    broker.accept().await.unwrap().connack(false, 5).await.unwrap();
    assert!(device.await.unwrap().unwrap().contains("NotAuthorized"));
}
