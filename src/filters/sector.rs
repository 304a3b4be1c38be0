//! Caps the positions in one sector (`[sectors]`, `risk.max_per_sector`).
//!
//! A symbol without a sector is never capped.

use super::{Candidate, Context};

pub(super) fn reject(candidate: &Candidate, kept: &[Candidate], context: &Context<'_>) -> Option<String> {
    let sectors = &context.settings.sectors;
    let sector = sectors.get(&candidate.signal.symbol)?;
    let held = context.book.positions.iter().map(|position| &position.symbol);
    let ordered = context.book.pending.iter().map(|order| &order.symbol);
    let picked = kept.iter().map(|other| &other.signal.symbol);
    let count =
        held.chain(ordered).chain(picked).filter(|symbol| sectors.get(symbol) == Some(sector)).count();
    let max = context.settings.risk.max_per_sector;
    (count >= max)
        .then(|| format!("{count} positions in sector {sector} already (risk.max_per_sector {max})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::symbol;

    fn check(sectors: &[(&str, &str)], max: usize, expected: Option<&str>) {
        let mut desk = Desk::new();
        desk.settings.risk.max_per_sector = max;
        desk.settings.sectors =
            sectors.iter().map(|(name, sector)| (symbol(name), (*sector).to_owned())).collect();
        desk.hold("HELD", 1.0);
        desk.order("SENT", 1.0);
        let kept = [desk.candidate("KEPT", 9.0)];
        let told = reject(&desk.candidate("X", 7.0), &kept, &desk.context());
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn held_ordered_and_kept_fill_a_sector() {
        let all = [("X", "Oil"), ("HELD", "Oil"), ("SENT", "Oil"), ("KEPT", "Oil")];
        check(&all, 3, Some("3 positions in sector Oil already (risk.max_per_sector 3)"));
        check(&all, 4, None);
        check(&all[..3], 3, None);
    }

    #[test]
    fn a_symbol_without_a_sector_is_never_capped() {
        check(&[("HELD", "Oil"), ("SENT", "Oil"), ("KEPT", "Oil")], 1, None);
    }
}
