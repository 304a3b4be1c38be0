//! The mail server of the settings: where it is, how the connection is protected, who logs in.
//!
//! What can be judged without the network is judged here, once: a server that exists may be asked.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::Certificate;
use lettre::transport::smtp::client::CertificateStore;
use lettre::transport::smtp::client::TlsParameters;
use secrecy::ExposeSecret;
use secrecy::SecretString;

use super::error::SendError;
use super::exchange::Exchange;
use super::step::Step;
use crate::domain::format;
use crate::mail::Letter;
use crate::settings::Email;
use crate::settings::Redactor;
use crate::settings::Secrets;
use crate::settings::Tls;
use crate::settings::is_loopback;

/// A message and its answers take seconds; a slow greylisting server takes a minute at the most.
const LIMIT: Duration = Duration::from_secs(90);
/// Whoever waits is told so at least so often.
const SILENCE: Duration = Duration::from_secs(20);

/// A mail server that cannot be asked with these settings.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(
        "email.tls = \"none\" is for a server on this machine alone, and {0} is not; use starttls or implicit"
    )]
    Unprotected(String),
    #[error(
        "read email.ca_file {path}: {cause}; give the authority's certificate as PEM, or leave the key empty"
    )]
    Authority { path: PathBuf, cause: String },
    #[error(
        "prepare TLS for {host}: {cause}; check SMTP_HOST, and that this machine has its authorities (ca-certificates)"
    )]
    Tls { host: String, cause: String },
    #[error(
        "SMTP_USER is {0} and there is no password; set SMTP_PASSWORD (or SENDGRID_API_KEY), or for no \
         login write smtp_user = \"\" into ts.toml (TS_EMAIL__SMTP_USER= in the environment: SMTP_USER= counts as unset)"
    )]
    NoPassword(String),
}

/// A mail server, ready to be asked. Printing one prints no secret.
#[derive(Clone)]
pub struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protection: Protection,
    pub(super) login: Option<Credentials>,
    pub(super) redactor: Redactor,
    limit: Duration,
}

/// How the connection is protected, with what TLS needs.
#[derive(Clone)]
pub(super) enum Protection {
    Starttls(TlsParameters),
    Implicit(TlsParameters),
    Open,
}

impl Server {
    /// Reads the server of the settings. With `ca_file`, the authorities in it are trusted and no
    /// others. A server on this machine without a password is not logged in to.
    ///
    /// # Errors
    /// [`ServerError`] for settings that no mail can be sent with.
    pub fn of(email: &Email, secrets: &Secrets) -> Result<Self, ServerError> {
        let host = email.smtp_host.clone();
        let is_here = is_loopback(&host);
        let protection = match email.tls {
            Tls::None if !is_here => return Err(ServerError::Unprotected(host)),
            Tls::None => Protection::Open,
            Tls::Starttls => Protection::Starttls(tls(email)?),
            Tls::Implicit => Protection::Implicit(tls(email)?),
        };
        let user = email.smtp_user.trim();
        let login = match &secrets.smtp_password {
            Some(password) if !user.is_empty() => {
                Some(Credentials::new(user.to_owned(), password.expose_secret().to_owned()))
            }
            None if !user.is_empty() && !is_here => return Err(ServerError::NoPassword(user.to_owned())),
            _ => None,
        };
        // AUTH PLAIN sends user and password in one piece, which a server may echo.
        let plain =
            secrets.smtp_password.as_ref().map(|password| format!("\0{user}\0{}", password.expose_secret()));
        let forms: Vec<SecretString> = plain.map(SecretString::from).into_iter().collect();
        let redactor = Redactor::new(forms.iter().chain(&secrets.smtp_password));
        Ok(Self { host, port: email.smtp_port, protection, login, redactor, limit: LIMIT })
    }

    /// Returns the server with another limit for a whole exchange.
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// Sends one message to its recipient.
    ///
    /// # Errors
    /// [`SendError`]; a message that the server accepted is never an error, whatever comes after.
    pub async fn send(&self, letter: &Letter) -> Result<(), SendError> {
        self.send_told(letter, &mut |_, _| {}).await
    }

