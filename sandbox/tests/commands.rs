//! The program, as a newcomer runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod device;
mod program;

use device::{Device, LIMIT, Login, TOPIC, within};
use program::{program, run, serve, text};
use tokio::process::Child;
use vietqr_edge_sandbox::mqtt::Endpoint;

fn signal(child: &Child, name: &str) {
    let id = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
}

#[tokio::test]
async fn what_serve_wrote_is_enough_for_a_device_and_for_pay() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, mut lines, port) = serve(dir.path(), &["--client-certs"]).await;
    let config = std::fs::read_to_string(dir.path().join("agent.toml")).unwrap();
    for key in [
        &format!("url = \"mqtts://localhost:{port}\"")[..],
        "password_file = \"secrets/mqtt-password\"",
        "ca_file = \"certs/ca.pem\"",
        "client_cert_file = \"certs/client.pem\"",
        "client_key_file = \"certs/client.key\"",
        "state_dir = ",
        "[[account]]",
        "[[terminal]]",
        "[voice]",
        "base_url = \"https://localhost:",
        "username = \"customer-demo-user01\"",
        "password_file = \"secrets/vietqr-password\"",
        "refund_secret_file = \"secrets/vietqr-refund\"",
        "request_key_file = \"secrets/refund-request\"",
        "hash_secret_file = \"secrets/vnpay\"",
        "client_key_file = \"secrets/qfpay\"",
    ] {
        assert!(config.contains(key), "{key} is not in\n{config}");
    }

    let password = std::fs::read_to_string(dir.path().join("secrets/mqtt-password")).unwrap();
    let pair = vietqr_edge_sandbox::certs::Pair {
        cert: dir.path().join("certs/client.pem"),
        key: dir.path().join("certs/client.key"),
    };
    let mut device = Device::connect(Login {
        endpoint: Endpoint { tls: true, host: "localhost".into(), port },
        ca: Some(&dir.path().join("certs/ca.pem")),
        client: Some(&pair),
        user: "shop",
        password: password.trim_end(),
    })
    .await
    .unwrap();
    device.subscribe(TOPIC).await.unwrap();
    let paid =
        run(&["pay", "--amount", "25000", "--ref", "FT7", "--quirk", "comma-amount", "--times", "2"], dir.path()).await;
    assert!(paid.status.success(), "{}", text(&paid.stderr));
    for _ in 0..2 {
        let publish = device.receive().await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(&publish.payload).unwrap();
        assert_eq!((body["amount"].as_str(), body["referenceNumber"].as_str()), (Some("25,000"), Some("FT7")));
        device.acknowledge(&publish).await.unwrap();
    }
    let told = within("acknowledgement", async {
        while let Some(line) = lines.next_line().await? {
            if line.contains("device-1 acknowledged") {
                return Ok(());
            }
        }
        anyhow::bail!("serve ended")
    });
    told.await.unwrap();

    signal(&child, "INT");
    assert!(tokio::time::timeout(LIMIT, child.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = run(&["serve", "--port", &port], dir.path()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains(&port), "{}", text(&output.stderr));
}

#[tokio::test]
async fn pay_without_serve_says_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&["pay", "--amount", "1"], dir.path()).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("serve"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_fault_that_does_not_exist_is_a_usage_error_that_lists_them() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(&["pay", "--amount", "1", "--fault", "explode"], dir.path()).await;
    assert_eq!(output.status.code(), Some(2));
    let stderr = text(&output.stderr);
    assert!(stderr.contains("foreign-account") && stderr.contains("oversized"), "{stderr}");
}

#[tokio::test]
async fn certs_makes_a_folder_once() {
    let dir = tempfile::tempdir().unwrap();
    let certs = dir.path().join("certs");
    let make =
        || async { program().arg("certs").arg(&certs).args(["--host", "pos.example.vn"]).output().await.unwrap() };
    let first = make().await;
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert!(certs.join("ca.pem").exists() && certs.join("bad/expired.pem").exists());
    assert_eq!(make().await.status.code(), Some(1));
}
