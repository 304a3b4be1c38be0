//! The computed features of one asset class: what everything above this layer reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use chrono::NaiveDate;

use super::column::{Column, clean};
use super::compute::compute;
use super::history::History;
use super::name::Feature;
use super::sessions::Sessions;
use crate::bars::Panel;
use crate::domain::Symbol;

/// A panel and the features that were asked for, on its rows. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Columns(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    panel: Arc<Panel>,
    benchmark: Option<Symbol>,
    tradable: Vec<bool>,
    /// The rows of the symbols that are not: of few or none.
    outside: Vec<Range<usize>>,
    sessions: Sessions,
    since: Option<NaiveDate>,
    columns: BTreeMap<Feature, Column>,
}

impl Columns {
    /// Computes the features that are wanted, for every symbol of the panel.
    ///
    /// The panel may hold symbols outside the universe, the benchmark for one: they have
    /// features, but no rank and no place in another's. A benchmark that is `None`, or absent
    /// from the panel, leaves every `benchmark_` feature missing.
    pub fn compute(
        panel: Panel,
        universe: &BTreeSet<Symbol>,
        benchmark: Option<&Symbol>,
        wanted: &BTreeSet<Feature>,
    ) -> Self {
        Self::on_rows(panel, universe, benchmark, wanted, None)
    }

    /// Does the same and keeps only the values from a day on: those of earlier rows are missing.
    pub fn compute_since(
        panel: Panel,
        universe: &BTreeSet<Symbol>,
        benchmark: Option<&Symbol>,
        wanted: &BTreeSet<Feature>,
        since: NaiveDate,
    ) -> Self {
        Self::on_rows(panel, universe, benchmark, wanted, Some(since))
    }

    fn on_rows(
        panel: Panel,
        universe: &BTreeSet<Symbol>,
        benchmark: Option<&Symbol>,
        wanted: &BTreeSet<Feature>,
        since: Option<NaiveDate>,
    ) -> Self {
        let panel = Arc::new(panel);
        let tradable: Vec<bool> = panel.symbols().iter().map(|symbol| universe.contains(symbol)).collect();
        let benchmark_position = benchmark.and_then(|symbol| panel.position(symbol));
        let sessions =
            Sessions::of(&panel, |position| tradable[position] || benchmark_position == Some(position));
        let columns = compute(&panel, &sessions, &tradable, benchmark_position, wanted, since);
        let benchmark = benchmark.cloned();
        let outside = tradable.iter().enumerate().filter(|(_, is_tradable)| !**is_tradable);
        let outside = outside.map(|(position, _)| panel.rows(position)).filter(|rows| !rows.is_empty());
        let outside = outside.collect();
        Self(Arc::new(Inner { panel, benchmark, tradable, outside, sessions, since, columns }))
    }

    /// Returns the bars that the features were computed from.
    pub fn panel(&self) -> &Panel {
        &self.0.panel
    }

    /// Returns the benchmark's symbol, whether or not the panel has bars of it.
    pub fn benchmark(&self) -> Option<&Symbol> {
        self.0.benchmark.as_ref()
    }

    /// Tells whether the symbol at a position of the panel is in the universe; `false` past the end.
    pub fn is_tradable(&self, position: usize) -> bool {
        self.0.tradable.get(position).copied().unwrap_or_default()
    }

    /// Returns a feature's values, or `None` where it was not asked for.
    pub fn column(&self, feature: &Feature) -> Option<&Column> {
        self.0.columns.get(feature)
    }

    /// Returns a feature's value at a row; `None` where it is missing or was not asked for.
    pub fn value(&self, feature: &Feature, row: usize) -> Option<f64> {
        self.column(feature)?.get(row)
    }

    /// Tells whether the rows of a session have their values.
    pub fn is_kept(&self, session: NaiveDate) -> bool {
        self.0.since.is_none_or(|since| since <= session)
    }

