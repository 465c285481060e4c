//! Through which door somebody asks: what wrong PINs are counted under.

use axum::{
    extract::{ConnectInfo, FromRequestParts, connect_info::Connected},
    http::request::Parts,
    serve::IncomingStream,
};
use std::{convert::Infallible, sync::Arc};
use tokio::net::UnixStream;

/// A caller: the name of a token, or the user at the socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller(Arc<str>);

impl Caller {
    /// Whoever has the token of this name.
    pub fn token(name: &str) -> Caller {
        Caller(format!("token {name}").into())
    }

    /// In events, and to count by.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The other end of a connection to the socket.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Its user; `None` where the system does not tell.
    uid: Option<u32>,
}

impl Peer {
    pub(super) fn of(stream: &UnixStream) -> Peer {
        Peer { uid: stream.peer_cred().ok().map(|cred| cred.uid()) }
    }

    pub(super) fn ourselves() -> Peer {
        Peer { uid: Some(rustix::process::getuid().as_raw()) }
    }

    fn caller(self) -> Caller {
        Caller(self.uid.map_or_else(|| "socket".to_owned(), |uid| format!("user {uid}")).into())
    }
}

impl Connected<IncomingStream<'_, super::listen::Socket>> for Peer {
    fn connect_info(stream: IncomingStream<'_, super::listen::Socket>) -> Peer {
        *stream.remote_addr()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Caller, Infallible> {
        let given = parts.extensions.get::<Caller>().cloned();
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|info| info.0);
        Ok(given.unwrap_or_else(|| peer.unwrap_or(Peer { uid: None }).caller()))
    }
}