    /// Sends one message and tells each step that was gone, with what was seen there.
    ///
    /// # Errors
    /// As [`Server::send`].
    pub async fn send_told(
        &self,
        letter: &Letter,
        told: &mut (dyn FnMut(Step, &str) + Send),
    ) -> Result<(), SendError> {
        let mut at = Step::Resolve;
        let exchange = Exchange { server: self, told, at: &mut at };
        let accepted = match tokio::time::timeout(self.limit, exchange.run(letter)).await {
            Ok(outcome) => outcome?,
            Err(_) => return Err(SendError::timeout(at, self.limit)),
        };
        accepted.leave().await;
        Ok(())
    }

    /// Sends one message, and says again and again that it is waited for, with the time so far and the most it may take.
    ///
    /// # Errors
    /// As [`Server::send`].
    pub async fn send_patiently(
        &self,
        letter: &Letter,
        waits: &mut (dyn FnMut(Duration, Duration) + Send),
    ) -> Result<(), SendError> {
        let mut sending = pin!(self.send(letter));
        let mut waited = Duration::ZERO;
        loop {
            match tokio::time::timeout(SILENCE, &mut sending).await {
                Ok(outcome) => return outcome,
                Err(_) => {
                    waited += SILENCE;
                    waits(waited, self.limit);
                }
            }
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protection = match self.protection {
            Protection::Starttls(_) => "STARTTLS",
            Protection::Implicit(_) => "TLS from the first byte",
            Protection::Open => "no TLS",
        };
        write!(f, "{}:{}, {protection}", format::clean(&self.host), self.port)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({self})")
    }
}

fn tls(email: &Email) -> Result<TlsParameters, ServerError> {
    let host = email.smtp_host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let mut parameters = TlsParameters::builder(host.clone());
    if let Some(path) = &email.ca_file {
        let unread = |cause: String| ServerError::Authority { path: path.clone(), cause };
        let pem = std::fs::read(path).map_err(|error: io::Error| unread(error.to_string()))?;
        let authorities =
            Certificate::from_pem(&pem).map_err(|_| unread("what is in it is no certificate".to_owned()))?;
        // lettre takes a file without a certificate for a list of none.
        if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
            return Err(unread("there is no certificate in it".to_owned()));
        }
        parameters = parameters.certificate_store(CertificateStore::None).add_root_certificate(authorities);
    }
    parameters
        .build_rustls()
        .map_err(|error| ServerError::Tls { host, cause: format::clean(&error.to_string()) })
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::settings::Settings;

    #[tokio::test(start_paused = true)]
    async fn a_silent_server_is_told_of_until_it_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let email = Email {
            smtp_host: "127.0.0.1".to_owned(),
            smtp_port: port,
            smtp_user: String::new(),
            tls: Tls::None,
            ..Settings::defaults().email
        };
        let server = Server::of(&email, &Secrets::default()).expect("it is this machine");
        let letter = Letter {
            from: "a@x.org".to_owned(),
            to: "b@x.org".to_owned(),
            message_id: "<1@x.org>".to_owned(),
            bytes: Vec::new(),
        };
        let mut told = Vec::new();
        let mut waits = |waited: Duration, limit: Duration| told.push((waited.as_secs(), limit.as_secs()));
        // The connection is made, and nothing is ever said.
        let error = server.send_patiently(&letter, &mut waits).await.expect_err("it is silent");
        assert_eq!((error.step, told), (Step::Greeting, vec![(20, 90), (40, 90), (60, 90), (80, 90)]));
    }

    #[test]
    fn a_user_without_a_password_is_told_how_to_have_no_login() {
        let error = Server::of(&Settings::defaults().email, &Secrets::default()).expect_err("no password");
        let told = error.to_string();
        assert!(told.contains("smtp_user = \"\"") && told.contains("TS_EMAIL__SMTP_USER="), "{told}");
    }
}