    /// Computes a formula anew on a symbol's whole history, one value a bar, kept or not; a name
    /// with modifiers gives nothing.
    pub fn history(&self, feature: &Feature, position: usize) -> Vec<Option<f64>> {
        if !feature.modifiers().is_empty() {
            return Vec::new();
        }
        let history = History::of(self.panel(), position);
        let mut values = vec![f64::NAN; history.close.len()];
        feature.compute(&history, &mut values);
        clean(&mut values);
        values.into_iter().map(|value| value.is_finite().then_some(value)).collect()
    }

    /// Returns the days on which a symbol of the universe or the benchmark has a bar, oldest first.
    pub fn sessions(&self) -> &[NaiveDate] {
        self.0.sessions.sessions()
    }

    /// Returns the rows of every symbol of the panel that has a bar on the session, in symbol
    /// order; none on a day without bars.
    pub fn rows_on(&self, session: NaiveDate) -> &[u32] {
        self.0.sessions.rows_on(session)
    }

    /// Returns those of [`Columns::rows_on`] whose symbols are in the universe.
    pub fn tradable_on(&self, session: NaiveDate) -> impl Iterator<Item = u32> {
        let is_outside = |row: u32| self.0.outside.iter().any(|rows| rows.contains(&(row as usize)));
        self.rows_on(session).iter().copied().filter(move |row| !is_outside(*row))
    }

    /// Returns how many symbols are in the universe, with bars or without.
    pub fn tradable_count(&self) -> usize {
        self.0.tradable.iter().filter(|is_tradable| **is_tradable).count()
    }

    /// Returns the features that were asked for, in the order of their names.
    pub fn features(&self) -> impl Iterator<Item = &Feature> {
        self.0.columns.keys()
    }
}

#[cfg(test)]
mod tests {
    use chrono::Days;

    use super::super::family::LARGEST_WINDOW;
    use super::*;
    use crate::bars::Bars;
    use crate::domain::{AssetClass, Bar};
    use crate::features::catalogue;

    fn symbol(text: &str) -> Symbol {
        Symbol::new(text).unwrap_or_else(|error| panic!("{error}"))
    }

    fn day(offset: usize) -> NaiveDate {
        NaiveDate::default() + Days::new(offset as u64)
    }

    fn features(names: &[&str]) -> BTreeSet<Feature> {
        names.iter().map(|name| Feature::parse(name).unwrap_or_else(|error| panic!("{error}"))).collect()
    }

    fn universe(names: &[&str]) -> BTreeSet<Symbol> {
        names.iter().map(|name| symbol(name)).collect()
    }

    fn panel(series: &[(&str, Vec<Bar>)]) -> Panel {
        let bars = series.iter().map(|(name, rows)| Bars::for_tests(symbol(name), rows)).collect();
        Panel::stack(AssetClass::Crypto, bars).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Bars that wander, the same for the same seed.
    fn wandering(seed: u64, count: usize) -> Vec<Bar> {
        let mut state = seed;
        let mut roll = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / (1_u64 << 24) as f64
        };
        let mut close = 50.0 + 100.0 * roll();
        (0..count)
            .map(|index| {
                let open = close;
                close *= 0.97 + 0.0602 * roll();
                let (high, low) = (open.max(close) * (1.0 + 0.02 * roll()), open.min(close) * 0.99);
                Bar { date: day(index), open, high, low, close, volume: 1000.0 * (0.1 + roll()) }
            })
            .collect()
    }

    /// Bars at the given closes, from day `start`.
    fn at(start: usize, closes: &[f64]) -> Vec<Bar> {
        let bar = |(index, close): (usize, &f64)| Bar {
            date: day(start + index),
            open: *close,
            high: *close,
            low: *close,
            close: *close,
            volume: 1.0,
        };
        closes.iter().enumerate().map(bar).collect()
    }

    fn values(columns: &Columns, name: &str, of: &str) -> Vec<Option<f64>> {
        let feature = Feature::parse(name).unwrap_or_else(|error| panic!("{error}"));
        let position = columns.panel().position(&symbol(of)).unwrap_or_else(|| panic!("no {of}"));
        columns.panel().rows(position).map(|row| columns.value(&feature, row)).collect()
    }

