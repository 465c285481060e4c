//! What the others need: their packages, at versions that are committed, under the target folder, and the slower disk.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/versus");

pub struct Tools {
    /// Python with paho-mqtt.
    pub python: PathBuf,
    pub paho: PathBuf,
    /// Beside the packages that it imports.
    pub mqttjs: PathBuf,
    /// Preloaded, it makes every fsync and fdatasync slower, and counts them.
    pub slow_sync: PathBuf,
}

impl Tools {
    pub fn install() -> Tools {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("versus");
        let (venv, node) = (dir.join("venv"), dir.join("node"));
        once(&venv, &["requirements.txt"], || {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv));
            let mut pip = Command::new(venv.join("bin/pip"));
            pip.args(["install", "--quiet", "--disable-pip-version-check", "-r"]).arg(venv.join("requirements.txt"));
            succeed(&mut pip);
        });
        once(&node, &["package.json", "package-lock.json"], || {
            // better-sqlite3 is compiled here where no prebuilt one can be had.
            succeed(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&node));
        });
        fs::copy(Path::new(SOURCES).join("mqttjs_sqlite.mjs"), node.join("mqttjs_sqlite.mjs")).unwrap();
        let slow_sync = dir.join("slow_sync.so");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&slow_sync).arg(Path::new(SOURCES).join("slow_sync.c"));
        succeed(cc.arg("-ldl"));
        Tools {
            python: venv.join("bin/python"),
            paho: Path::new(SOURCES).join("paho_sqlite.py"),
            mqttjs: node.join("mqttjs_sqlite.mjs"),
            slow_sync,
        }
    }

    /// Names and versions of what runs.
    pub fn versions(&self) -> [String; 2] {
        let python = "import platform, sqlite3, paho.mqtt\n\
            print(f'Python {platform.python_version()}, paho-mqtt {paho.mqtt.__version__}, SQLite {sqlite3.sqlite_version}')";
        let node = "const v = (name) => require(name + '/package.json').version, db = require('better-sqlite3')(':memory:');\n\
            const { version } = db.prepare('SELECT sqlite_version() AS version').get();\n\
            console.log(`Node ${process.versions.node}, mqtt.js ${v('mqtt')}, better-sqlite3 ${v('better-sqlite3')}, SQLite ${version}`)";
        let folder = self.mqttjs.parent().unwrap();
        [
            succeed(Command::new(&self.python).args(["-c", python])),
            succeed(Command::new("node").args(["-e", node]).current_dir(folder)),
        ]
    }

    /// How many payments are in a rival's database.
    pub fn rows(&self, db: &Path) -> usize {
        let count = "import sqlite3, sys; print(*sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM payment').fetchone())";
        succeed(Command::new(&self.python).args(["-c", count]).arg(db)).parse().unwrap()
    }
}

/// Copies `files` into a folder and fills it, unless that was done with the same files.
fn once(dir: &Path, files: &[&str], fill: impl FnOnce()) {
    let wanted: String = files.iter().map(|name| fs::read_to_string(Path::new(SOURCES).join(name)).unwrap()).collect();
    let done = dir.join("installed");
    if fs::read_to_string(&done).is_ok_and(|had| had == wanted) {
        return;
    }
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).unwrap();
    for name in files {
        fs::copy(Path::new(SOURCES).join(name), dir.join(name)).unwrap();
    }
    fill();
    fs::write(done, wanted).unwrap();
}

/// What it prints.
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
