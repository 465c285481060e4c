//! Who may log in, and what may be subscribed to.

use mqtt5::broker::{AuthProvider, AuthResult};
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use std::{future::Future, net::SocketAddr, pin::Pin};

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Plain passwords and refused topics. Ours in place of mqtt5's: its argon2 hashes take 100 ms and more in a debug build, its
/// lock-out after five wrong passwords would hold up tests, and its access list is a file.
pub(super) struct Access {
    /// Name and password; empty: anybody.
    pub(super) users: Vec<(String, String)>,
    /// Topic filters whose subscription is answered with 0x80.
    pub(super) refused_topics: Vec<String>,
}

impl AuthProvider for Access {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, _: SocketAddr) -> Answer<'a, mqtt5::Result<AuthResult>> {
        let known = self.users.iter().find(|(user, password)| {
            connect.username.as_ref() == Some(user) && connect.password.as_deref() == Some(password.as_bytes())
        });
        let result = match known {
            Some((user, _)) => AuthResult::success_with_user(user.clone()),
            None if self.users.is_empty() => AuthResult::success(),
            None => AuthResult::fail(ReasonCode::BadUsernameOrPassword),
        };
        Box::pin(async { Ok(result) })
    }

    fn authorize_publish<'a>(&'a self, _: &str, _: Option<&'a str>, _: &'a str) -> Answer<'a, bool> {
        Box::pin(async { true })
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, _: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        Box::pin(async move { !self.refused_topics.iter().any(|refused| refused == filter) })
    }
}
