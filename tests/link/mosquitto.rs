//! The link and Debian's mosquitto: mutual TLS, a password, sessions on disk. Skipped, with a message, where it is not installed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use crate::support::{Rig, TestLedger, notices, tls_options, with_client, with_login};
use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use vietqr_edge::link::Options;
use vietqr_edge_sandbox::{
    certs::Certs,
    vietqr::{Bdsd, Cloud, CloudOptions, Fault},
};

struct Mosquitto {
    dir: TempDir,
    certs: Certs,
    port: u16,
    process: Child,
}

impl Mosquitto {
    /// None: not installed.
    fn start() -> Option<Mosquitto> {
        let program = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].map(PathBuf::from).into_iter().find(|p| p.exists());
        let Some(program) = program else {
            eprintln!("skipped: mosquitto is not installed");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        let certs = Certs::create(&dir.path().join("certs"), &[]).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let passwords = dir.path().join("passwords");
        for (n, user) in ["shop", "vietqr"].iter().enumerate() {
            let create: &[&str] = if n == 0 { &["-c", "-b"] } else { &["-b"] };
            let made = Command::new("mosquitto_passwd").args(create).arg(&passwords).args([user, "pw"]).status();
            assert!(made.unwrap().success());
        }
        let path = |path: &Path| path.display().to_string();
        let config = format!(
            "user root\nper_listener_settings false\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\n\
             cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\npersistence true\npersistence_location {}/\n\
             max_queued_messages 0\n",
            path(&passwords),
            path(&certs.ca),
            path(&certs.server.cert),
            path(&certs.server.key),
            path(dir.path()),
        );
        std::fs::write(dir.path().join("mosquitto.conf"), config).unwrap();
        let process = run(&program, dir.path());
        Some(Mosquitto { dir, certs, port, process })
    }

    /// Ends it as a service does, so that it writes its sessions down, and starts it again.
    fn restart(&mut self) {
        let program = std::fs::read_link(format!("/proc/{}/exe", self.process.id())).unwrap();
        assert!(Command::new("kill").arg(self.process.id().to_string()).status().unwrap().success());
        self.process.wait().unwrap();
        self.process = run(&program, self.dir.path());
    }

    fn options(&self) -> Options {
        with_login(with_client(tls_options(self.port, &self.certs), &self.certs.client), "shop", "pw")
    }

    async fn cloud(&self) -> Cloud {
        let login = Some(("vietqr".to_owned(), "pw".to_owned()));
        let (ca, client) = (Some(self.certs.ca.clone()), Some(self.certs.client.clone()));
        Cloud::connect_with(CloudOptions { url: format!("mqtts://localhost:{}", self.port), ca, client, login })
            .await
            .unwrap()
    }
}

fn run(program: &Path, dir: &Path) -> Child {
    Command::new(program).arg("-c").arg(dir.join("mosquitto.conf")).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn mosquitto_keeps_what_was_not_acknowledged_over_its_own_restart() {
    let Some(mut mosquitto) = Mosquitto::start() else { return };
    let rig = Rig::start(mosquitto.options(), TestLedger::new(5, 256, Duration::ZERO));
    rig.up().await;
    let cloud = mosquitto.cloud().await;
    for amount in 1..=40 {
        cloud.pay(&Bdsd::credit(amount * 1000)).await.unwrap();
    }
    rig.wait("five acks", |state| state.acked == 5).await;
    mosquitto.restart();
    rig.wait("the end", |state| !state.phase.is_up()).await;
    rig.ledger.answer(1000);
    rig.up().await;
    rig.wait("all acks", |state| state.acked >= 40).await;
    let bodies: std::collections::BTreeSet<Vec<u8>> =
        notices(&rig.ledger.asked.borrow()).into_iter().map(|notice| notice.body).collect();
    assert_eq!(bodies.len(), 40);
    // It may have been down before mosquitto was ready.
    assert!(rig.ledger.events().ends_with(&["link.up", "link.down", "link.up"]), "{:?}", rig.ledger.events());
}

#[tokio::test]
async fn mosquitto_is_rid_of_an_oversized_message_and_told_of_a_take_over() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let rig = Rig::start(mosquitto.options(), TestLedger::open());
    rig.up().await;
    let cloud = mosquitto.cloud().await;
    cloud.pay_with(&Bdsd::credit(25_000), Fault::Oversized).await.unwrap();
    cloud.pay(&Bdsd::credit(30_000)).await.unwrap();
    rig.wait("both acks", |state| state.acked == 2).await;
    assert_eq!((rig.ledger.strays(1).await.len(), rig.ledger.notices(1).await.len()), (1, 1));

    let second = Rig::start(mosquitto.options(), TestLedger::open());
    for rig in [&rig, &second] {
        rig.down_saying("another device uses the client id").await;
    }
}

#[tokio::test]
async fn mosquitto_refuses_a_wrong_password_and_a_wrong_client_certificate() {
    let Some(mosquitto) = Mosquitto::start() else { return };
    let rig = Rig::start(with_login(mosquitto.options(), "shop", "wr0ng"), TestLedger::open());
    rig.down_saying("bad user name or password").await;
    let tls = tls_options(mosquitto.port, &mosquitto.certs);
    Rig::start(tls.clone(), TestLedger::open()).down_saying("requires a client certificate and none is set").await;
    let other = with_client(tls, &mosquitto.certs.bad.other_client);
    Rig::start(other, TestLedger::open()).down_saying("refuses this device's client certificate").await;
}
