//! From which session on a strategy can be asked about anything at all.

use chrono::NaiveDate;

use super::Market;
use crate::scripts::{Function, Rule, Strategy};

impl Market<'_> {
    /// Returns the first session on which an enabled strategy has of some symbol every feature that it requires for an
    /// entry; `None` where none ever has. On no session before it can anything be bought.
    pub fn first_ready(&self) -> Option<NaiveDate> {
        let class = self.columns.panel().asset_class();
        let is_asked = |own: &&Strategy| own.is_enabled() && own.asset_class() == class;
        self.scripts
            .strategies()
            .iter()
            .filter(is_asked)
            .fold(None, |first, own| self.ready_before(own, first).or(first))
    }

    /// Returns the first session on which a strategy is ready, if it lies before another.
    fn ready_before(&self, strategy: &Strategy, end: Option<NaiveDate>) -> Option<NaiveDate> {
        let rules: Vec<&Function> =
            [Rule::Eligible, Rule::Entry].into_iter().filter_map(|rule| strategy.function(rule)).collect();
        let panel = self.columns.panel();
        let tradable = (0..panel.symbols().len()).filter(|place| self.columns.is_tradable(*place));
        tradable.fold(None, |first, place| {
            let (rows, end) = (panel.rows(place), first.or(end));
            let before =
                end.map_or(rows.len(), |end| panel.dates()[rows.clone()].partition_point(|own| *own < end));
            let is_ready = |row: &usize| rules.iter().all(|rule| rule.is_ready(self.rows, *row as u32));
            (rows.start..rows.start + before).find(is_ready).map(|row| panel.dates()[row]).or(first)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bars::Bars;
    use crate::domain::AssetClass;
    use crate::signals::fixtures::{ALWAYS, columns, day, options, scripts_with, series};

    /// Long enough for a mean of 20 from day 24 on, and for one of 10 from day 14 or 12 on.
    fn late_and_early() -> Vec<Bars> {
        vec![series("LATE", 5, &[80.0; 40]), series("EARLY", 3, &[80.0; 12])]
    }

    #[track_caller]
    fn check(strategies: &[(&str, &str)], expected: Option<usize>) {
        let mut options = options();
        options.disabled.extend(strategies.iter().map(|own| own.0.to_owned()).filter(|own| own == "off"));
        let scripts = scripts_with(strategies, &options);
        let columns = columns(AssetClass::Equity, late_and_early(), &scripts);
        let rows = scripts.bind(&columns);
        assert_eq!(Market::new(&columns, &scripts, &rows).first_ready(), expected.map(day));
    }

    #[test]
    fn the_first_symbol_that_one_strategy_can_buy_ends_the_warm_up() {
        let slow = ALWAYS.replace("row.close > 1.0", "row.close > row.ma20");
        let quick = ALWAYS.replace("row.close > 1.0", "row.close > row.ma10");
        let never = ALWAYS.replace("row.close > 1.0", "row.close > row.ma200");
        check(&[("slow", &slow)], Some(24));
        check(&[("quick", &quick)], Some(12));
        check(&[("slow", &slow), ("quick", &quick)], Some(12));
        check(&[("quick", &quick), ("slow", &slow)], Some(12));
        check(&[("slow", &slow), ("off", &quick)], Some(24));
        check(&[("never", &never)], None);
    }

    #[test]
    fn what_an_entry_requires_counts_as_what_makes_eligible_does() {
        let entry = ALWAYS.replace("return \"always\";", "if row.close >= row.ma20 { return \"always\"; }");
        check(&[("rule", &entry)], Some(24));
        let tested = ALWAYS.replace(
            "return \"always\";",
            "if row.ma20 == () || row.close >= row.ma20 { return \"always\"; }",
        );
        check(&[("rule", &tested)], Some(3));
        check(&[("coin", &entry.replace("\"equity\"", "\"crypto\""))], None);
    }
}
