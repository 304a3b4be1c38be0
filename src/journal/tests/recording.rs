//! Runs: whole or not there, and back as they were.

use super::*;

#[test]
fn what_is_recorded_comes_back() {
    let journal = Journal::in_memory().expect("memory");
    let own = entry(0xABCD);
    let recorded = journal.record(&own, Some(&delivery(20, 0, &["a@x.y"])), at(3)).expect("recorded");
    assert_eq!(recorded, Recorded::New { mails: 1 });
    let run = journal.run(own.run.id).expect("there");
    let told: Vec<&Recommendation> = run.recommendations.iter().map(|row| &row.recommendation).collect();
    assert_eq!(told, own.recommendations.iter().collect::<Vec<_>>());
    assert_eq!(run.scripts, own.scripts);
    let problem = ("AAPL".to_owned(), "not_ready".to_owned(), "too few bars".to_owned());
    assert_eq!(run.problems, [problem]);
    let counts = (run.row.buys, run.row.sells, run.row.problems, run.row.mails);
    assert_eq!(counts, (1, 1, 1, 1));
    assert_eq!((run.row.generated_at, run.row.session), (own.run.generated_at, Some(day(20))));
    assert_eq!(journal.runs(9).expect("readable"), [run.row]);

    let stored = journal.stored(own.run.id).expect("there");
    assert_eq!(stored.rendered, own.rendered);
    let (then, now) = (own.inputs, stored.inputs);
    assert_eq!(now.scripts, then.scripts);
    assert_eq!((now.before, &now.positions), (then.before, &then.positions));
    assert_eq!(now.pending, then.pending);
    assert_eq!(format!("{:?}", now.settings), format!("{:?}", then.settings));
    let (then, now) = (&then.classes[0], &now.classes[0]);
    assert_eq!(now.market.bars, then.market.bars);
    assert_eq!((&now.market.splits, &now.problems), (&then.market.splits, &then.problems));
    assert_eq!(
        (&now.market.universe, &now.market.real_moves),
        (&then.market.universe, &then.market.real_moves)
    );
}

#[test]
fn an_interrupted_transaction_leaves_nothing() {
    let disk = OnDisk::new();
    // The last row of all cannot be written: one recipient stands there twice.
    let twice = delivery(20, 0, &["a@x.y", "a@x.y"]);
    disk.journal.record(&entry(1), Some(&twice), at(0)).expect_err("one row a recipient");
    assert_eq!(rows(&disk.journal), []);
    // Nor does a process leave anything that ends before its commit.
    let other = open(&disk.path());
    let panicked = std::thread::scope(|scope| {
        let work = || {
            other.write(|transaction| -> Result<(), Fault> {
                transaction.execute("INSERT INTO blobs VALUES (1, zeroblob(32), 0, 'plain', x'')", [])?;
                std::panic::panic_any("the process ends here")
            })
        };
        scope.spawn(work).join().is_err()
    });
    assert!(panicked);
    assert_eq!(rows(&disk.journal), []);
    other.record(&entry(1), Some(&delivery(20, 0, &["a@x.y"])), at(0)).expect("the connection is sound");
    assert_eq!(rows(&disk.journal).len(), 8);
}

#[test]
fn of_two_processes_that_decide_one_session_one_delivers() {
    let disk = OnDisk::new();
    let other = open(&disk.path());
    let delivery = delivery(20, 0, &["a@x.y", "b@x.y"]);
    let record =
        |journal: &Journal, number| journal.record(&entry(number), Some(&delivery), at(0)).expect("recorded");
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(|| record(&other, 2));
        [record(&disk.journal, 1), other.join().expect("no panic")]
    });
    let already = Recorded::Already(Queued::Already { waiting: 2, sent: 0, failed: 0 });
    assert!(both.contains(&Recorded::New { mails: 2 }) && both.contains(&already), "{both:?}");
    assert_eq!(disk.journal.runs(9).expect("readable").len(), 1);
}

