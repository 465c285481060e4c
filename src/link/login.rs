//! What the link shows the broker, and whom it trusts: from the files as they are at one moment.

use super::options::{Options, Transport};
use crate::{
    clock::Clock,
    config::Secret,
    tls::{Floor, Material, PeerEnd, TlsError},
};
use sha2::{Digest, Sha256};
use std::{
    fmt,
    mem::{Discriminant, discriminant},
    sync::Arc,
};

/// Transport, user and password, with the TLS material that was read for them.
#[derive(Clone)]
pub struct Login {
    pub(super) transport: Transport,
    pub(super) username: Option<String>,
    pub(super) password: Option<Secret>,
    pub(super) tls: Option<Arc<rustls::ClientConfig>>,
    digest: [u8; 32],
}

impl Login {
    /// Reads the files that these options name. Blocks for them: a few kilobytes.
    ///
    /// # Errors
    /// [`TlsError`] names the key, the file and what was expected.
    pub(super) fn read(
        options: &Options,
        clock: &Arc<dyn Clock>,
        floor: &Floor,
        seen: &PeerEnd,
    ) -> Result<Login, TlsError> {
        Login::of(options, material(options)?.as_ref(), clock, floor, seen)
    }

    /// [`Login::read`], where the device's own certificate has not expired.
    ///
    /// # Errors
    /// [`TlsError`].
    pub(super) fn read_lasting(
        options: &Options,
        clock: &Arc<dyn Clock>,
        floor: &Floor,
        seen: &PeerEnd,
    ) -> Result<Login, TlsError> {
        let material = material(options)?;
        if let Some(material) = &material {
            material.lasts(clock.now().max(floor.get()))?;
        }
        Login::of(options, material.as_ref(), clock, floor, seen)
    }

    fn of(
        options: &Options,
        material: Option<&Material>,
        clock: &Arc<dyn Clock>,
        floor: &Floor,
        seen: &PeerEnd,
    ) -> Result<Login, TlsError> {
        let Options { transport, username, password, .. } = options;
        let mut digest = Sha256::new();
        let mut part = |bytes: Option<&[u8]>| {
            // With lengths, so that no two sets of parts are one.
            digest.update(bytes.map_or(u64::MAX, |bytes| bytes.len() as u64).to_be_bytes());
            digest.update(bytes.unwrap_or_default());
        };
        material.into_iter().flat_map(Material::parts).for_each(&mut part);
        part(username.as_deref().map(str::as_bytes));
        part(password.as_ref().map(Secret::expose));
        let digest = digest.finalize().into();
        let tls = material.map(|material| material.client_config(clock.clone(), floor, Some(seen))).transpose()?;
        Ok(Login { transport: transport.clone(), username: username.clone(), password: password.clone(), tls, digest })
    }

    /// Whether the broker would see, or be judged by, anything else.
    pub(super) fn differs(&self, other: &Login) -> bool {
        self.digest != other.digest
    }

    /// Whether it is for a connection of this kind: `mqtt:` does not become `mqtts:` without a restart.
    pub(super) fn fits(&self, kind: Discriminant<Transport>) -> bool {
        discriminant(&self.transport) == kind
    }
}

fn material(options: &Options) -> Result<Option<Material>, TlsError> {
    match &options.transport {
        Transport::Plain => Ok(None),
        Transport::Tls(files) => Material::read(files).map(Some),
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("transport", &self.transport)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::SystemClock, link::Timing};

    fn login(username: Option<&str>, password: Option<&str>) -> Login {
        let options = Options {
            host: "localhost".into(),
            port: 1883,
            transport: Transport::Plain,
            username: username.map(str::to_owned),
            password: password.map(|password| Secret::new(password.into(), "mqtt-password".into())),
            client_id: "quay-1".into(),
            clean_session: false,
            keep_alive_s: 20,
            topics: Vec::new(),
            desk: None,
            timing: Timing::default(),
        };
        let clock = Arc::new(SystemClock::new()) as Arc<dyn Clock>;
        Login::read(&options, &clock, &Floor::default(), &PeerEnd::default()).unwrap()
    }

    #[test]
    fn another_user_or_password_is_another_login_and_the_same_ones_are_not() {
        let before = login(Some("shop"), Some("pw"));
        assert!(!before.differs(&login(Some("shop"), Some("pw"))));
        for other in [
            login(Some("shop"), Some("pw2")),
            login(Some("shop2"), Some("pw")),
            login(Some("shopp"), Some("w")),
            login(Some("shop"), None),
            login(None, None),
        ] {
            assert!(before.differs(&other), "{other:?}");
        }
    }

    #[test]
    fn it_shows_no_password() {
        assert!(!format!("{:?}", login(Some("shop"), Some("s3cret"))).contains("s3cret"));
    }
}
