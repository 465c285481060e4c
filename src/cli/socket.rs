//! Where the daemon's socket is.

use super::failure::Failure;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// How the daemon is found.
#[derive(Debug, Default, clap::Args)]
pub(super) struct Target {
    /// The daemon's socket; default: the one the configuration names
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
}

impl Target {
    /// `--socket`, else what the configuration says. Only these keys are read: a person who may open the socket need not be one who
    /// may read the secrets.
    ///
    /// # Errors
    /// Exit 78 where the configuration can not be read or names no socket.
    pub(super) fn path(&self, config: &Path) -> Result<PathBuf, Failure> {
        match &self.socket {
            Some(socket) => Ok(socket.clone()),
            None => configured(config),
        }
    }
}

/// The state folder that the configuration names.
///
/// # Errors
/// Exit 78 where it can not be read or names none.
pub(super) fn state_dir(config: &Path) -> Result<PathBuf, Failure> {
    Keys::read(config, "--state-dir")?.path("device", "state_dir")
}

fn configured(config: &Path) -> Result<PathBuf, Failure> {
    let keys = Keys::read(config, "--socket")?;
    match keys.path("api", "socket") {
        Ok(socket) => Ok(socket),
        Err(_) => Ok(keys.path("device", "state_dir")?.join("agent.sock")),
    }
}

/// A configuration of which only paths are looked at.
struct Keys<'a> {
    config: &'a Path,
    text: String,
    instead: &'a str,
}

impl<'a> Keys<'a> {
    fn read(config: &'a Path, instead: &'a str) -> Result<Keys<'a>, Failure> {
        let file = config.display();
        let unreadable = |e| Failure::config(format!("cannot read {file}: {e}; give --config FILE, or {instead}"));
        let text = std::fs::read_to_string(config).map_err(unreadable)?;
        DeTable::parse(&text).map_err(|e| Failure::config(format!("{file}: {e}")))?;
        Ok(Keys { config, text, instead })
    }

    fn path(&self, section: &str, key: &str) -> Result<PathBuf, Failure> {
        let table = DeTable::parse(&self.text).ok();
        let keys = table.as_ref().and_then(|table| table.get_ref().get(section)?.get_ref().as_table());
        let value = keys.and_then(|keys| keys.get(key)?.get_ref().as_str());
        let (file, instead) = (self.config.display(), self.instead);
        let missing = || Failure::config(format!("{file}: {section}.{key} is missing; set it, or give {instead}"));
        Ok(self.config.parent().unwrap_or_else(|| Path::new("")).join(value.ok_or_else(missing)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_found_as_the_daemon_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("agent.toml");
        let found = |text: &str| {
            std::fs::write(&file, text).unwrap();
            configured(&file).map(|p| p.strip_prefix(folder.path()).map(Path::to_owned).unwrap_or(p))
        };
        assert_eq!(found("[device]\nstate_dir = 'state'"), Ok("state/agent.sock".into()));
        assert_eq!(found("[device]\nstate_dir = 'state'\n[api]\nsocket = '/run/a.sock'"), Ok("/run/a.sock".into()));
        assert!(
            found("[device]\n").is_err_and(|failure| format!("{failure:?}").contains("device.state_dir is missing"))
        );
    }
}
