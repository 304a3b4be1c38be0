//! One SMTP exchange, step by step, so that a failure knows where it fell.

use std::error::Error as StdError;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::DEFAULT_MECHANISMS;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::client::TlsParameters;
use lettre::transport::smtp::commands::Data;
use lettre::transport::smtp::commands::Mail;
use lettre::transport::smtp::commands::Rcpt;
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::extension::Extension;
use lettre::transport::smtp::extension::MailParameter;
use tokio::net::TcpStream;
use tokio::net::lookup_host;

use super::error::SendError;
use super::server::Protection;
use super::server::Server;
use super::step::Step;
use crate::domain::format;
use crate::mail::Letter;

/// Long enough for any address that answers at all; a dead one leaves time for the next.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// A server that has the message is told goodbye, and not waited for.
const GOODBYE_LIMIT: Duration = Duration::from_secs(2);

/// An exchange under way. `at` is the step that is being gone, also once the exchange is given up.
pub(super) struct Exchange<'a> {
    pub server: &'a Server,
    pub told: &'a mut (dyn FnMut(Step, &str) + Send),
    pub at: &'a mut Step,
}

/// A connection over which a message was accepted.
pub(super) struct Accepted(AsyncSmtpConnection);

impl Accepted {
    /// Says goodbye. How that goes no longer matters.
    pub(super) async fn leave(mut self) {
        let _ = tokio::time::timeout(GOODBYE_LIMIT, self.0.quit()).await;
    }
}

