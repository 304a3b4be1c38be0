//! Ten years of ticks in six timezones, as Python's croniter and zoneinfo place them.

use chrono::DateTime;
use chrono::Datelike;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;

use super::job::tests::instant;
use super::job::tests::job;
use crate::domain::AssetClass;
use crate::domain::hex;

const TICKS: &str = include_str!("../../tests/fixtures/ticks.csv");

/// Counts the ticks of a year and folds them as `tests/golden/ticks.py` does.
fn folded(ticks: &[DateTime<Utc>]) -> (usize, String) {
    let line = |tick: &DateTime<Utc>| tick.to_rfc3339_opts(SecondsFormat::Secs, true) + "\n";
    (ticks.len(), hex(Sha256::digest(ticks.iter().map(line).collect::<String>())))
}

#[test]
fn ticks_are_those_of_croniter_and_zoneinfo() {
    let mut compared = 0;
    for row in TICKS.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = row.rsplitn(4, ',').collect();
        let [sha256, count, year, zone_and_cron] = fields[..] else { panic!("{row}") };
        let (zone, cron) = zone_and_cron.split_once(',').expect("a timezone and a cron line");
        let job = job(AssetClass::Crypto, cron, zone);
        let is_of_year = |tick: &DateTime<Utc>| tick.year().to_string() == year;
        let (first, end) =
            (instant(&format!("{year}-01-01T00:00:00Z")), instant(&format!("{year}-12-31T23:59:59Z")));
        let forwards = job.ticks_after(first - TimeDelta::nanoseconds(1)).map(|tick| tick.to_utc());
        let forwards: Vec<_> = forwards.take_while(is_of_year).collect();
        let expected = (count.parse().expect("a count"), sha256.to_owned());
        assert_eq!(
            folded(&forwards),
            expected,
            "{row}; compare with `python tests/golden/ticks.py {zone} '{cron}' {year}`"
        );
        let backwards = job.ticks_until(end).map(|tick| tick.to_utc());
        let mut backwards: Vec<_> = backwards.take_while(is_of_year).collect();
        backwards.reverse();
        assert_eq!(backwards, forwards, "{row} backwards");
        compared += forwards.len();
    }
    assert!(compared > 100_000, "only {compared} ticks were compared");
}
