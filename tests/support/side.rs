//! The sandbox's broker over TLS, and a shop for it.

use super::{Daemon, LIMIT, Shop};
use tempfile::TempDir;
use vietqr_edge_sandbox::{
    folder::{Folder, FolderOptions},
    mqtt::{Broker, Seen, Watch},
    vietqr::Cloud,
};

pub struct Side {
    pub broker: Broker,
    pub folder: Folder,
    pub shop: Shop,
    _dir: TempDir,
}

impl Side {
    pub async fn new() -> Side {
        Side::with(false).await
    }

    /// `client_certs`: the broker asks for a certificate.
    pub async fn with(client_certs: bool) -> Side {
        let dir = tempfile::tempdir().unwrap();
        let options = FolderOptions { port: 0, client_certs, ..FolderOptions::default() };
        let mut folder = Folder::prepare(dir.path(), options).unwrap();
        let broker = folder.serve().await.unwrap();
        let mut shop = Shop::new(dir.path(), &mqtt(broker.addr().port()));
        if client_certs {
            shop.mqtt.push_str("client_cert_file = \"certs/client.pem\"\nclient_key_file = \"certs/client.key\"\n");
        }
        Side { broker, folder, shop, _dir: dir }
    }

    pub async fn cloud(&self) -> Cloud {
        Cloud::connect_with(self.folder.cloud()).await.unwrap()
    }

    /// The daemon, and the link is up.
    pub fn open(&self) -> Daemon {
        self.shop.open()
    }
}

/// The lines of `[mqtt]` for a broker on this port of this machine.
pub fn mqtt(port: u16) -> String {
    format!(
        "url = \"mqtts://localhost:{port}\"\nusername = \"shop\"\npassword_file = \"secrets/mqtt-password\"\n\
         ca_file = \"certs/ca.pem\"\nkeep_alive_s = 5\n"
    )
}

/// Waits until the daemon has acknowledged `n` more messages.
pub async fn acknowledged(watch: &mut Watch, n: usize) {
    for i in 0..n {
        let acked = watch.wait_for(LIMIT, |seen| matches!(seen, Seen::Acknowledged { .. })).await;
        assert!(acked.is_ok(), "expected {n} acknowledgements, got {i}");
    }
}
