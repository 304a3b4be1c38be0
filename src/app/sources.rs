//! The sources that the settings name. A vendor is made once a process, so that all its runs share
//! one client and one rate limit.

use std::fmt;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;

use crate::calendar;
use crate::domain::AssetClass;
use crate::settings::Settings;
use crate::settings::SourceName;
use crate::sources::{AlphaVantage, Binance, Files, Polygon, Simulated};
use crate::sources::{Source, SourceError, Tell};

/// Where Alpha Vantage's calls of the day are counted, in the cache's folder.
const QUOTA_FILE: &str = "alpha_vantage_calls.json";

/// The vendors that were asked so far. A clone shares them.
#[derive(Clone, Default)]
pub struct Vendors {
    made: Arc<Mutex<Made>>,
    /// Hears of each call that is tried again.
    tell: Option<Tell>,
}

#[derive(Default)]
struct Made {
    polygon: Option<Polygon>,
    binance: Option<Binance>,
    alpha_vantage: Option<AlphaVantage>,
}

impl fmt::Debug for Vendors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vendors")
    }
}

impl Vendors {
    /// Vendors that say each call that is tried again.
    pub fn telling(tell: Tell) -> Self {
        Self { tell: Some(tell), ..Self::default() }
    }

    /// Returns the source of that name for a run at `now`.
    ///
    /// # Errors
    /// [`SourceError`] where a key lacks, or no client can be made for the address in the settings.
    pub(super) fn source(
        &self,
        name: SourceName,
        settings: &Settings,
        now: DateTime<Utc>,
    ) -> Result<Arc<dyn Source>, SourceError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let (own, secrets) = (&settings.sources, &settings.secrets);
        Ok(match name {
            SourceName::Files => Arc::new(Files::new(own.files.dir.clone())),
            SourceName::Simulated => Arc::new(Simulated::new(own.simulated.seed, calendar::is_session)),
            SourceName::Binance => {
                let source = match made.binance.take() {
                    Some(source) => source.at(now),
                    None => Binance::new(&own.binance, now)?,
                };
                self.tell.iter().for_each(|tell| source.tell_retries(Arc::clone(tell)));
                Arc::new(made.binance.insert(source).clone())
            }
            SourceName::Polygon => {
                let source = match (made.polygon.take(), &secrets.polygon_api_key) {
                    (Some(source), _) => source.at(now),
                    (None, Some(key)) => Polygon::new(&own.polygon, key.clone(), now)?,
                    (None, None) => return Err(keyless(name, settings)),
                };
                self.tell.iter().for_each(|tell| source.tell_retries(Arc::clone(tell)));
                Arc::new(made.polygon.insert(source).clone())
            }
            SourceName::AlphaVantage => {
                let source = match (made.alpha_vantage.take(), &secrets.alpha_vantage_api_key) {
                    (Some(source), _) => source.at(now),
                    (None, Some(key)) => {
                        let quota = settings.cache.dir.join(QUOTA_FILE);
                        AlphaVantage::new(&own.alpha_vantage, key.clone(), quota, now)?
                    }
                    (None, None) => return Err(keyless(name, settings)),
                };
                self.tell.iter().for_each(|tell| source.tell_retries(Arc::clone(tell)));
                Arc::new(made.alpha_vantage.insert(source).clone())
            }
        })
    }
}

/// Tells whether a source's bars are kept in the cache; the others are read afresh every time.
pub(super) fn is_cached(name: SourceName) -> bool {
    match name {
        SourceName::Polygon | SourceName::AlphaVantage | SourceName::Binance => true,
        SourceName::Files | SourceName::Simulated => false,
    }
}

/// Returns the asset classes that are traded with bars from a vendor, which lie in the cache.
pub fn cached_classes(settings: &Settings) -> Vec<AssetClass> {
    let is_cached = |class: &AssetClass| settings.sources.of(*class).iter().any(|name| is_cached(*name));
    let is_traded = |class: &AssetClass| !settings.universe.of(*class).is_empty();
    AssetClass::ALL.into_iter().filter(is_traded).filter(is_cached).collect()
}

/// Tells whether a source has bars of an asset class at all.
pub(super) fn serves(name: SourceName, class: AssetClass) -> bool {
    match name {
        SourceName::Polygon | SourceName::AlphaVantage => class == AssetClass::Equity,
        SourceName::Binance => class == AssetClass::Crypto,
        SourceName::Files | SourceName::Simulated => true,
    }
}

/// Returns what to set for a source without its key, and where a key is to be had; `None` where
/// nothing lacks.
pub(super) fn key_hint(name: SourceName, settings: &Settings) -> Option<String> {
    let variable = settings.missing_key(name)?;
    Some(match name {
        SourceName::Polygon => format!("{variable} (a key: https://massive.com)"),
        SourceName::AlphaVantage => {
            format!("{variable} (a key: https://www.alphavantage.co/support/#api-key)")
        }
        SourceName::Binance | SourceName::Files | SourceName::Simulated => variable.to_owned(),
    })
}

fn keyless(name: SourceName, settings: &Settings) -> SourceError {
    let what = format!("set {}", key_hint(name, settings).unwrap_or_default());
    SourceError::Unauthorised { place: name.to_string(), what }
}