    /// Every family with its example window and its smallest.
    fn whole_catalogue() -> Vec<String> {
        let smallest =
            |family: &crate::features::Family| family.name(family.window.map_or(0, |w| w.smallest));
        catalogue().iter().flat_map(|family| [family.example(), smallest(family)]).collect()
    }

    #[test]
    fn the_first_value_is_where_the_catalogue_says() {
        let names = whole_catalogue();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(["prev_ma20", "rank_roc60"]).collect();
        let wanted = features(&names);
        let panel = panel(&[("A", wandering(1, 120)), ("B", wandering(2, 120))]);
        let columns = Columns::compute(panel, &universe(&["A", "B"]), None, &wanted);
        for feature in &wanted {
            let values = values(&columns, feature.as_str(), "A");
            let first = values.iter().position(Option::is_some);
            assert_eq!(first, Some(feature.first_bar()), "{feature}");
            assert!(values[feature.first_bar()..].iter().all(Option::is_some), "{feature}");
        }
    }

    #[test]
    fn fewer_bars_than_a_window_give_no_value_and_no_error() {
        let names: Vec<String> = catalogue()
            .iter()
            .map(|family| family.name(family.window.map_or(0, |_| LARGEST_WINDOW)))
            .chain(whole_catalogue())
            .collect();
        let wanted = features(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for count in 0..4 {
            let columns =
                Columns::compute(panel(&[("A", wandering(1, count))]), &universe(&["A"]), None, &wanted);
            for feature in &wanted {
                let values = values(&columns, feature.as_str(), "A");
                let present = values.iter().flatten().count();
                assert_eq!(present, count.saturating_sub(feature.first_bar()), "{feature} of {count} bars");
            }
        }
    }

    #[test]
    fn the_bars_needed_are_enough_to_agree_with_a_long_history() {
        let names = whole_catalogue();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(["prev_prev_ema20", "ma200"]).collect();
        for seed in 1..6 {
            let long = wandering(seed, 3000);
            let all =
                Columns::compute(panel(&[("A", long.clone())]), &universe(&["A"]), None, &features(&names));
            for name in &names {
                let wanted = features(&[name]);
                let needed = wanted.iter().map(Feature::bars_needed).max().unwrap_or_default();
                let short = panel(&[("A", long[long.len() - needed..].to_vec())]);
                let short = Columns::compute(short, &universe(&["A"]), None, &wanted);
                let last = |columns: &Columns| values(columns, name, "A").last().copied().flatten();
                let (Some(long), Some(short)) = (last(&all), last(&short)) else {
                    panic!("{name} is missing")
                };
                assert!((long - short).abs() <= 1e-9 * long.abs(), "{name}: {long} {short}");
            }
        }
    }

    #[test]
    fn a_wild_past_leaves_no_trace_in_a_window() {
        let mut wild = at(0, &[1e9, 3.3e8, 1e9 / 7.0, 2.2e9]);
        wild.iter_mut().for_each(|bar| bar.volume = 1e13 / 3.0);
        let mut calm = wandering(3, 60);
        calm.iter_mut().enumerate().for_each(|(index, bar)| bar.date = day(4 + index));
        calm[39..59].iter_mut().for_each(|bar| bar.volume = 0.0);
        let names = ["ma20", "adv20", "stddev20", "zscore", "bb_upper20", "volatility_20d", "volume_ratio20"];
        let wanted = features(&names);
        let quiet = Columns::compute(panel(&[("A", calm.clone())]), &universe(&["A"]), None, &wanted);
        wild.extend(calm);
        let loud = Columns::compute(panel(&[("A", wild)]), &universe(&["A"]), None, &wanted);
        for name in names {
            let (quiet, loud) = (values(&quiet, name, "A"), values(&loud, name, "A"));
            for (quiet, loud) in quiet[25..].iter().zip(&loud[29..]) {
                let same = match (quiet, loud) {
                    (Some(quiet), Some(loud)) => (quiet - loud).abs() <= 1e-9 * quiet.abs(),
                    (quiet, loud) => quiet == loud,
                };
                assert!(same, "{name}: {quiet:?} {loud:?}");
            }
        }
        assert_eq!(values(&quiet, "volume_ratio20", "A")[59], None, "nothing was traded before it");
    }

    #[test]
    fn a_symbols_numbers_do_not_depend_on_who_else_is_loaded() {
        let names = whole_catalogue();
        let wanted = features(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let three = [("C", wandering(3, 300)), ("A", wandering(1, 250)), ("B", wandering(2, 300))];
        let together = Columns::compute(panel(&three), &universe(&["A", "B", "C"]), None, &wanted);
        for (name, rows) in three {
            let alone = Columns::compute(panel(&[(name, rows)]), &universe(&[name]), None, &wanted);
            for feature in &wanted {
                let feature = feature.as_str();
                assert_eq!(values(&together, feature, name), values(&alone, feature, name), "{feature}");
            }
        }
    }

    #[test]
    fn two_spellings_of_one_window_are_equal() {
        let wanted =
            features(&["zscore", "zscore20", "rsi", "rsi14", "adx", "adx14", "bb_lower", "bb_lower20"]);
        let columns = Columns::compute(panel(&[("A", wandering(1, 90))]), &universe(&["A"]), None, &wanted);
        for (short, long) in
            [("zscore", "zscore20"), ("rsi", "rsi14"), ("adx", "adx14"), ("bb_lower", "bb_lower20")]
        {
            assert_eq!(values(&columns, short, "A"), values(&columns, long, "A"));
        }
        assert_eq!(columns.features().count(), 8);
    }

    #[test]
    fn values_are_finite_and_zero_has_no_sign() {
        let mut dead = at(0, &[f64::MIN_POSITIVE, 1e308, 1e308, 1e308, 1e-308, 1e-308, 7.0, 7.0]);
        dead[1].volume = 1e300;
        dead[7].volume = 0.0;
        let names = ["roc1", "stddev2", "zscore2", "adv2", "volume_ratio1", "rsi2", "bb_lower2", "ma1_slope"];
        let wanted = features(&names);
        let columns = Columns::compute(panel(&[("A", dead)]), &universe(&["A"]), None, &wanted);
        for name in names {
            for value in values(&columns, name, "A").into_iter().flatten() {
                assert!(value.is_finite() && !(value == 0.0 && value.is_sign_negative()), "{name}: {value}");
            }
        }
        assert_eq!(values(&columns, "stddev2", "A")[7], Some(0.0));
        assert_eq!(values(&columns, "zscore2", "A")[7], None);
        assert_eq!(values(&columns, "roc1", "A")[1], None);
    }

    #[test]
    fn ranks_are_of_the_universe_and_share_ties() {
        let wanted = features(&["rank_close", "benchmark_rank_close"]);
        let series = [
            ("A", at(0, &[5.0, 1.0])),
            ("B", at(0, &[7.0])),
            ("C", at(0, &[5.0])),
            ("HELD", at(0, &[9.0])),
            ("SPY", at(0, &[1.0, 1.0])),
        ];
        let spy = symbol("SPY");
        let universe = universe(&["A", "B", "C", "SPY"]);
        let columns = Columns::compute(panel(&series), &universe, Some(&spy), &wanted);
        assert_eq!(values(&columns, "rank_close", "A"), [Some(0.25), None], "alone on the second day");
        assert_eq!(values(&columns, "rank_close", "C"), [Some(0.25)]);
        assert_eq!(values(&columns, "rank_close", "B"), [Some(1.0)]);
        assert_eq!(values(&columns, "rank_close", "HELD"), [None]);
        assert_eq!(values(&columns, "rank_close", "SPY"), [None, None]);
        assert_eq!(values(&columns, "benchmark_rank_close", "A"), [None, None]);
    }

    #[test]
    fn the_benchmark_is_read_on_the_same_date_only() {
        let names = ["benchmark_close", "prev_benchmark_close", "benchmark_prev_close", "prev_close"];
        let wanted = features(&names);
        let mut spy_bars = at(0, &[10.0, 11.0, 12.0, 13.0]);
        spy_bars.remove(2);
        let series = [("A", at(0, &[1.0, 2.0, 3.0, 4.0, 5.0])), ("SPY", spy_bars)];
        let spy = symbol("SPY");
        let columns = Columns::compute(panel(&series), &universe(&["A"]), Some(&spy), &wanted);
        let of_a = |name| values(&columns, name, "A");
        assert_eq!(of_a("benchmark_close"), [Some(10.0), Some(11.0), None, Some(13.0), None]);
        assert_eq!(of_a("prev_benchmark_close"), [None, Some(10.0), Some(11.0), None, Some(13.0)]);
        assert_eq!(of_a("benchmark_prev_close"), [None, Some(10.0), None, Some(11.0), None]);
        assert_eq!(of_a("prev_close"), [None, Some(1.0), Some(2.0), Some(3.0), Some(4.0)]);
        let without = Columns::compute(panel(&series), &universe(&["A"]), None, &wanted);
        assert_eq!(values(&without, "benchmark_close", "A"), [None; 5]);
    }

    /// `A` has no bar for a week before the last two days; everyone else trades every day.
    #[test]
    fn what_is_kept_is_what_the_whole_history_has() {
        let mut halted = wandering(1, 60);
        halted.drain(50..57);
        let series: Vec<(&str, Vec<Bar>)> =
            vec![("A", halted), ("B", wandering(2, 60)), ("C", wandering(3, 58)), ("SPY", wandering(4, 60))];
        let names = ["ma20", "close", "rank_roc5", "prev_rank_roc5", "prev_prev_ma20", "benchmark_prev_rsi"];
        let (wanted, universe, spy) = (features(&names), universe(&["A", "B", "C"]), symbol("SPY"));
        let whole = Columns::compute(panel(&series), &universe, Some(&spy), &wanted);
        for since in [0, 49, 57, 58, 59, 60] {
            let since = day(since);
            let cut = Columns::compute_since(panel(&series), &universe, Some(&spy), &wanted, since);
            assert_eq!(cut.sessions(), whole.sessions());
            for session in whole.sessions().iter().filter(|session| cut.is_kept(**session)) {
                for row in whole.rows_on(*session).iter().map(|row| *row as usize) {
                    for feature in &wanted {
                        let values = [&cut, &whole].map(|own| own.value(feature, row));
                        assert_eq!(values[0], values[1], "{feature} of row {row} since {since}");
                    }
                }
            }
        }
        let late = Columns::compute_since(panel(&series), &universe, Some(&spy), &wanted, day(58));
        let ma20 = Feature::parse("ma20").expect("a feature");
        assert_eq!(late.value(&ma20, 40), None, "a row before the kept ones");
        assert_eq!(late.history(&ma20, 0), whole.history(&ma20, 0));
        assert_eq!(late.history(&ma20, 0)[40], whole.value(&ma20, 40));
    }

    #[test]
    fn sessions_are_the_universes_and_rows_come_in_symbol_order() {
        let series =
            [("C", at(1, &[1.0, 1.0])), ("A", at(0, &[1.0, 1.0])), ("HELD", at(1, &[1.0, 1.0, 1.0]))];
        let columns = Columns::compute(panel(&series), &universe(&["A", "C"]), None, &BTreeSet::new());
        assert_eq!(columns.sessions(), [day(0), day(1), day(2)]);
        assert_eq!(columns.rows_on(day(0)), [0]);
        assert_eq!(columns.rows_on(day(1)), [1, 2, 4]);
        assert_eq!(columns.tradable_on(day(1)).collect::<Vec<u32>>(), [1, 2]);
        assert_eq!(
            columns.rows_on(day(3)),
            [6],
            "a symbol outside the universe has rows, but makes no session"
        );
        assert_eq!(columns.rows_on(day(9)), [0_u32; 0]);
        assert!(columns.rows_on(day(0) - Days::new(1)).is_empty());
        assert_eq!([0, 1, 2, 3].map(|position| columns.is_tradable(position)), [true, true, false, false]);
    }
}
