//! `fault`, `bank`, `foreign-refund` and `sign-refund`, as an integrator uses them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod device;
mod program;
#[path = "support/wire.rs"]
mod wire;

use device::{Device, Login, within};
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use program::{program, run, serve, text};
use serde_json::{Value, json};
use sha2::Sha512;
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use vietqr_edge_sandbox::mqtt::{Endpoint, tls_client};
use vietqr_edge_sandbox::request::RequestKey;

fn secret(dir: &Path, name: &str) -> String {
    std::fs::read_to_string(dir.join("secrets").join(name)).unwrap().trim_end().to_string()
}

/// The port in a section of `agent.toml`.
fn port(dir: &Path, section: &str) -> u16 {
    let config = std::fs::read_to_string(dir.join("agent.toml")).unwrap();
    let section = config.split(&format!("[{section}]\n")).nth(1).unwrap();
    let url = section.split("https://localhost:").nth(1).unwrap();
    url.split(['/', '"']).next().unwrap().parse().unwrap()
}

/// Calls VietQR's interface that `agent.toml` names, as it names it. Gives what came back, whole or not.
async fn call(dir: &Path, path: &str, authorization: &str, body: &Value) -> String {
    let port = port(dir, "vietqr");
    let exchange = async {
        let tcp = TcpStream::connect(("127.0.0.1", port)).await?;
        let tls = TlsConnector::from(Arc::clone(&tls_client(&dir.join("certs/ca.pem"), None)?));
        let mut stream = tls.connect("localhost".try_into()?, tcp).await?;
        let body = body.to_string();
        let request = format!(
            "POST /vqr/api/{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        // Cut off is an answer, too.
        let _ = stream.read_to_end(&mut answer).await;
        Ok(text(&answer))
    };
    within("answer", exchange).await.unwrap()
}

async fn refund(dir: &Path, reference: &str, amount: u64) -> String {
    let basic = base64::Engine::encode(
        &base64::prelude::BASE64_STANDARD,
        format!("customer-demo-user01:{}", secret(dir, "vietqr-password")),
    );
    let answer = call(dir, "token_generate", &format!("Basic {basic}"), &json!({})).await;
    let answer: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    let signed = format!("{}{reference}{amount}1234567890", secret(dir, "vietqr-refund"));
    let body = json!({"bankAccount": "1234567890", "referenceNumber": reference, "amount": amount.to_string(),
        "content": "tra hang", "bankCode": "MB", "checkSum": hex::encode(Md5::digest(signed))});
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    call(dir, "transaction/refund", &bearer, &body).await
}

async fn bank(dir: &Path, provider: &str) -> Value {
    json_of(&["bank", provider, "--json"], dir).await
}

/// What a command that succeeds prints.
async fn json_of(args: &[&str], dir: &Path) -> Value {
    let output = run(args, dir).await;
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn a_payment_that_pay_tells_of_is_refunded_as_agent_toml_says_and_the_bank_shows_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_child, _lines, _port) = serve(dir, &["--refund-window", "0"]).await;
    let paid = run(&["pay", "--amount", "25000", "--ref", "FT7", "--fault", "duplicate"], dir).await;
    assert!(paid.status.success(), "{}", text(&paid.stderr));

    let armed = run(&["fault", "refund", "process-and-close"], dir).await;
    assert!(armed.status.success(), "{}", text(&armed.stderr));
    assert_eq!(refund(dir, "FT7", 10_000).await, "");
    assert!(refund(dir, "FT7", 20_000).await.contains("E45"));
    let foreign = run(&["foreign-refund", "--ref", "FT7", "--amount", "15000"], dir).await;
    assert!(text(&foreign.stdout).contains("FT7 25000 refunded 25000 in 2"), "{}", text(&foreign.stdout));

    let bank = bank(dir, "vietqr").await;
    assert_eq!(bank["payments"].as_array().unwrap().len(), 1);
    let moved = bank["movements"].as_array().unwrap().iter();
    let moved = moved.map(|m| (m["amount"].as_u64().unwrap(), m["request"].is_string())).collect::<Vec<_>>();
    assert_eq!(moved, [(10_000, true), (15_000, false)]);
    let too_much = run(&["foreign-refund", "--ref", "FT7", "--amount", "1"], dir).await;
    assert!(text(&too_much.stderr).contains("E45"), "{}", text(&too_much.stderr));
}

#[tokio::test]
async fn faults_are_always_until_they_are_cleared_and_must_suit() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_child, _lines, _port) = serve(dir, &[]).await;
    assert!(run(&["fault", "any", "500-before", "--always"], dir).await.status.success());
    for _ in 0..2 {
        assert!(call(dir, "token_generate", "", &json!({})).await.starts_with("HTTP/1.1 500 "));
    }
    assert!(run(&["fault", "--clear"], dir).await.status.success());
    assert!(call(dir, "token_generate", "", &json!({})).await.starts_with("HTTP/1.1 401 "));
    let unsuited = run(&["fault", "token", "no-figures"], dir).await;
    assert!(!unsuited.status.success() && text(&unsuited.stderr).contains("does not suit token"));
    assert_eq!(run(&["fault"], dir).await.status.code(), Some(2));
}

