//! `[api]` and `[[api.token]]`: the socket, and HTTP over TCP.

use super::callback::listen;
use super::document::Document;
use super::mqtt::ClientCert;
use super::operator;
use super::print::Printer;
use super::secret::Secret;
use super::section::Section;
use super::table::Table;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

pub(super) const API: Section = Section {
    name: "api",
    list: false,
    doc: "HTTP for tills, pages and the command line.",
    keys: &[
        ("socket", "The Unix socket, mode 0660. Default: state_dir/agent.sock, for its owner alone."),
        ("listen", "ADDRESS:PORT for HTTP over TCP. Default: none. Other than loopback needs cert_file and key_file."),
        ("cert_file", "The certificate of listen and its chain, PEM."),
        ("key_file", "Its private key, PEM, not readable by others."),
    ],
};

pub(super) const TOKEN: Section = Section {
    name: "api.token",
    list: true,
    doc: "Who may use HTTP over TCP.",
    keys: &[
        ("name", "The name of the program or page, each once."),
        ("role", "pos, console or admin."),
        ("token_file", "The file with its bearer token: printable ASCII without blanks."),
    ],
};

/// The longest path of a Unix socket on Linux: 108 bytes with the zero at the end (unix(7)).
const MAX_SOCKET_PATH: usize = 107;

/// A token shorter than this can be guessed.
const MIN_TOKEN_BYTES: usize = 16;

/// `[api]`.
#[derive(Clone, Debug)]
pub struct Api {
    /// The Unix socket.
    pub socket: PathBuf,
    /// 0o660 where the path was configured, else 0o600.
    pub socket_mode: u32,
    /// HTTP over TCP.
    pub listen: Option<Listen>,
    /// Who may use it.
    pub tokens: Vec<Token>,
}

/// Where HTTP is served over TCP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
    /// Its certificate; always there where the address is not loopback.
    pub cert: Option<ClientCert>,
}

/// What a token's owner may do (DESIGN 3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRole {
    /// Reads masked, makes orders, asks for refunds.
    Pos,
    /// Also approves with an operator's PIN, closes the shift, replays.
    Console,
    /// Also without a PIN, and sees whole account numbers.
    Admin,
}

/// `[[api.token]]`.
#[derive(Clone, Debug)]
pub struct Token {
    /// 1 to 64 bytes.
    pub name: String,
    /// What its owner may do.
    pub role: TokenRole,
    /// The bearer token: visible ASCII. Compare in constant time.
    pub token: Secret,
}

const ROLES: &[(&str, TokenRole)] =
    &[("pos", TokenRole::Pos), ("console", TokenRole::Console), ("admin", TokenRole::Admin)];

impl Api {
    /// `state_dir` makes the default socket.
    pub(super) fn read(doc: &Document<'_>, state_dir: Option<&Path>) -> Api {
        let table = doc.optional(&API);
        let configured = table.as_ref().and_then(|t| t.path("socket"));
        let socket_mode = if configured.is_some() { 0o660 } else { 0o600 };
        let socket = configured.unwrap_or_else(|| state_dir.unwrap_or(Path::new("")).join("agent.sock"));
        let length = socket.as_os_str().as_bytes().len();
        if length > MAX_SOCKET_PATH {
            let key = table.as_ref().filter(|t| t.has("socket")).map_or("device.state_dir", |_| "api.socket");
            let message =
                format!("the socket's path has {length} bytes; expected at most {MAX_SOCKET_PATH}: set api.socket");
            doc.note(super::Severity::Error, doc.line_of(key).unwrap_or(1), key, message);
        }
        Api { socket, socket_mode, listen: table.and_then(|t| Listen::read(&t)), tokens: Token::read_all(doc) }
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&API);
        if self.socket_mode == 0o660 {
            p.path("socket", Some(&self.socket));
        } else {
            p.unset("socket");
        }
        let cert = self.listen.as_ref().and_then(|l| l.cert.as_ref());
        p.opt_text("listen", self.listen.as_ref().map(|l| l.address.to_string()).as_deref());
        p.path("cert_file", cert.map(|c| c.cert_file.as_path()));
        p.path("key_file", cert.map(|c| c.key_file.as_path()));
        p.list(&TOKEN, &self.tokens, Token::print);
    }
}

impl Listen {
    fn read(t: &Table<'_>) -> Option<Listen> {
        let address = t.parsed("listen", listen);
        let cert = ClientCert::read(t, "cert_file", "key_file");
        let named = t.has("cert_file") || t.has("key_file");
        if named && !t.has("listen") {
            let key = if t.has("cert_file") { "cert_file" } else { "key_file" };
            t.warning(key, "has no effect without listen");
        }
        let address = address?;
        if !address.ip().is_loopback() && !named {
            t.error("listen", "is not loopback and would not be encrypted; expected cert_file and key_file beside it");
        }
        Some(Listen { address, cert })
    }
}

impl Token {
    fn read_all(doc: &Document<'_>) -> Vec<Token> {
        let mut tokens: Vec<Token> = Vec::new();
        for t in doc.array(&TOKEN) {
            let name = t.need("name", t.parsed("name", operator::name));
            let role = t.need("role", t.has("role").then(|| t.choice("role", TokenRole::Pos, ROLES)));
            let token = t.need("token_file", bearer(&t));
            let (Some(name), Some(role), Some(token)) = (name, role, token) else { continue };
            if tokens.iter().any(|other| other.name == name) {
                t.error("name", "an [[api.token]] above has this name; expected each once");
            }
            if tokens.iter().any(|other| other.token.expose() == token.expose()) {
                t.error("token_file", "an [[api.token]] above has the same token; expected each once");
            }
            tokens.push(Token { name, role, token });
        }
        tokens
    }

    fn print(&self, p: &mut Printer) {
        p.section(&TOKEN);
        p.text("name", &self.name);
        p.word("role", self.role, ROLES);
        p.secret("token_file", Some(&self.token));
    }
}

fn bearer(t: &Table<'_>) -> Option<Secret> {
    let token = t.secret("token_file")?;
    if !token.expose().iter().all(u8::is_ascii_graphic) {
        t.error("token_file", "the file holds more than one word of printable ASCII; expected a token");
        return None;
    }
    if token.len() < MIN_TOKEN_BYTES {
        t.warning(
            "token_file",
            format!("the token is short and can be guessed; expected at least {MIN_TOKEN_BYTES} bytes"),
        );
    }
    Some(token)
}
