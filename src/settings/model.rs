//! The settings as the rest of the program reads them: checked, typed, with absolute paths.
//!
//! Plain data. Only [`super::load`] makes these from layers; nothing here knows one.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use chrono_tz::Tz;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::de::Error as _;

use crate::domain::AssetClass;
use crate::domain::Conviction;
use crate::domain::Symbol;

/// Every setting. Paths are absolute; fractions are fractions of one.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub universe: Universe,
    pub benchmark: Benchmark,
    pub sources: SourceSettings,
    pub cache: Cache,
    pub signals: SignalSettings,
    pub risk: Risk,
    /// By strategy name (the script's stem). A strategy that is not here is enabled.
    #[serde(default)]
    pub strategies: BTreeMap<String, Strategy>,
    /// Symbol to sector; a symbol without one is never capped.
    #[serde(default)]
    pub sectors: BTreeMap<Symbol, String>,
    pub portfolio: Portfolio,
    pub backtest: Backtest,
    pub email: Email,
    pub journal: Journal,
    pub log: Log,
    pub health: Health,
    #[serde(default)]
    pub schedule: Vec<Job>,
    /// From the environment only.
    #[serde(skip)]
    pub secrets: Secrets,
}

/// The symbols that are looked at, unique, in the order written. Empty: the class is not traded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Universe {
    pub equity: Vec<Symbol>,
    pub crypto: Vec<Symbol>,
}

impl Universe {
    /// Returns the symbols of one class.
    pub fn of(&self, class: AssetClass) -> &[Symbol] {
        match class {
            AssetClass::Equity => &self.equity,
            AssetClass::Crypto => &self.crypto,
        }
    }
}

/// The symbol that each class is measured against.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Benchmark {
    pub equity: Symbol,
    pub crypto: Symbol,
}

impl Benchmark {
    /// Returns the benchmark of one class.
    pub fn of(&self, class: AssetClass) -> &Symbol {
        match class {
            AssetClass::Equity => &self.equity,
            AssetClass::Crypto => &self.crypto,
        }
    }
}

/// A place where bars come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    Polygon,
    AlphaVantage,
    Binance,
    Files,
    Simulated,
}

impl SourceName {
    /// Every source, in the order in which they are listed to people.
    pub const ALL: [Self; 5] =
        [Self::Polygon, Self::AlphaVantage, Self::Binance, Self::Files, Self::Simulated];

    /// Returns the word that settings, flags and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            SourceName::Polygon => "polygon",
            SourceName::AlphaVantage => "alpha_vantage",
            SourceName::Binance => "binance",
            SourceName::Files => "files",
            SourceName::Simulated => "simulated",
        }
    }
}

/// A word that names no source.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown source `{0}`; there are {all}", all = SourceName::ALL.map(SourceName::as_str).join(", "))]
pub struct UnknownSource(pub String);

impl std::str::FromStr for SourceName {
    type Err = UnknownSource;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|source| source.as_str() == word)
            .ok_or_else(|| UnknownSource(word.to_owned()))
    }
}

impl std::fmt::Display for SourceName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The sources of each class, in the order in which they are tried, and how each is asked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    pub equity: Vec<SourceName>,
    pub crypto: Vec<SourceName>,
    pub polygon: Polygon,
    pub binance: Binance,
    pub alpha_vantage: AlphaVantage,
    pub files: Files,
    pub simulated: Simulated,
}

impl SourceSettings {
    /// Returns the sources of one class.
    pub fn of(&self, class: AssetClass) -> &[SourceName] {
        match class {
            AssetClass::Equity => &self.equity,
            AssetClass::Crypto => &self.crypto,
        }
    }
}

/// Polygon, now Massive.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polygon {
    pub base_url: String,
    pub requests_per_minute: u32,
    pub timeout_secs: u64,
}

/// Binance's public market data.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binance {
    pub base_url: String,
    pub requests_per_minute: u32,
    pub timeout_secs: u64,
}

/// Alpha Vantage.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlphaVantage {
    pub base_url: String,
    pub requests_per_day: u32,
    pub timeout_secs: u64,
}

/// A folder of the user's own bars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    pub dir: PathBuf,
}

/// The simulated market.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulated {
    pub seed: u64,
}

/// The cache of fetched bars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    pub dir: PathBuf,
    pub ttl_hours: u32,
}

/// From raw signals to recommendations.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignalSettings {
    pub max_recommendations: usize,
    pub min_conviction: Conviction,
    pub technical_weight: f64,
    pub news_weight: f64,
    /// The stem of the scorer that scores a strategy which names none.
    pub scorer: String,
}

/// Sizes and limits, shared by both classes.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Risk {
    /// In the quote currency.
    pub account_equity: f64,
    /// Fraction of equity lost when a stop is hit.
    pub risk_per_trade: f64,
    /// Fraction of equity in one position.
    pub max_position: f64,
    pub max_positions: usize,
    /// Fraction of equity in all positions together.
    pub max_exposure: f64,
    pub max_per_sector: usize,
    pub correlation_guard: bool,
}

/// What the settings say about one strategy.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Strategy {
    #[serde(default = "enabled_unless_said")]
    pub enabled: bool,
    /// Overrides of the script's constants, by name.
    #[serde(flatten)]
    pub constants: BTreeMap<String, Number>,
}

fn enabled_unless_said() -> bool {
    true
}