#[tokio::test]
async fn a_second_serve_of_one_folder_is_refused_and_a_socket_left_behind_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = run(&["bank"], dir.path()).await;
    assert!(text(&nobody.stderr).contains("is `serve` running?"), "{}", text(&nobody.stderr));
    drop(std::os::unix::net::UnixListener::bind(dir.path().join("control.sock")).unwrap());
    let (mut child, _lines, _port) = serve(dir.path(), &[]).await;
    assert_eq!(bank(dir.path(), "vietqr").await, json!({"payments": [], "movements": []}));
    let config = std::fs::read(dir.path().join("agent.toml")).unwrap();
    let second = run(&["serve", "--port", "0"], dir.path()).await;
    assert!(text(&second.stderr).contains("another sandbox serves this folder"), "{}", text(&second.stderr));
    assert_eq!(std::fs::read(dir.path().join("agent.toml")).unwrap(), config);
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_signed_request_reaches_the_device_and_only_signed_answers_count() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_child, _lines, port) = serve(dir, &[]).await;
    let mut device = Device::connect(Login {
        endpoint: Endpoint { tls: true, host: "localhost".into(), port },
        ca: Some(&dir.join("certs/ca.pem")),
        client: None,
        user: "shop",
        password: &secret(dir, "mqtt-password"),
    })
    .await
    .unwrap();
    device.subscribe("vietqr-edge/VVB123456/refund/request").await.unwrap();

    let mut sign = program();
    sign.args(["sign-refund", "--ref", "FT7", "--amount", "25000", "--request-id", "r-1", "--wait", "60"]);
    let waiting = tokio::spawn(sign.arg("--dir").arg(dir).output());

    let key = RequestKey::read(&dir.join("secrets/refund-request")).unwrap();
    let request = device.receive().await.unwrap();
    let claims = key.verify(std::str::from_utf8(&request.payload).unwrap()).unwrap();
    device.acknowledge(&request).await.unwrap();
    assert_eq!(
        (&claims["jti"], &claims["aud"], &claims["amount"]),
        (&json!("r-1"), &json!("VVB123456"), &json!(25_000))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);

    let answer = |request_id: &str, state: &str| {
        key.sign(&json!({"iss": "sandbox-1", "request_id": request_id, "refund_id": "1", "state": state})).unwrap()
    };
    let unsigned = json!({"request_id": "r-1", "state": "failed"}).to_string();
    for body in [answer("r-0", "failed"), unsigned, answer("r-1", "queued"), answer("r-1", "succeeded")] {
        device.publish("vietqr-edge/VVB123456/refund/response", &body).await.unwrap();
    }
    let output = within("end", async { Ok(waiting.await??) }).await.unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}\n{}", text(&output.stderr));
    assert!(printed.contains("not an answer of the device") && !printed.contains("r-0"), "{printed}");
    let states = printed.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let states = states.filter_map(|answer| Some(answer["state"].as_str()?.to_string())).collect::<Vec<_>>();
    assert_eq!(states, ["queued", "succeeded"], "{printed}");
}

#[tokio::test]
async fn a_request_is_signed_without_a_broker_with_any_key_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("till.key");
    std::fs::write(&file, "k".repeat(32)).unwrap();
    let args = ["sign-refund", "--ref", "FT7", "--amount", "25000", "--request-id", "r-1", "--expires", "30"];
    let output = program().args(args).arg("--key-file").arg(&file).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let jws = printed.lines().last().unwrap();
    let claims = RequestKey::read(&file).unwrap().verify(jws).unwrap();
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 30);
}

