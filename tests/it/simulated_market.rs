//! The promise of `--demo`: on every session of a decade the simulated market gives the shipped
//! scripts something worth a mail, by the core itself and the real calendar.

use chrono::NaiveDate;
use rayon::prelude::*;
use ts::bars::check;
use ts::calendar;
use ts::decide::decide;
use ts::domain::{AssetClass, Book, Conviction};
use ts::scripts;
use ts::settings::Settings;
use ts::sources::{Request, Simulated};

use crate::market::{prepared, shipped};

/// Sessions that hang by a single recommendation may be at most this part of all: a small change
/// of the market would lose them.
const MOST_SINGLES: f64 = 0.02;

fn check_that_every_session_recommends(class: AssetClass) {
    let (from, to) = (day(2024, 1, 1), day(2035, 12, 31));
    let settings = Settings::defaults();
    let benchmark = settings.benchmark.of(class).clone();
    let mut wanted: Vec<_> = settings.universe.of(class).to_vec();
    if !wanted.contains(&benchmark) {
        wanted.push(benchmark.clone());
    }
    let source = Simulated::new(settings.sources.simulated.seed, calendar::is_session);
    let requests: Vec<Request> = wanted
        .into_iter()
        .map(|symbol| Request { asset_class: class, symbol, from: NaiveDate::MIN, to })
        .collect();
    let bars = requests.iter().map(|request| {
        let (bars, problems) = check(request.symbol.clone(), source.bars(request), to);
        assert_eq!(problems, []);
        bars
    });
    let scripts = shipped();
    let universe = settings.universe.of(class).iter().cloned().collect();
    let prepared = prepared(class, bars.collect(), universe, benchmark, &scripts);
    let book = Book::of_cash(settings.risk.account_equity);

    let sessions = calendar::sessions(class, from, to);
    assert!(sessions.len() > 3_000, "{}", sessions.len());
    let counts: Vec<(NaiveDate, usize)> = scripts::pool().install(|| {
        let count = |session: &NaiveDate| {
            let (decision, problems) = decide(&prepared, &scripts, &settings, &book, *session);
            assert_eq!(problems, [], "{session}");
            let is_worth_a_mail =
                |own: &&ts::decide::Recommendation| own.conviction >= Some(Conviction::Medium);
            (*session, decision.recommendations.iter().filter(is_worth_a_mail).count())
        };
        sessions.par_iter().map(count).collect()
    });
    let without: Vec<NaiveDate> =
        counts.iter().filter(|(_, count)| *count == 0).map(|(day, _)| *day).collect();
    assert!(without.is_empty(), "{} of {} sessions: {without:?}", without.len(), counts.len());
    let singles = counts.iter().filter(|(_, count)| *count == 1).count();
    let share = singles as f64 / counts.len() as f64;
    assert!(share <= MOST_SINGLES, "{singles} of {} sessions have one recommendation alone", counts.len());
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a date")
}

#[test]
fn every_session_recommends_a_stock() {
    check_that_every_session_recommends(AssetClass::Equity);
}

#[test]
fn every_session_recommends_a_coin() {
    check_that_every_session_recommends(AssetClass::Crypto);
}
