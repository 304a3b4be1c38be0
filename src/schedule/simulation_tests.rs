//! Years of the schedule under a clock that misbehaves.
//!
//! What may be run, and which session each instant belongs to, is told by a table of the sessions and
//! their ticks, made without cron.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Bound;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::TimeZone;
use chrono::Utc;
use chrono_tz::America::New_York;
use proptest::prelude::*;

use super::Due;
use super::History;
use super::Job;
use super::State;
use super::Timing;
use super::Why;
use super::due;
use super::job::tests::instant;
use super::job::tests::named;
use super::wake;
use crate::calendar;
use crate::domain::AssetClass;

const START: &str = "2023-12-29T12:00:00Z";

/// Numbers that look random, by xorshift.
struct Dice(u64);

impl Dice {
    /// Returns a number from 0 up to, not including, `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Tells whether something that happens once in so many times happens now.
    fn is_one_in(&mut self, times: u64) -> bool {
        self.roll(times) == 0
    }

    fn minutes(&mut self, below: u64) -> TimeDelta {
        TimeDelta::seconds(i64::try_from(self.roll(below * 60)).expect("a small number"))
    }
}

fn jobs() -> Vec<Job> {
    vec![
        named("equity", AssetClass::Equity, "30 16 * * Mon-Fri", "America/New_York"),
        named("crypto", AssetClass::Crypto, "0 0 * * *", "UTC"),
    ]
}

/// A session with its tick and its fill.
#[derive(Clone, Copy)]
struct Row {
    tick: DateTime<Utc>,
    session: NaiveDate,
    fill: DateTime<Utc>,
}

/// Every session of a class, oldest first.
fn table(class: AssetClass) -> Vec<Row> {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let sessions = calendar::sessions(class, day("2023-12-20"), day("2027-12-31"));
    let new_york = |date: NaiveDate, hour, minute| {
        let time = NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of the day");
        New_York.from_local_datetime(&date.and_time(time)).single().expect("no change of clocks").to_utc()
    };
    let row = |pair: &[NaiveDate]| {
        let (tick, fill) = match class {
            AssetClass::Equity => (new_york(pair[0], 16, 30), new_york(pair[1], 9, 30)),
            AssetClass::Crypto => {
                let midnight = pair[1].and_time(NaiveTime::MIN).and_utc();
                (midnight, midnight + TimeDelta::hours(12))
            }
        };
        Row { tick, session: pair[0], fill }
    };
    sessions.windows(2).map(row).collect()
}

/// What a run comes to.
type Outcome = fn(&Due, &mut Dice) -> State;

fn key(job: &str, session: NaiveDate) -> (String, NaiveDate) {
    (job.to_owned(), session)
}

