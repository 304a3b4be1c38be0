//! One vendor as its source asks it: each try spaced by the limit, counted, judged, redacted and, where
//! that helps, made again.
//!
//! Redacted first: whatever sees a failure after that, a log of the tries too, sees it without the key.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use tracing::debug;
use url::Url;

use super::SourceError;
use super::answer::Answer;
use super::http::Http;
use super::limit::Limiter;
use super::quota::DayQuota;
use super::retry::Retry;

/// A vendor at the instant of a run. Clones share one connection, one rate limit and one count of the
/// day; `Api` is what only this vendor keeps.
#[derive(Clone)]
pub struct Client<Api> {
    pub(super) vendor: Arc<Vendor>,
    pub(super) api: Api,
    pub(super) now: DateTime<Utc>,
}

impl<Api: Default> Client<Api> {
    pub(super) fn of_vendor(vendor: Vendor, now: DateTime<Utc>) -> Self {
        Self { vendor: Arc::new(vendor), api: Api::default(), now }
    }
}

impl<Api: Clone> Client<Api> {
    /// Returns the same source at a later instant: one client and its limits for many runs.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> Self {
        if let Some(quota) = &self.vendor.quota {
            quota.set_now(now);
        }
        self.vendor.is_unreached.store(false, Ordering::Relaxed);
        Self { now, ..self.clone() }
    }

    /// Has `tell` hear of each call that is tried again; the first who asks for it stays.
    pub fn tell_retries(&self, tell: Tell) {
        drop(self.vendor.tell.set(tell));
    }
}

/// A client with the limits that all its calls share.
pub(super) struct Vendor {
    pub(super) http: Http,
    pub(super) limiter: Limiter,
    pub(super) retry: Retry,
    /// The calls of the day, where the vendor counts them.
    pub(super) quota: Option<DayQuota>,
    /// Hears of each call that is tried again.
    pub(super) tell: OnceLock<Tell>,
    /// Whether the last call found no connection, tried again as it was: the next is then tried once.
    pub(super) is_unreached: AtomicBool,
}

/// Told, in a sentence, what a person who waits should know of.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// What a vendor is asked.
pub(super) enum Call<'a> {
    /// An address made of these parts and this query.
    Path { parts: &'a [&'a str], query: &'a [(&'a str, String)] },
    /// An address that the vendor gave.
    Next(Url),
}

impl Vendor {
    /// A vendor that is tried again as usual and counts no days.
    pub(super) fn new(http: Http, limiter: Limiter) -> Self {
        Self {
            http,
            limiter,
            retry: Retry::default(),
            quota: None,
            tell: OnceLock::new(),
            is_unreached: AtomicBool::new(false),
        }
    }

    /// Asks until there is an answer that `judge` accepts, or an error that stays. `about` names in
    /// every message what the call is for.
    ///
    /// # Errors
    /// [`SourceError`] by the kind of failure, without the vendor's key.
    pub(super) async fn ask<T>(
        &self,
        about: &str,
        call: Call<'_>,
        judge: impl Fn(&Answer) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let redacted = |error| self.http.redacted(error);
        let tell = |error: &SourceError, wait: Duration| {
            if let Some(tell) = self.tell.get() {
                // What is done comes first: a narrow terminal cuts the reason short.
                tell(&format!("trying again in {:.0} s: {error}", wait.as_secs_f64().ceil()));
            }
        };
        let mut retry = self.retry;
        if self.is_unreached.load(Ordering::Relaxed) {
            retry.most_reconnections = 0;
        }
        let call = || async { self.try_once(about, &call, &judge).await.map_err(redacted) };
        let answer = retry.run(call, tell).await;
        let is_unreached = matches!(answer, Err(SourceError::Unreachable { .. }));
        self.is_unreached.store(is_unreached, Ordering::Relaxed);
        answer
    }

    async fn try_once<T>(
        &self,
        about: &str,
        call: &Call<'_>,
        judge: impl Fn(&Answer) -> Result<T, SourceError>,
    ) -> Result<T, SourceError> {
        let place = self.http.place(about);
        self.limiter.ready(&place).await?;
        let counted = self.quota.as_ref().map(|quota| quota.take(&place).map(|day| (quota, day)));
        let counted = counted.transpose()?;
        let answer = match call {
            Call::Path { parts, query } => self.http.get(about, parts, query).await,
            Call::Next(url) => self.http.get_url(about, url.clone()).await,
        };
        if let (Err(SourceError::Unreachable { .. }), Some((quota, day))) = (&answer, counted) {
            // The vendor heard nothing of this call.
            quota.give_back(day);
        }
        let answer = answer?;
        let judged = judge(&answer);
        if let Err(SourceError::RateLimited { wait: Some(wait), .. }) = &judged {
            debug!(about, wait_secs = wait.as_secs(), "the vendor asks for a pause");
            // The other tasks need not find out one by one.
            self.limiter.pause(*wait);
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::domain::AssetClass;
    use crate::sources::Binance;
    use crate::sources::Source;
    use crate::sources::http::Key;
    use crate::sources::test_server;
    use crate::sources::test_server::{NOW, instant, request};

    #[tokio::test]
    async fn a_vendor_that_is_away_is_looked_for_once_a_run() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        drop(listener);
        let mut vendor = test_server::vendor("binance", &address, Key::None, Duration::from_secs(5));
        (vendor.retry.most, vendor.retry.most_reconnections) = (4, 2);
        let mut source = Binance::of_vendor(vendor, instant(NOW));
        let told = Arc::new(Mutex::new(Vec::new()));
        let ears = Arc::clone(&told);
        source.tell_retries(Arc::new(move |what| ears.lock().expect("no panic").push(what.to_owned())));
        let day = request(AssetClass::Crypto, "BTC", "2026-11-18", "2026-11-18");
        for expected in [2, 0, 2] {
            source.daily(&day).await.expect_err("nobody listens");
            let heard = std::mem::take(&mut *told.lock().expect("no panic"));
            assert_eq!(heard.len(), expected, "{heard:?}");
            assert!(
                heard.iter().all(|what| what.starts_with("trying again in 0 s: binance (BTC) could not"))
            );
            if expected == 0 {
                source = source.at(instant(NOW));
            }
        }
    }
}