/// A number as it was written: scripts tell `20` from `20.0`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Number {
    Integer(i64),
    Float(f64),
}

impl Number {
    /// Returns the number as a float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Integer(number) => number as f64,
            Number::Float(number) => number,
        }
    }
}

/// The positions that the user holds, where the journal has none.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Portfolio {
    #[serde(deserialize_with = "path_unless_empty")]
    pub file: Option<PathBuf>,
}

/// When an order of the backtest fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FillTime {
    /// At the open of the next bar; that of crypto is the instant of the decision.
    NextOpen,
    /// At the close of the next bar.
    NextClose,
}

impl FillTime {
    /// Returns the word that settings, flags and JSON use.
    pub fn as_str(self) -> &'static str {
        match self {
            FillTime::NextOpen => "next-open",
            FillTime::NextClose => "next-close",
        }
    }
}

/// How the backtest fills and charges. Nothing of it reaches a decision of a run.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    pub fill: FillTime,
    /// Whether each class buys only the `max_recommendations` best of a session, as the mail names.
    pub limit_recommendations: bool,
    pub volatility_scaling: bool,
    pub equity: TradingCosts,
    pub crypto: TradingCosts,
    pub slippage: SlippageFactors,
}

impl Backtest {
    /// Returns what trading one class costs.
    pub fn of(&self, class: AssetClass) -> &TradingCosts {
        match class {
            AssetClass::Equity => &self.equity,
            AssetClass::Crypto => &self.crypto,
        }
    }
}

/// What trading one class costs, a side, as fractions of the money traded.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct TradingCosts {
    pub fee: f64,
    /// Before the factors.
    pub slippage: f64,
    /// The benchmark's return over a week under which the factor for stress counts.
    pub stress_below: f64,
}

/// The factors that slippage is multiplied by.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SlippageFactors {
    /// Bounds of atr14 over its mean of 60 sessions.
    pub atr_least: f64,
    pub atr_most: f64,
    /// Bounds of the order's money over `size_of_adv` of the 20-session dollar volume.
    pub size_least: f64,
    pub size_most: f64,
    pub size_of_adv: f64,
    /// For crypto on a Saturday or Sunday in UTC.
    pub weekend: f64,
    pub stress: f64,
}

/// How the connection to the mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// Upgraded after connecting; refused if the server does not offer it.
    Starttls,
    /// From the first byte.
    Implicit,
    /// Not at all; only a loopback host may be so configured.
    None,
}

/// The mail; its password is in [`Secrets`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Email {
    pub smtp_host: String,
    pub smtp_port: u16,
    /// Empty: no login.
    pub smtp_user: String,
    pub tls: Tls,
    #[serde(deserialize_with = "path_unless_empty")]
    pub ca_file: Option<PathBuf>,
    pub from_email: String,
    pub from_name: String,
    pub recipients: Vec<String>,
}

/// Where what was sent is kept.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub path: PathBuf,
}

/// How much is logged.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A level, or directives like `warn,ts=debug`.
    pub level: String,
}

/// How the daemon is watched from outside.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// A check at healthchecks.io, or of its kind, that is pinged around each run. Whoever knows the
    /// address can ping it, so that no message repeats it.
    #[serde(deserialize_with = "text_unless_empty")]
    pub ping_url: Option<String>,
    /// Where `/health` and `/metrics` are answered.
    #[serde(deserialize_with = "listen")]
    pub listen: Option<SocketAddr>,
}

/// One job of the daemon; names are unique.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub job: String,
    pub asset_class: AssetClass,
    /// Five fields: minute, hour, day, month, weekday.
    pub cron: String,
    #[serde(deserialize_with = "timezone")]
    pub timezone: Tz,
}

/// What only the environment may hold. Printing one prints no secret.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    pub polygon_api_key: Option<SecretString>,
    pub alpha_vantage_api_key: Option<SecretString>,
    /// Reserved: there is no news score yet.
    pub newsapi_api_key: Option<SecretString>,
    pub smtp_password: Option<SecretString>,
}

impl PartialEq for Secrets {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |secrets: &Self| {
            let Self { polygon_api_key, alpha_vantage_api_key, newsapi_api_key, smtp_password } = secrets;
            [polygon_api_key, alpha_vantage_api_key, newsapi_api_key, smtp_password]
                .map(|secret| secret.as_ref().map(|secret| secret.expose_secret().to_owned()))
        };
        exposed(self) == exposed(other)
    }
}

impl Settings {
    /// Returns the variable that holds the key of `source`, if it needs one that is not set.
    pub fn missing_key(&self, source: SourceName) -> Option<&'static str> {
        match source {
            SourceName::Polygon if self.secrets.polygon_api_key.is_none() => Some("POLYGON_API_KEY"),
            SourceName::AlphaVantage if self.secrets.alpha_vantage_api_key.is_none() => {
                Some("ALPHA_VANTAGE_API_KEY")
            }
            _ => None,
        }
    }
}

fn path_unless_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(if text.is_empty() { None } else { Some(PathBuf::from(text)) })
}

fn text_unless_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address = super::value::listen_address(&text);
    address.map(Some).ok_or_else(|| D::Error::custom(format!("no address to listen on: `{text}`")))
}

fn timezone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Tz, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|_| D::Error::custom(format!("unknown timezone `{name}`")))
}
