//! The fingerprints of the bars and of the positions that a decision was made from.

use sha2::{Digest, Sha256};

use crate::bars::Panel;
use crate::domain::{Order, Position, hex};

/// Returns the SHA-256, in hex, of every symbol, date and price of a panel: two runs with the
/// same hash saw the same bars to the bit.
pub(super) fn data_hash(panel: &Panel) -> String {
    let mut hash = Sha256::new();
    hash.update(panel.asset_class().as_str());
    for (position, symbol) in panel.symbols().iter().enumerate() {
        let rows = panel.rows(position);
        hash.update(symbol.as_str());
        hash.update((rows.len() as u64).to_le_bytes());
        for date in &panel.dates()[rows.clone()] {
            hash.update(date.to_string());
        }
        for column in [panel.open(), panel.high(), panel.low(), panel.close(), panel.volume()] {
            for value in &column[rows.clone()] {
                hash.update(value.to_le_bytes());
            }
        }
    }
    hex(hash.finalize())
}

/// Returns the SHA-256, in hex, of the positions that a run began with and the orders that waited, in any order.
pub(super) fn positions_hash(positions: &[Position], pending: &[Order]) -> String {
    let line = |own: &Position| {
        format!(
            "{}:{}/{}/{}/{}/{}/{}/{}\n",
            own.asset_class,
            own.symbol,
            own.strategy,
            own.entry_date,
            own.entry_price,
            own.quantity,
            own.stop_price,
            own.stop_session
        )
    };
    let ordered = |own: &Order| {
        format!(
            "ordered {}:{}/{}/{}/{}/{}/{}\n",
            own.asset_class,
            own.symbol,
            own.strategy,
            own.session,
            own.decided_price,
            own.quantity,
            own.stop_price
        )
    };
    let mut lines: Vec<String> = positions.iter().map(line).chain(pending.iter().map(ordered)).collect();
    lines.sort_unstable();
    hex(Sha256::digest(lines.concat()))
}
