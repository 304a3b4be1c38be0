//! Caps the positions in one sector (`[sectors]`, `risk.max_per_sector`).
//!
//! A symbol without a sector is never capped. The sectors are of symbols of one asset class: a
//! symbol of the other one with the same ticker is something else, and does not count.

use super::taken::Taken;
use super::{Candidate, Context, Kept};
use crate::domain::Symbol;

pub(super) fn reject(candidate: &Candidate, kept: &Kept, context: &Context<'_>) -> Option<String> {
    let sectors = &context.settings.sectors;
    let sector = sectors.get(&candidate.signal.symbol)?;
    let class = candidate.signal.asset_class;
    let (held, ordered) = (context.book.held(class), context.book.ordered(class));
    let picked = kept.iter().map(|other| &other.signal).filter(|own| own.asset_class == class);
    let picked = picked.map(|own| &own.symbol);
    let is_of_sector = |symbol: &&Symbol| sectors.get(*symbol) == Some(sector);
    let taken = Taken {
        held: held.filter(is_of_sector).count(),
        ordered: ordered.filter(is_of_sector).count(),
        outranking: picked.filter(is_of_sector).count(),
    };
    let max = context.settings.risk.max_per_sector;
    let reason = || format!("no place is left in sector {sector} (risk.max_per_sector {max}): {taken}");
    (taken.count() >= max).then(|| context.words.say(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::AssetClass;
    use crate::filters::fixtures::Desk;
    use crate::signals::fixtures::symbol;

    fn check(sectors: &[(&str, &str)], max: usize, expected: Option<&str>) {
        let mut desk = Desk::new();
        desk.settings.risk.max_per_sector = max;
        desk.settings.sectors =
            sectors.iter().map(|(name, sector)| (symbol(name), (*sector).to_owned())).collect();
        desk.hold("HELD", 1.0);
        desk.order("SENT", 1.0);
        let kept = [desk.candidate("KEPT", 9.0)].into_iter().collect();
        let told = reject(&desk.candidate("X", 7.0), &kept, &desk.context());
        assert_eq!(told.as_deref(), expected);
    }

    #[test]
    fn held_ordered_and_kept_fill_a_sector() {
        let all = [("X", "Oil"), ("HELD", "Oil"), ("SENT", "Oil"), ("KEPT", "Oil")];
        check(
            &all,
            3,
            Some(
                "no place is left in sector Oil (risk.max_per_sector 3): 1 held, 1 ordered, 1 ranked better",
            ),
        );
        check(&all, 4, None);
        check(&all[..3], 3, None);
    }

    #[test]
    fn the_same_ticker_of_the_other_class_does_not_fill_a_sector() {
        let mut desk = Desk::new();
        desk.settings.risk.max_per_sector = 1;
        desk.settings.sectors =
            [(symbol("X"), "Oil".to_owned()), (symbol("Y"), "Oil".to_owned())].into_iter().collect();
        desk.hold("Y", 1.0);
        desk.order("Y", 1.0);
        let mut kept = desk.candidate("Y", 9.0);
        let beside = [kept.clone()].into_iter().collect();
        let told = reject(&desk.candidate("X", 7.0), &beside, &desk.context());
        assert_eq!(
            told.as_deref(),
            Some(
                "no place is left in sector Oil (risk.max_per_sector 1): 1 held, 1 ordered, 1 ranked better"
            )
        );
        desk.book.positions[0].asset_class = AssetClass::Crypto;
        desk.book.pending[0].asset_class = AssetClass::Crypto;
        kept.signal.asset_class = AssetClass::Crypto;
        let beside = [kept].into_iter().collect();
        assert_eq!(reject(&desk.candidate("X", 7.0), &beside, &desk.context()), None);
    }

    #[test]
    fn a_symbol_without_a_sector_is_never_capped() {
        check(&[("HELD", "Oil"), ("SENT", "Oil"), ("KEPT", "Oil")], 1, None);
    }
}
