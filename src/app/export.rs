//! Bars written out for other programs: one file a symbol, CSV or Parquet.
//!
//! The columns are those that the `files` source reads, so that an export is also a market of files.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::bars::Bars;
use crate::cache;

/// The form of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    Csv,
    Parquet,
}

/// Returns the name and the bytes of a symbol's file in `folder`: the columns `date, open, high, low,
/// close, volume`, numbers in full.
///
/// # Errors
/// What Parquet's writer says.
pub fn export(folder: &Path, bars: &Bars, format: ExportFormat) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    let symbol = bars.symbol();
    match format {
        ExportFormat::Csv => Ok((folder.join(format!("{symbol}.csv")), csv(bars)?)),
        ExportFormat::Parquet => {
            let bytes = cache::parquet(bars)
                .with_context(|| format!("failed to write the bars of {symbol} as Parquet"))?;
            Ok((folder.join(format!("{symbol}.parquet")), bytes))
        }
    }
}

fn csv(bars: &Bars) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["date", "open", "high", "low", "close", "volume"])?;
    for bar in bars.iter() {
        let numbers = [bar.open, bar.high, bar.low, bar.close, bar.volume].map(|number| number.to_string());
        writer.write_record(std::iter::once(bar.date.to_string()).chain(numbers))?;
    }
    Ok(writer.into_inner()?)
}
