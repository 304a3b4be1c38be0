//! The one HTTP client that all vendors share: a base address, limits of time and size, no redirects.
//!
//! A key goes into a header or a query and nowhere else: no log line and no error holds a query, and
//! every text that came from outside passes the [`Redactor`]. What a status means is the vendor's
//! word; the common part of it is [`Answer::failure`], in the file beside this one.
//!
//! TLS is rustls over ring, which builds in seconds without a C++ toolchain, and trusts what the
//! system trusts: its updates withdraw an authority sooner than a release of `ts` would, and a
//! company's own authority works.

use std::time::Duration;

use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use reqwest::Client;
use reqwest::Response;
use reqwest::header::AUTHORIZATION;
use reqwest::header::HeaderMap;
use reqwest::header::HeaderValue;
use reqwest::header::LOCATION;
use reqwest::redirect;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use tracing::debug;
use url::Url;

use super::SourceError;
use super::answer::Answer;
use super::answer::malformed;
use crate::settings::Redactor;

/// The largest body that is read, in bytes. The largest answers are a page of 50,000 bars, 5 MB at the
/// usual 105 bytes a row and 11 MB where every number has all its digits, and a whole market of 12,500
/// tickers, 1.3 MB and 3 MB.
pub(super) const LARGEST_BODY: usize = 16 << 20;
/// The longest that connecting may take, TLS included, and never more than half of a whole request: a
/// silent address is then told from a slow answer.
const CONNECT: Duration = Duration::from_secs(10);
/// What stays as it is in a part of a path: `BRK.B` reads as it was written.
const PATH_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'-').remove(b'_');

/// How a vendor wants to be shown the key.
#[derive(Clone)]
pub(super) enum Key {
    None,
    /// In the `Authorization` header.
    Bearer(SecretString),
    /// In the query, under this name.
    Query(&'static str, SecretString),
}

/// One vendor's client.
pub(super) struct Http {
    vendor: &'static str,
    client: Client,
    base: Url,
    key: Key,
    redactor: Redactor,
    timeout: Duration,
}

impl Http {
    /// Prepares a client; nothing is sent. `timeout` bounds one whole request.
    ///
    /// # Errors
    /// [`SourceError::Transport`] for a base address that is none, or a system without authorities.
    pub(super) fn new(
        vendor: &'static str,
        base: &str,
        key: Key,
        timeout: Duration,
    ) -> Result<Self, SourceError> {
        let cannot = |what: String| SourceError::Transport { place: vendor.to_owned(), what };
        let base =
            Url::parse(base).map_err(|error| cannot(format!("its base_url is no address: {error}")))?;
        if base.cannot_be_a_base() || base.host_str().is_none() {
            return Err(cannot("its base_url has no host".to_owned()));
        }
        let redactor = match &key {
            Key::None => Redactor::default(),
            Key::Bearer(secret) | Key::Query(_, secret) => Redactor::new([secret]),
        };
        // reqwest takes the process's provider; a second call, or another library's, changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("ts/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT.min(timeout / 2))
            .timeout(timeout);
        if is_loopback(&base) {
            // A proxy of the environment would look for this machine's own server on another one.
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            cannot(format!("TLS is not available: {}; install ca-certificates", cause(error)))
        })?;
        Ok(Self { vendor, client, base, key, redactor, timeout })
    }

    /// Asks for the path made of these parts. `about` is what the request is for: a symbol, mostly.
    ///
    /// # Errors
    /// [`SourceError::Unreachable`] where no connection was made, [`SourceError::Transport`] where no whole
    /// answer came over it, [`SourceError::Status`] for a redirect, [`SourceError::Malformed`] for a body that is too
    /// large. Other statuses are answers.
    pub(super) async fn get(
        &self,
        about: &str,
        parts: &[&str],
        query: &[(&str, String)],
    ) -> Result<Answer, SourceError> {
        let mut url = self.base.clone();
        let mut path = url.path().trim_end_matches('/').to_owned();
        for part in parts {
            path.push('/');
            path.extend(utf8_percent_encode(part, PATH_PART));
        }
        url.set_path(&path);
        url.query_pairs_mut().extend_pairs(query);
        self.get_url(about, url).await
    }

