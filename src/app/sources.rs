//! Builds the sources that the settings name.

use crate::calendar;
use crate::settings::Settings;
use crate::settings::SourceName;
use crate::sources::Source;
use crate::sources::{Files, Simulated};

/// Returns the source of that name, or `None` where this version has none.
pub(super) fn source(name: SourceName, settings: &Settings) -> Option<Box<dyn Source>> {
    match name {
        SourceName::Files => Some(Box::new(Files::new(settings.sources.files.dir.clone()))),
        SourceName::Simulated => {
            Some(Box::new(Simulated::new(settings.sources.simulated.seed, calendar::is_session)))
        }
        SourceName::Polygon | SourceName::AlphaVantage | SourceName::Binance => None,
    }
}
