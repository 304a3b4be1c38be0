//! Arguments that several commands share: classes, sources, spans and forms of output.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};

use crate::app::{Asked, Refusal};
use crate::domain::AssetClass;
use crate::reload::WatchMethod;
use crate::settings::{SourceName, UnknownSource};

/// Which asset classes a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ClassChoice {
    Equity,
    Crypto,
    All,
}

impl ClassChoice {
    /// Returns what the app calls the choice.
    pub fn asked(self) -> Asked {
        match self {
            ClassChoice::Equity => Asked::ByName(AssetClass::Equity),
            ClassChoice::Crypto => Asked::ByName(AssetClass::Crypto),
            ClassChoice::All => Asked::All,
        }
    }
}

/// Where bars come from, overriding the settings.
#[derive(Debug, Args)]
pub(super) struct SourceArgs {
    /// Uses the embedded simulated market: offline, no key, not real prices
    #[arg(long, conflicts_with = "source")]
    pub demo: bool,
    /// Uses this source alone, whatever the settings list
    #[arg(long, value_name = "NAME")]
    pub source: Option<String>,
}

impl SourceArgs {
    /// Returns the source that is named, or `None` for the settings' own.
    ///
    /// # Errors
    /// A usage [`Refusal`] for a name that is no source.
    pub fn chosen(&self) -> Result<Option<SourceName>, Refusal> {
        if self.demo {
            return Ok(Some(SourceName::Simulated));
        }
        let Some(name) = &self.source else { return Ok(None) };
        name.parse().map(Some).map_err(|error: UnknownSource| Refusal::Usage(format!("--source: {error}")))
    }
}

/// How edits come to notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum WatchChoice {
    Events,
    Poll,
}

impl From<WatchChoice> for WatchMethod {
    fn from(choice: WatchChoice) -> Self {
        match choice {
            WatchChoice::Events => WatchMethod::Events,
            WatchChoice::Poll => WatchMethod::Poll,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    Text,
    Json,
    Html,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TableFormat {
    Text,
    Csv,
    Json,
}

/// A span of sessions; both ends are clamped to the bars that are held.
#[derive(Debug, Args)]
pub(super) struct SpanArgs {
    /// The first session of the span
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<NaiveDate>,
    /// The last session of the span
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<NaiveDate>,
}

/// For people, or for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum TextFormat {
    Text,
    Json,
}

/// One asset class by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OneClass {
    Equity,
    Crypto,
}

impl From<OneClass> for AssetClass {
    fn from(class: OneClass) -> Self {
        match class {
            OneClass::Equity => AssetClass::Equity,
            OneClass::Crypto => AssetClass::Crypto,
        }
    }
}
