//! The ping to a check outside, so that somebody notices when nothing comes any more.
//!
//! By the convention of healthchecks.io: `URL/start` when a job begins, `URL` when it is done,
//! `URL/fail` with a line of why when it is not. A ping takes ten seconds at most, is tried once, and
//! whatever becomes of it is logged and nothing else. The address is as good as a password and is
//! named nowhere.

use std::time::Duration;

use reqwest::Client;
use reqwest::redirect;
use tracing::debug;
use tracing::warn;
use url::Host;
use url::Url;

/// The longest that a ping may take, connecting included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The longest text that goes along, in characters.
const LONGEST: usize = 1_000;

/// What a ping says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ping {
    Start,
    Success,
    /// With what went wrong.
    Failure(String),
}

/// Sends pings to one address, or none without one.
#[derive(Clone, Debug, Default)]
pub struct Pinger(Option<(Client, String)>);

impl Pinger {
    /// Prepares to ping an address of the settings. Where that cannot be done, it is logged, and nothing
    /// is pinged.
    pub fn new(url: Option<&str>) -> Self {
        let Some(url) = url else { return Self(None) };
        // reqwest takes the process's provider; a second call, or another library's, changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = Client::builder()
            .user_agent(concat!("ts/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .timeout(TIMEOUT);
        if is_own_machine(url) {
            // A proxy of the environment would look for this machine's own server on another one.
            builder = builder.no_proxy();
        }
        match builder.build() {
            Ok(client) => Self(Some((client, url.trim_end_matches('/').to_owned()))),
            Err(error) => {
                warn!("health.ping_url is not pinged: TLS is not available ({error})");
                Self(None)
            }
        }
    }

    /// Sends a ping and waits for the answer, ten seconds at most. Never fails: what goes wrong is logged.
    pub async fn send(&self, ping: Ping) {
        let Some((client, url)) = &self.0 else { return };
        let (address, body) = match ping {
            Ping::Start => (format!("{url}/start"), String::new()),
            Ping::Success => (url.clone(), String::new()),
            Ping::Failure(why) => (format!("{url}/fail"), why.chars().take(LONGEST).collect()),
        };
        let sent = client.post(address).body(body).send().await;
        match sent.and_then(reqwest::Response::error_for_status) {
            Ok(_) => debug!("health check pinged"),
            Err(error) => warn!("the health check was not pinged: {}", error.without_url()),
        }
    }
}

fn is_own_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use wiremock::Mock;
    use wiremock::MockServer;
    use wiremock::ResponseTemplate;
    use wiremock::matchers::body_string;
    use wiremock::matchers::method;
    use wiremock::matchers::path;

    use super::*;

    #[tokio::test]
    async fn a_ping_goes_where_the_convention_says() {
        let server = MockServer::start().await;
        for (place, body) in [("/abc/start", ""), ("/abc", ""), ("/abc/fail", "the disk is full")] {
            let ping = Mock::given(method("POST")).and(path(place)).and(body_string(body));
            ping.respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
        }
        let pinger = Pinger::new(Some(&format!("{}/abc/", server.uri())));
        for ping in [Ping::Start, Ping::Success, Ping::Failure("the disk is full".to_owned())] {
            pinger.send(ping).await;
        }
    }

    #[tokio::test]
    async fn a_check_that_fails_or_is_gone_harms_nothing() {
        let server = MockServer::start().await;
        Mock::given(path("/gone")).respond_with(ResponseTemplate::new(404)).expect(1).mount(&server).await;
        Pinger::new(Some(&format!("{}/gone", server.uri()))).send(Ping::Success).await;
        Pinger::new(Some("http://127.0.0.1:1/refused")).send(Ping::Success).await;
        Pinger::new(None).send(Ping::Success).await;
    }
}