    /// Asks for an address that the vendor gave: [`Http::own`] made sure that it is the vendor's.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(super) async fn get_url(&self, about: &str, mut url: Url) -> Result<Answer, SourceError> {
        let place = self.place(about);
        let path = url.path().to_owned();
        if let Key::Query(name, secret) = &self.key {
            url.query_pairs_mut().append_pair(name, secret.expose_secret().trim());
        }
        let mut request = self.client.get(url);
        if let Key::Bearer(secret) = &self.key {
            request = request.header(AUTHORIZATION, self.bearer(&place, secret)?);
        }
        let response = request.send().await.map_err(|error| self.unanswered(&place, error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if response.status().is_redirection() {
            let what = redirect_text(&headers);
            return Err(SourceError::Status { place, code: status, what });
        }
        let body = self.body(&place, response).await?;
        debug!(vendor = self.vendor, about, path = self.redactor.clean(&path), status, bytes = body.len());
        Ok(Answer { place, status, body, headers })
    }

    /// Reads an address from an answer and says whether it is this vendor's: of the base's own origin,
    /// or of another host among `twins`, which are one vendor's names; the base then stands in for it.
    pub(super) fn own(&self, address: &str, twins: &[&str]) -> Option<Url> {
        let mut url = Url::parse(address).ok()?;
        if url.origin() == self.base.origin() {
            return Some(url);
        }
        let is_twin = |url: &Url| url.host_str().is_some_and(|host| twins.contains(&host));
        let is_alike = url.scheme() == self.base.scheme() && url.port() == self.base.port();
        if !(is_alike && is_twin(&url) && is_twin(&self.base)) {
            return None;
        }
        url.set_host(self.base.host_str()).ok()?;
        Some(url)
    }

    /// Names the vendor and what it was asked about.
    pub(super) fn place(&self, about: &str) -> String {
        format!("{} ({about})", self.vendor)
    }

    /// Takes the vendor's key out of an error.
    pub(super) fn redacted(&self, error: SourceError) -> SourceError {
        error.map_text(|text| self.redactor.clean(text))
    }

    fn bearer(&self, place: &str, secret: &SecretString) -> Result<HeaderValue, SourceError> {
        let text = format!("Bearer {}", secret.expose_secret().trim());
        let mut value = HeaderValue::from_str(&text).map_err(|_| SourceError::Unauthorised {
            place: place.to_owned(),
            what: "the key has characters that no key has; set it again".to_owned(),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn body(&self, place: &str, mut response: Response) -> Result<Vec<u8>, SourceError> {
        let too_large = || malformed(place, format!("the answer is larger than {} MiB", LARGEST_BODY >> 20));
        if response.content_length().is_some_and(|length| length > LARGEST_BODY as u64) {
            return Err(too_large());
        }
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| self.unanswered(place, error))?;
            let Some(chunk) = chunk else { return Ok(body) };
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn unanswered(&self, place: &str, error: reqwest::Error) -> SourceError {
        let (is_timeout, is_connect) = (error.is_timeout(), error.is_connect());
        let text = match (is_timeout, is_connect) {
            (true, true) => "no connection in time".to_owned(),
            (true, false) => format!("no whole answer within {} s", self.timeout.as_secs_f64()),
            (false, true) => format!("no connection: {}", cause(error)),
            (false, false) => format!("the answer broke off: {}", cause(error)),
        };
        let (place, what) = (place.to_owned(), self.redactor.clean(&text));
        if is_connect {
            SourceError::Unreachable { place, what }
        } else {
            SourceError::Transport { place, what }
        }
    }
}

fn redirect_text(headers: &HeaderMap) -> String {
    let target = headers.get(LOCATION).and_then(|value| Url::parse(value.to_str().ok()?).ok());
    let host = target.as_ref().and_then(Url::host_str).unwrap_or("another place");
    format!("it redirects to {host}, which is not followed; check base_url")
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Returns the innermost reason of a failure, which names no address.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut reason: &dyn std::error::Error = &error;
    while let Some(deeper) = reason.source() {
        reason = deeper;
    }
    reason.to_string()
}
