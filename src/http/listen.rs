//! The Unix socket: bound by its mode, served until the daemon stops.

use super::{caller::Peer, connection::Guarded};
use axum::{Router, serve::Listener};
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{FileTypeExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, watch},
};

/// How many connections may be open at once; further ones wait to be accepted.
const CONNECTIONS: usize = 64;

/// How long a connection may be still. Longer than the longest answer takes.
const IDLE: Duration = Duration::from_secs(90);

/// How long open connections may finish after the daemon was asked to stop.
const GRACE: Duration = Duration::from_secs(2);

/// Between two tries to make the socket on a full disk.
const RETRY: Duration = Duration::from_secs(2);

/// Bytes that a socket's path may have (`sockaddr_un` on Linux, its final NUL aside).
const PATH_LIMIT: usize = 107;

/// A listening socket, removed when dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    places: Arc<Semaphore>,
    path: PathBuf,
}

/// Listens at `path` with this mode. Whoever holds the state folder's lock is the only daemon, so a socket that lies there is a
/// leftover and is replaced. The socket gets its mode before it gets its name.
///
/// # Errors
/// Where the folder is missing or not writable, the path is too long, or something other than a socket lies there.
pub fn bind(path: &Path, mode: u32) -> io::Result<Socket> {
    let explain = |what: &str, e: io::Error| io::Error::new(e.kind(), format!("{what} {}: {e}", path.display()));
    let new = unnamed(path);
    if path.as_os_str().len() > PATH_LIMIT {
        let text = format!("api.socket: {} is too long, at most {} bytes can be bound", path.display(), PATH_LIMIT);
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    match fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            let text =
                format!("api.socket: {} exists and is not a socket: remove it or name another path", path.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        _ => {}
    }
    match fs::remove_file(&new) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(explain("cannot replace", e)),
        _ => {}
    }
    let bound = UnixListener::bind(&new).or_else(|error| match error.kind() {
        // Not one file can be made: the leftover gives its place.
        io::ErrorKind::StorageFull => fs::remove_file(path).and_then(|()| UnixListener::bind(&new)).map_err(|_| error),
        _ => Err(error),
    });
    let listener = bound.map_err(|e| explain("cannot listen at", e))?;
    let named = fs::set_permissions(&new, Permissions::from_mode(mode)).and_then(|()| fs::rename(&new, path));
    if let Err(e) = named {
        let _ = fs::remove_file(&new);
        return Err(explain("cannot listen at", e));
    }
    Ok(Socket { listener, places: Arc::new(Semaphore::new(CONNECTIONS)), path: path.to_owned() })
}

/// [`bind`], and [`serve`]; where the disk has no room for the socket, both are done when it has.
///
/// # Errors
/// As [`bind`], where it fails for another reason.
pub fn listen(
    path: &Path,
    mode: u32,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> io::Result<impl Future<Output = ()> + Send + use<>> {
    let (path, mut bound) = (path.to_owned(), bind(path, mode));
    match bound {
        Err(error) if error.kind() != io::ErrorKind::StorageFull => return Err(error),
        Err(ref error) => tracing::error!("nobody can ask how the device is until there is room on the disk: {error}"),
        Ok(_) => {}
    }
    Ok(async move {
        loop {
            match bound {
                Ok(socket) => return serve(socket, router, stop).await,
                Err(_) => tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => return,
                    () = tokio::time::sleep(RETRY) => bound = bind(&path, mode),
                },
            }
        }
    })
}

/// Serves until `stop` is true, then lets open requests finish for 2 s.
pub async fn serve(socket: Socket, router: Router, stop: watch::Receiver<bool>) {
    let stopped = |mut stop: watch::Receiver<bool>| async move {
        let _ = stop.wait_for(|stop| *stop).await; // a dropped sender also means the end
    };
    let late = stopped(stop.clone());
    let serving =
        axum::serve(socket, router.into_make_service_with_connect_info::<Peer>()).with_graceful_shutdown(stopped(stop));
    tokio::select! {
        _ = serving => {}
        () = async { late.await; tokio::time::sleep(GRACE).await } => {
            tracing::debug!("some connections did not end in time");
        }
    }
}

impl Listener for Socket {
    type Io = Guarded<UnixStream>;
    type Addr = Peer;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else { return std::future::pending().await };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let peer = Peer::of(&stream);
                    return (Guarded::new(stream, IDLE, place), peer);
                }
                Err(error) => {
                    // No descriptors left, most likely. A connection that ends frees one.
                    tracing::warn!("cannot accept a connection on the socket: {error}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Peer::ourselves())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The name a socket has until its mode is set: as long as its own, because the length is limited.
fn unnamed(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let first = if name.starts_with('~') { '+' } else { '~' };
    path.with_file_name(name.char_indices().map(|(i, c)| if i == 0 { first } else { c }).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_leftover_socket_is_replaced_and_the_mode_is_the_one_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        std::mem::forget(bind(&path, 0o600).unwrap());
        let socket = bind(&path, 0o660).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        UnixStream::connect(&path).await.unwrap();
        drop(socket);
        assert!(!path.exists(), "removed with its listener");
    }

    #[tokio::test]
    async fn a_file_that_is_not_a_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("agent.sock");
        fs::write(&path, "a person's file").unwrap();
        let error = bind(&path, 0o600).unwrap_err();
        assert!(error.to_string().contains("is not a socket"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a person's file");
    }

    #[tokio::test]
    async fn a_path_that_can_not_be_bound_is_refused_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let long = bind(&folder.path().join("x".repeat(120)), 0o600).unwrap_err();
        assert!(long.to_string().contains("too long"), "{long}");
        let nowhere = bind(&folder.path().join("no/such/folder"), 0o600).unwrap_err();
        assert!(nowhere.to_string().contains("cannot listen at"), "{nowhere}");
    }
}