#[test]
fn a_correction_stands_beside_what_it_corrects() {
    let journal = Journal::in_memory().expect("memory");
    for correction in 0..2 {
        let number = 1 + u128::from(correction);
        let recorded = journal.record(&entry(number), Some(&delivery(20, correction, &["a@x.y"])), at(0));
        assert_eq!(recorded.expect("recorded"), Recorded::New { mails: 1 });
    }
    let session = journal.session(&key(20)).expect("readable").expect("known");
    assert_eq!((session.run, session.state), (Some(entry(2).run.id), SessionState::Undelivered));
    let told = journal.recommendations(day(20)).expect("readable");
    assert_eq!(told.len(), 4);
    assert_eq!(told[0].run, entry(2).run.id, "the newest first");
    assert_eq!(journal.recommendations(day(21)).expect("readable"), []);
    // One BUY to follow, by the newest numbers.
    let unsettled = journal.unsettled().expect("readable");
    assert_eq!(unsettled.iter().map(|row| row.run).collect::<Vec<_>>(), [entry(2).run.id]);
}

#[test]
fn without_recipients_a_session_is_done_and_recorded_once() {
    let journal = Journal::in_memory().expect("memory");
    let nobody = delivery(20, 0, &[]);
    assert_eq!(journal.record(&entry(1), Some(&nobody), at(0)).expect("new"), Recorded::New { mails: 0 });
    let session = journal.session(&key(20)).expect("readable").expect("known");
    assert_eq!((session.state, session.decided_at), (SessionState::Done, Some(at(0))));
    let already = Recorded::Already(Queued::Already { waiting: 0, sent: 0, failed: 0 });
    assert_eq!(journal.record(&entry(2), Some(&nobody), at(1)).expect("readable"), already);
    // Recipients that come later are mailed.
    let some = delivery(20, 0, &["a@x.y"]);
    assert_eq!(journal.record(&entry(3), Some(&some), at(2)).expect("new"), Recorded::New { mails: 1 });
}

#[test]
fn a_run_is_found_by_a_beginning_that_only_it_has() {
    let journal = Journal::in_memory().expect("memory");
    for number in [0xABCD_0001, 0xABCD_0002, 0x1234_0000] {
        journal.record(&entry(number), None, at(0)).expect("recorded");
    }
    for (prefix, expected) in [("12", 0x1234_0000), ("ABCD0002", 0xABCD_0002), ("abcd0001-0000", 0xABCD_0001)]
    {
        assert_eq!(journal.find_run(prefix).expect(prefix), entry(expected).run.id);
    }
    for (prefix, told) in [
        ("abcd", "more than one run's id begins with `abcd`: abcd0001-0000"),
        ("ff", "no run's id begins with `ff`"),
        ("%", "no run's id begins with `%`"),
        ("", "name a run"),
    ] {
        let error = journal.find_run(prefix).expect_err(prefix).to_string();
        assert!(error.starts_with(told), "{error}");
    }
}

#[test]
fn an_outcome_settles_its_recommendation() {
    let journal = Journal::in_memory().expect("memory");
    journal.record(&entry(1), None, at(0)).expect("recorded");
    let id = entry(1).recommendations[0].id;
    let mut outcome = Outcome {
        recommendation: id,
        run: entry(1).run.id,
        state: OutcomeState::Open,
        entry: Some((day(23), 101.0)),
        stop_price: 95.0,
        stop_session: day(23),
        exit: None,
        exit_reason: None,
        r_multiple: Some(0.1 + 0.2),
        target_touched: None,
        stop_touched: Some(day(24)),
        last_session: day(24),
        last_close: Some(102.0),
    };
    journal.put_outcomes(std::slice::from_ref(&outcome)).expect("stored");
    assert_eq!(journal.unsettled().expect("readable")[0].outcome.as_ref(), Some(&outcome));
    outcome.state = OutcomeState::Closed;
    outcome.exit = Some((day(25), 99.0));
    outcome.exit_reason = Some("hard_stop".to_owned());
    journal.put_outcomes(std::slice::from_ref(&outcome)).expect("stored");
    assert_eq!(journal.unsettled().expect("readable"), []);
    assert_eq!(journal.outcomes().expect("readable"), [outcome.clone()]);
    let told = journal.recommendations(day(20)).expect("readable");
    assert_eq!((told[0].outcome.as_ref(), told[1].outcome.as_ref()), (Some(&outcome), None));
}
