//! A real mail server on loopback, with STARTTLS and a login, that misbehaves as it is told.
//!
//! `server.py` is the server (aiosmtpd, from the environment that `tests/python-venv` makes). Each
//! accepted message is kept in a folder, so that deliveries can be counted whatever became of the
//! client.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

pub const USER: &str = "apikey";
pub const PASSWORD: &str = "SG.s3cr3t/of-the+mail";
pub const FROM: &str = "signals@example.com";

/// How the server behaves. The manners are listed in `server.py`.
#[derive(Clone, Debug, Serialize)]
pub struct Behaviour {
    pub manner: &'static str,
    /// `starttls`, `implicit` or `none`.
    pub tls: &'static str,
    /// Whom the manner `one_refused` refuses.
    pub refused: &'static str,
    /// The name in the certificate.
    #[serde(skip)]
    pub certified: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    /// Zero: any that is free.
    pub port: u16,
}

/// Takes everything, over STARTTLS, from who logs in.
pub const WELL: Behaviour = Behaviour {
    manner: "well",
    tls: "starttls",
    refused: "",
    certified: "localhost",
    user: USER,
    password: PASSWORD,
    port: 0,
};

/// A message that the server accepted, as Python's own parser reads it.
#[derive(Clone, Debug, Deserialize)]
pub struct Accepted {
    pub sender: String,
    pub recipients: Vec<String>,
    pub message_id: String,
    pub headers: Vec<(String, String)>,
    /// Like `multipart/alternative[text/plain, text/html]`.
    pub structure: String,
    pub html: Option<String>,
    pub text: Option<String>,
    /// The size of each picture by its Content-ID.
    pub images: std::collections::BTreeMap<String, usize>,
    /// What the parser finds wrong.
    pub defects: Vec<String>,
    pub bytes: usize,
}

impl Accepted {
    /// The values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// A running server; it ends with the test.
pub struct SmtpServer {
    child: Child,
    /// The server ends when this does.
    _input: Option<ChildStdin>,
    folder: TempDir,
    pub port: u16,
    behaviour: Behaviour,
}

impl SmtpServer {
    /// Starts a server.
    #[expect(clippy::panic, reason = "a test whose server does not start has failed")]
    pub fn start(behaviour: Behaviour) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("accepted")).expect("a new folder");
        let name = behaviour.certified.to_owned();
        let certified = rcgen::generate_simple_self_signed([name]).expect("a certificate");
        let write = |file: &str, text: String| fs::write(folder.path().join(file), text).expect("a new file");
        write("cert.pem", pem("CERTIFICATE", certified.cert.der()));
        write("key.pem", pem("PRIVATE KEY", &certified.signing_key.serialize_der()));
        write_options(folder.path(), &behaviour);
        let errors = fs::File::create(folder.path().join("errors")).expect("a new file");
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/smtp_server/server.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(folder.path().join("options.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .expect("python starts");
        let output = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line).expect("its output is text");
        let port = line.strip_prefix("ready ").and_then(|port| port.trim().parse().ok());
        let port = port.unwrap_or_else(|| {
            let errors = fs::read_to_string(folder.path().join("errors")).unwrap_or_default();
            panic!("the mail server does not start:\n{errors}")
        });
        let input = child.stdin.take();
        Self { child, _input: input, folder, port, behaviour }
    }

    /// Changes how the server behaves from now on; what TLS it speaks stays.
    pub fn set(&mut self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.behaviour);
        write_options(self.folder.path(), &self.behaviour);
    }

    /// The server's certificate as PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// What was accepted so far, oldest first.
    pub fn accepted(&self) -> Vec<Accepted> {
        let file = |number: usize| self.folder.path().join(format!("accepted/{number}.json"));
        let texts = (1..).map_while(|number| fs::read_to_string(file(number)).ok());
        texts.map(|text| serde_json::from_str(&text).expect("the server writes JSON")).collect()
    }

    /// The variables that send the program's mail here.
    pub fn variables(&self, recipients: &str) -> Vec<(&'static str, String)> {
        vec![
            ("SMTP_HOST", "localhost".to_owned()),
            ("SMTP_PORT", self.port.to_string()),
            ("SMTP_USER", USER.to_owned()),
            ("SMTP_PASSWORD", PASSWORD.to_owned()),
            ("EMAIL_FROM", FROM.to_owned()),
            ("EMAIL_RECIPIENTS", recipients.to_owned()),
            ("TS_EMAIL__TLS", self.behaviour.tls.to_owned()),
            ("TS_EMAIL__CA_FILE", self.certificate().display().to_string()),
        ]
    }
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

/// Written aside and renamed: the server may read at any moment.
fn write_options(folder: &Path, behaviour: &Behaviour) {
    let mut options = serde_json::to_value(behaviour).expect("options are plain values");
    options["folder"] = folder.join("accepted").display().to_string().into();
    options["cert"] = folder.join("cert.pem").display().to_string().into();
    options["key"] = folder.join("key.pem").display().to_string().into();
    fs::write(folder.join("options.part"), options.to_string()).expect("a new file");
    fs::rename(folder.join("options.part"), folder.join("options.json")).expect("a file that was written");
}

/// Finds a Python that has aiosmtpd: that of `TS_TEST_PYTHON`, of `tests/python-venv`, or the system's.
#[expect(clippy::panic, reason = "a test without its server has failed, and is told how to get it")]
fn python() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a folder of the target folder");
        let made = target.join("tools/python/bin/python");
        let named = std::env::var_os("TS_TEST_PYTHON").map(PathBuf::from);
        let candidates = named.into_iter().chain([made, PathBuf::from("python3")]);
        let has_it = |python: &PathBuf| {
            let asked = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        candidates.into_iter().find(has_it).unwrap_or_else(|| {
            panic!("no Python with aiosmtpd, which the mail's tests start as their server: run tests/python-venv once")
        })
    })
}