#[tokio::test]
async fn a_payment_at_vnpay_is_refunded_as_agent_toml_says_and_its_books_show_it() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_child, _lines, _port) = serve(dir, &["--vnpay-course", "06,09", "--vnpay-refund-limit", "2"]).await;
    let paid = json_of(&["pay", "vnpay", "--amount", "100000", "--ref", "HD7"], dir).await;
    assert_eq!(
        (&paid["provider"], &paid["txn_ref"], &paid["original_amount"]),
        (&json!("vnpay"), &json!("HD7"), &json!(100_000))
    );
    let armed = run(&["fault", "vnpay", "refund", "no-hash"], dir).await;
    assert!(armed.status.success(), "{}", text(&armed.stderr));

    let (date, key) = (paid["transaction_date"].as_str().unwrap(), secret(dir, "vnpay"));
    let values = format!("r1|2.1.0|refund|DEMO0001|03|HD7|100000||{date}|lan|20261121093000|127.0.0.1|Hoan tien");
    let hash = Hmac::<Sha512>::new_from_slice(key.as_bytes()).unwrap().chain_update(values).finalize().into_bytes();
    let body = json!({"vnp_RequestId": "r1", "vnp_Version": "2.1.0", "vnp_Command": "refund", "vnp_TmnCode": "DEMO0001",
        "vnp_TransactionType": "03", "vnp_TxnRef": "HD7", "vnp_Amount": "100000", "vnp_TransactionDate": date,
        "vnp_CreateBy": "lan", "vnp_CreateDate": "20261121093000", "vnp_IpAddr": "127.0.0.1",
        "vnp_OrderInfo": "Hoan tien", "vnp_SecureHash": hex::encode(hash)});
    let addr = ([127, 0, 0, 1], port(dir, "vnpay")).into();
    let path = "/merchant_webapi/api/transaction";
    let answer = wire::post(addr, &dir.join("certs/ca.pem"), path, "", &body.to_string()).await.json();
    assert_eq!((&answer["vnp_ResponseCode"], &answer["vnp_TransactionStatus"]), (&json!("00"), &json!("06")));
    assert_eq!(answer.get("vnp_SecureHash"), None);
    // It is to be rejected: nothing moves.
    assert_eq!(bank(dir, "vnpay").await["movements"], json!([]));
    assert!(run(&["foreign-refund", "vnpay", "--ref", "HD7", "--amount", "5000"], dir).await.status.success());
    let moved = &bank(dir, "vnpay").await["movements"];
    assert_eq!(
        (&moved[0]["reference"], &moved[0]["amount"], &moved[0]["request"]),
        (&json!("HD7"), &json!(5_000), &Value::Null)
    );
}

#[tokio::test]
async fn a_payment_at_qfpay_can_be_looked_up_as_agent_toml_says_and_refunded_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (_child, _lines, _port) = serve(dir, &[]).await;
    let paid = json_of(&["pay", "qfpay", "--amount", "1000", "--currency", "THB"], dir).await;
    let syssn = paid["syssn"].as_str().unwrap();
    assert_eq!((&paid["currency"], &paid["original_amount"]), (&json!("THB"), &json!(1_000)));
    let refunded = run(&["foreign-refund", "qfpay", "--ref", syssn, "--amount", "1000"], dir).await;
    assert!(text(&refunded.stdout).contains("1000 THB respcd 0000 refunded 1000"), "{}", text(&refunded.stdout));

    let sign = hex::encode(Md5::digest(format!("syssn={syssn}{}", secret(dir, "qfpay"))));
    let headers = format!("X-QF-APPCODE: D5589D2A1F2E42A9A60C37\r\nX-QF-SIGN: {sign}\r\n");
    let addr = ([127, 0, 0, 1], port(dir, "qfpay")).into();
    let body = format!("syssn={syssn}");
    let answer = wire::post(addr, &dir.join("certs/ca.pem"), "/trade/v1/query", &headers, &body).await.json();
    assert_eq!((&answer["data"][0]["cancel"], &answer["data"][0]["txamt"]), (&json!("3"), &json!("1000")));

    for args in [&["fault", "qfpay", "query", "429", "--always"][..], &["fault", "vnpay", "--clear"]] {
        assert!(run(args, dir).await.status.success());
    }
    for _ in 0..2 {
        let seen = wire::post(addr, &dir.join("certs/ca.pem"), "/trade/v1/query", &headers, &body).await;
        assert_eq!(seen.status(), Some(429), "what is cleared at one provider is still armed at another");
    }
}

#[tokio::test]
async fn a_request_for_a_payment_at_another_provider_names_it_as_pay_printed_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("till.key");
    std::fs::write(&file, "k".repeat(32)).unwrap();
    let payment = json!({"provider": "vnpay", "txn_ref": "HD7", "transaction_date": "20261121093000",
        "transaction_no": "14226112", "original_amount": 100_000});
    let mut sign = program();
    sign.args(["sign-refund", "--amount", "40000", "--request-id", "r-1", "--payment"]).arg(payment.to_string());
    let output = sign.arg("--key-file").arg(&file).output().await.unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let printed = text(&output.stdout);
    let claims = RequestKey::read(&file).unwrap().verify(printed.lines().last().unwrap()).unwrap();
    assert!(payment.as_object().unwrap().iter().all(|(key, value)| claims[key] == *value), "{claims}");
    assert_eq!((&claims["amount"], claims.get("bank_account")), (&json!(40_000), None));
    let wrong = run(&["sign-refund", "--amount", "1", "--request-id", "r", "--payment", "{}"], dir.path()).await;
    assert!(!wrong.status.success());
}
