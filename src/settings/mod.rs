//! The settings: what the user may choose, and where each choice came from.
//!
//! Three layers, later ones winning: the `ts.toml` built into the program, the user's own, the
//! environment; a flag that stands above them is its command's business. Each is flattened to
//! dotted keys, checked against one table of keys (`keys`), and merged; so an error names the file
//! and line (or the variable) that it is in, and all errors are told at once. What comes out is a
//! plain tree of checked types.
//!
//! Nothing here falls back to a default on a bad value, and nothing reads the process's
//! environment but [`Environment::from_process`].

mod check;
mod deciding;
mod environment;
mod error;
mod file;
mod hash;
mod keys;
mod load;
mod model;
mod redact;
mod show;
mod universe;
mod value;

pub use check::check;
pub use check::check_mail;
pub use deciding::DecidingSettings;
pub use environment::Environment;
pub use error::BadSetting;
pub use error::Origin;
pub use error::SettingsError;
pub use hash::settings_hash;
pub use load::DEFAULTS;
pub use load::ENV_EXAMPLE;
pub use load::FILE_NAME;
pub use load::Loaded;
pub use load::Origins;
pub use load::Sources;
pub use model::AlphaVantage;
pub use model::Backtest;
pub use model::Benchmark;
pub use model::Binance;
pub use model::Cache;
pub use model::Email;
pub use model::Files;
pub use model::FillTime;
pub use model::Health;
pub use model::Job;
pub use model::Journal;
pub use model::Log;
pub use model::Number;
pub use model::Polygon;
pub use model::Portfolio;
pub use model::Risk;
pub use model::Secrets;
pub use model::Settings;
pub use model::SignalSettings;
pub use model::Simulated;
pub use model::SlippageFactors;
pub use model::SourceName;
pub use model::SourceSettings;
pub use model::Strategy;
pub use model::Tls;
pub use model::TradingCosts;
pub use model::Universe;
pub use model::UnknownSource;
pub use redact::Redactor;
pub use show::ShownValue;
pub use show::show;
pub use value::is_loopback;