/// A daemon, its journal, and what is expected of them.
struct World {
    now: DateTime<Utc>,
    history: History,
    tables: BTreeMap<&'static str, Vec<Row>>,
    /// The sessions that were decided, by job.
    decided: BTreeSet<(String, NaiveDate)>,
    /// The sessions that were the newest at a moment when the daemon was awake.
    seen: BTreeSet<(String, NaiveDate)>,
    runs: usize,
    dice: Dice,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            now: instant(START),
            history: History::default(),
            tables: BTreeMap::from([
                ("equity", table(AssetClass::Equity)),
                ("crypto", table(AssetClass::Crypto)),
            ]),
            decided: BTreeSet::new(),
            seen: BTreeSet::new(),
            runs: 0,
            dice: Dice(seed | 1),
        }
    }

    /// Does all that is due, one after the other, as the daemon does after a wake.
    fn wake(&mut self, jobs: &[Job], outcome: Outcome) {
        loop {
            let Some(first) = due(self.now, jobs, &self.history).into_iter().next() else {
                jobs.iter().for_each(|job| self.see(&job.name));
                return;
            };
            if first.why != Why::Undelivered {
                self.see(&first.job);
            }
            self.run(&first, outcome);
        }
    }

    /// Marks a job's newest session as one that must be decided: the daemon is idle or begins with it.
    fn see(&mut self, job: &str) {
        let table = &self.tables[job];
        let newest = table[table.partition_point(|row| row.tick <= self.now) - 1].session;
        let finished =
            calendar::last_finished(job.parse().expect("a job is called after its class"), self.now);
        // After a clock set back, a later session may be decided already: none goes before it.
        let later = (Bound::Excluded(key(job, newest)), Bound::Included(key(job, finished)));
        if newest == finished || self.decided.range(later).next().is_none() {
            self.seen.insert(key(job, newest));
        }
    }

    fn run(&mut self, due: &Due, outcome: Outcome) {
        self.runs += 1;
        assert!(self.runs < 100_000, "it never comes to rest: {due:?}");
        let table = &self.tables[due.job.as_str()];
        let place = table.binary_search_by_key(&due.session, |row| row.session);
        let fill = table[place.expect("a session of the table")].fill;
        let expected = if self.now < fill { Timing::OnTime } else { Timing::Late };
        assert_eq!((due.timing, due.fill), (expected, fill), "{due:?} at {}", self.now);
        let key = key(&due.job, due.session);
        if due.why == Why::Undelivered {
            assert!(self.decided.contains(&key), "{due:?} was never decided");
        } else {
            assert!(!self.decided.contains(&key), "{due:?} is decided twice, at {}", self.now);
            self.history.note(&due.job, due.session, State::Begun, self.now);
        }
        self.now += self.dice.minutes(4);
        let state = outcome(due, &mut self.dice);
        match state {
            State::Done | State::Undelivered | State::Refused => drop(self.decided.insert(key)),
            // The process died: nobody noted anything.
            State::Begun => return,
            State::BarsMissing | State::Failed => {}
        }
        self.history.note(&due.job, due.session, state, self.now);
    }

    /// Sleeps as the daemon does, or longer: until something is due, or for some minutes or hours.
    fn sleep(&mut self, jobs: &[Job]) {
        let nap = self.now + TimeDelta::hours(1) + self.dice.minutes(1_200);
        let next = wake(self.now, jobs, &self.history).unwrap_or(nap).min(nap);
        assert!(next > self.now);
        // A tick may be late, or come twice at the same instant.
        self.now = next + if self.dice.is_one_in(3) { self.dice.minutes(3) } else { TimeDelta::zero() };
    }

    /// The clock jumps by a day, or the machine is suspended for three.
    fn disturb(&mut self) {
        match self.dice.roll(120) {
            0 => self.now += TimeDelta::days(1),
            1 => self.now -= TimeDelta::days(1),
            2 => self.now += TimeDelta::days(3),
            _ => {}
        }
    }
}

/// All is well, but that a process is killed now and then.
fn mortal(_: &Due, dice: &mut Dice) -> State {
    if dice.is_one_in(20) { State::Begun } else { State::Done }
}

/// Anything may happen.
fn unlucky(due: &Due, dice: &mut Dice) -> State {
    match (due.why, dice.roll(10)) {
        (Why::Undelivered, 0..5) => State::Undelivered,
        (Why::Undelivered, 5) => State::Refused,
        (Why::Undelivered, _) => State::Done,
        (_, 0) => State::Begun,
        (_, 1 | 2) if due.timing == Timing::OnTime => State::BarsMissing,
        (_, 3) => State::Failed,
        (_, 4) => State::Undelivered,
        _ => State::Done,
    }
}

#[test]
fn in_years_of_jumps_suspends_and_restarts_each_session_is_decided_once() {
    let jobs = jobs();
    let mut world = World::new(20_240_102);
    let end = instant("2026-12-31T00:00:00Z");
    let mut wakes = 0;
    while world.now < end {
        world.wake(&jobs, mortal);
        // A double tick.
        world.wake(&jobs, mortal);
        world.sleep(&jobs);
        world.disturb();
        wakes += 1;
    }
    world.wake(&jobs, mortal);
    assert_eq!(world.decided, world.seen);
    assert!(wakes > 2_000 && world.decided.len() > 1_500, "{wakes} wakes, {} sessions", world.decided.len());
}

#[test]
fn without_disturbance_no_session_is_left_out_and_none_is_late() {
    let jobs = jobs();
    let mut world = World::new(7);
    while world.now < instant("2024-12-31T12:00:00Z") {
        world.wake(&jobs, mortal);
        world.sleep(&jobs);
    }
    let day = |text: &str| text.parse::<NaiveDate>().expect("a date");
    let expected = |class| calendar::sessions(class, day("2023-12-28"), day("2024-12-30"));
    for (job, class) in [("equity", AssetClass::Equity), ("crypto", AssetClass::Crypto)] {
        let decided: Vec<_> =
            world.decided.iter().filter(|(name, _)| name == job).map(|(_, day)| *day).collect();
        assert_eq!(decided, expected(class));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_run_comes_to_no_session_is_decided_twice(seed in any::<u64>()) {
        let jobs = jobs();
        let mut world = World::new(seed);
        for _ in 0..250 {
            world.wake(&jobs, unlucky);
            world.sleep(&jobs);
            world.disturb();
        }
        prop_assert!(world.decided.is_subset(&world.seen));
    }
}