impl Exchange<'_> {
    /// Goes all steps, up to the server's acceptance of the message.
    pub(super) async fn run(mut self, letter: &Letter) -> Result<Accepted, SendError> {
        let addresses = self.resolve().await?;
        let mut connection = self.open(&addresses).await?;
        self.login(&mut connection).await?;

        *self.at = Step::Sender;
        let from = self.address(&letter.from)?;
        let to = self.address(&letter.to)?;
        let mut options = Vec::new();
        if !letter.from.is_ascii() || !letter.to.is_ascii() {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                let remedy = "use an address of plain letters, or a server that takes others (SMTPUTF8)";
                return Err(SendError::refused(
                    Step::Sender,
                    "the server takes ASCII addresses only",
                    remedy,
                ));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        self.said(connection.command(Mail::new(Some(from), options)).await)?;
        self.done(&letter.from);

        *self.at = Step::Recipient;
        self.said(connection.command(Rcpt::new(to, Vec::new())).await)?;
        self.done(&letter.to);

        *self.at = Step::Data;
        self.said(connection.command(Data).await)?;

        *self.at = Step::Message;
        let answer = self.said(connection.message(&letter.bytes).await)?;
        let answer = format!("accepted: {} {}", answer.code(), answer.first_line().unwrap_or_default());
        self.done(&self.server.redactor.clean(&answer));
        Ok(Accepted(connection))
    }

    async fn resolve(&mut self) -> Result<Vec<SocketAddr>, SendError> {
        let host = self.server.host.trim_start_matches('[').trim_end_matches(']');
        let found = lookup_host((host, self.server.port)).await;
        let found: Vec<_> = found.map_err(|error| SendError::broken(Step::Resolve, &error))?.collect();
        if matches!(self.server.protection, Protection::Open)
            && !found.iter().all(|own| own.ip().is_loopback())
        {
            let remedy = "use tls = \"starttls\" or \"implicit\"";
            return Err(SendError::refused(
                Step::Resolve,
                "without TLS the host must be this machine",
                remedy,
            ));
        }
        let listed: Vec<String> = found.iter().map(|address| address.ip().to_string()).collect();
        self.done(&format!("{host} is {}", listed.join(", ")));
        Ok(found)
    }

    /// Connects, protected as the settings want it, up to where a login may begin.
    async fn open(&mut self, addresses: &[SocketAddr]) -> Result<AsyncSmtpConnection, SendError> {
        let name = ClientId::default();
        *self.at = Step::Connect;
        let parameters = match &self.server.protection {
            Protection::Implicit(parameters) => {
                return self.open_implicit(addresses, parameters, &name).await;
            }
            Protection::Starttls(parameters) => Some(parameters),
            Protection::Open => None,
        };
        let stream = connect(addresses).await.map_err(|error| SendError::broken(Step::Connect, &error))?;
        self.done(&stream.peer_addr().map(|address| address.to_string()).unwrap_or_default());

        *self.at = Step::Greeting;
        let opened = AsyncSmtpConnection::connect_with_transport(Box::new(stream), &name).await;
        let mut connection = self.said(opened)?;
        self.done(connection.server_info().name());

        *self.at = Step::Tls;
        let Some(parameters) = parameters else {
            self.done("none, on this machine");
            return Ok(connection);
        };
        if !connection.can_starttls() {
            let remedy =
                "nothing was sent: check SMTP_HOST and SMTP_PORT, or use tls = \"implicit\" with port 465";
            return Err(SendError::refused(Step::Tls, "the server does not offer STARTTLS", remedy));
        }
        self.said(connection.starttls(parameters.clone(), &name).await)?;
        self.done("STARTTLS, the certificate is right");
        Ok(connection)
    }

    /// Connects where TLS comes before all else. lettre does it in one go, so the step of a failure is
    /// told from what failed.
    async fn open_implicit(
        &mut self,
        addresses: &[SocketAddr],
        parameters: &TlsParameters,
        name: &ClientId,
    ) -> Result<AsyncSmtpConnection, SendError> {
        let limit = Some(CONNECT_LIMIT);
        *self.at = Step::Tls;
        let opened =
            AsyncSmtpConnection::connect_tokio1(addresses, limit, name, Some(parameters.clone()), None).await;
        if let Err(error) = &opened {
            *self.at = match unreached(error) {
                true => Step::Connect,
                false if error.status().is_some() || error.is_response() => Step::Greeting,
                false => Step::Tls,
            };
        }
        let connection = self.said(opened)?;
        self.done("from the first byte, the certificate is right");
        *self.at = Step::Greeting;
        self.done(connection.server_info().name());
        Ok(connection)
    }

    async fn login(&mut self, connection: &mut AsyncSmtpConnection) -> Result<(), SendError> {
        *self.at = Step::Login;
        let Some(credentials) = &self.server.login else {
            self.done("none");
            return Ok(());
        };
        if connection.server_info().get_auth_mechanism(DEFAULT_MECHANISMS).is_none() {
            let remedy = "set email.smtp_user = \"\" if it wants none, else check SMTP_HOST and SMTP_PORT";
            return Err(SendError::refused(Step::Login, "the server takes no login by password", remedy));
        }
        self.said(connection.auth(DEFAULT_MECHANISMS, credentials).await)?;
        self.done("the user and password are right");
        Ok(())
    }

    /// Reads an address that was checked before it was stored.
    fn address(&self, text: &str) -> Result<Address, SendError> {
        let remedy = "mend EMAIL_FROM or EMAIL_RECIPIENTS";
        text.parse().map_err(|_| SendError::refused(*self.at, "it is not a mail address", remedy))
    }

    /// Judges what was said in the present step.
    fn said<T>(&self, outcome: Result<T, SmtpError>) -> Result<T, SendError> {
        outcome.map_err(|error| SendError::of(*self.at, &error, &self.server.redactor))
    }

    fn done(&mut self, seen: &str) {
        (self.told)(*self.at, &format::clean(seen));
    }
}

/// Tells whether no connection came about at all.
fn unreached(error: &SmtpError) -> bool {
    let mut under: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(own) = under {
        if let Some(io) = own.downcast_ref::<io::Error>() {
            // What TLS reports is wrapped in an error of this kind, too.
            return io.get_ref().is_none_or(|inner| !inner.is::<rustls::Error>())
                && !matches!(io.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
        }
        under = own.source();
    }
    false
}

/// Connects to the first address that answers.
async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name has no address");
    for address in addresses {
        match tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(_) => last = io::Error::new(io::ErrorKind::TimedOut, "no answer"),
        }
    }
    Err(last)
}
