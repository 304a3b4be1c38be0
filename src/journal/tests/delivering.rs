//! The outbox: each recipient's way from queued to sent, through failures and dead senders.

use super::MailState::{Attempting, Failed, Pending, Sent};
use super::*;

const THREE: [&str; 3] = ["a@x.y", "b@x.y", "c@x.y"];

fn states(journal: &Journal, session: u32) -> Vec<MailState> {
    journal.mails_of(&key(session)).expect("readable").iter().map(|own| own.state).collect()
}

fn state(journal: &Journal, session: u32) -> SessionState {
    journal.session(&key(session)).expect("readable").expect("known").state
}

/// A journal on disk with one queued delivery to three recipients, and its lock.
fn queued() -> (OnDisk, DaemonLock) {
    let disk = OnDisk::new();
    let recorded = disk.journal.record(&entry(1), Some(&delivery(20, 0, &THREE)), at(0));
    assert_eq!(recorded.expect("recorded"), Recorded::New { mails: 3 });
    let lock = disk.journal.lock_daemon().expect("nobody holds it");
    (disk, lock)
}

fn take(journal: &Journal, lock: &DaemonLock, minute: u32) -> Option<(i64, String)> {
    // Asked for another session, so that it is time alone that makes one due.
    let due = journal.mails_due(&key(1), at(minute)).expect("readable");
    let taken = journal.take(lock, due.first()?.id, at(minute)).expect("writable")?;
    let Taken::Ready { row, message } = taken else { panic!("it is whole: {taken:?}") };
    assert_eq!((row.state, row.attempted_at), (Attempting, Some(at(minute))));
    assert_eq!(message, mail(&row.recipient).message);
    assert_eq!(journal.mail(row.id).expect("readable"), mail(&row.recipient));
    Some((row.id, row.recipient))
}

fn spoil(journal: &Journal, sql: &str) {
    journal.write(|transaction| Ok(transaction.execute_batch(sql)?)).expect(sql);
}

#[test]
fn a_delivery_is_queued_once() {
    let journal = Journal::in_memory().expect("memory");
    let queue =
        |correction| journal.enqueue(&delivery(20, correction, &THREE), None, at(0)).expect("writable");
    assert_eq!(journal.next_correction(&key(20)).expect("readable"), 0);
    assert_eq!(queue(0), Queued::Now { mails: 3 });
    assert_eq!(queue(0), Queued::Already { waiting: 3, sent: 0, failed: 0 });
    assert_eq!(journal.next_correction(&key(20)).expect("readable"), 1);
    assert_eq!(queue(1), Queued::Now { mails: 3 });
    assert_eq!(queue(1), Queued::Already { waiting: 3, sent: 0, failed: 0 });
    assert_eq!(journal.next_correction(&key(20)).expect("readable"), 2);
    assert_eq!(journal.next_correction(&key(21)).expect("readable"), 0);
    assert_eq!(
        states(&journal, 20),
        [Failed, Failed, Failed, Pending, Pending, Pending],
        "the newest stands"
    );
}

#[test]
fn each_recipient_goes_its_own_way() {
    let (disk, lock) = queued();
    let journal = &disk.journal;
    let (first, _) = take(journal, &lock, 1).expect("due");
    let (second, _) = take(journal, &lock, 1).expect("due");
    let (third, _) = take(journal, &lock, 1).expect("due");
    assert_eq!(take(journal, &lock, 1), None);
    journal.mark_sent(first, at(2)).expect("taken");
    journal.mark_failed_permanent(second, "550 no such user", at(2)).expect("taken");
    journal.mark_failed_transient(third, at(10), "450 later").expect("taken");
    assert_eq!(states(journal, 20), [Sent, Failed, Pending]);
    assert_eq!(state(journal, 20), SessionState::Undelivered);
    assert_eq!(journal.mails_of(&key(20)).expect("readable")[2].next_attempt, at(10));
    assert_eq!(take(journal, &lock, 9), None);
    assert_eq!(take(journal, &lock, 10), Some((third, "c@x.y".to_owned())));
    journal.mark_sent(third, at(11)).expect("taken");
    assert_eq!(states(journal, 20), [Sent, Failed, Sent]);
    let session = journal.session(&key(20)).expect("readable").expect("known");
    assert_eq!((session.state, session.mailed_at), (SessionState::Refused, Some(at(11))));
    assert_eq!(session.reason, "550 no such user");
    let row = &journal.mails_of_run(entry(1).run.id).expect("readable")[2];
    assert_eq!((row.attempts, row.accepted_at, row.last_error.as_deref()), (2, Some(at(11)), None));
}

#[test]
fn a_session_is_done_when_every_server_accepted() {
    let (disk, lock) = queued();
    for minute in 1..=3 {
        assert_eq!(state(&disk.journal, 20), SessionState::Undelivered);
        let (id, _) = take(&disk.journal, &lock, minute).expect("due");
        disk.journal.mark_sent(id, at(minute)).expect("taken");
    }
    assert_eq!(state(&disk.journal, 20), SessionState::Done);
    let already = Queued::Already { waiting: 0, sent: 3, failed: 0 };
    let again = disk.journal.record(&entry(2), Some(&delivery(20, 0, &THREE)), at(9)).expect("readable");
    assert_eq!(again, Recorded::Already(already));
    disk.journal.note_session(&key(20), SessionState::Begun, "", at(9)).expect("writable");
    assert_eq!(state(&disk.journal, 20), SessionState::Done, "what is decided stays decided");
}

#[test]
fn what_a_dead_process_was_sending_is_due_at_once_with_the_same_bytes() {
    let (disk, lock) = queued();
    let (id, recipient) = take(&disk.journal, &lock, 1).expect("due");
    let path = disk.path();
    drop(lock);
    let OnDisk { folder: _folder, journal } = disk;
    drop(journal);

    let journal = open(&path);
    let lock = journal.lock_daemon().expect("its holder died");
    assert_eq!(states(&journal, 20), [Attempting, Pending, Pending]);
    assert_eq!(journal.resume(&lock, at(5)).expect("writable"), 1);
    assert_eq!(journal.resume(&lock, at(5)).expect("writable"), 0);
    let mut taken = Vec::new();
    while let Some(next) = take(&journal, &lock, 5) {
        taken.push(next);
    }
    assert_eq!(taken.len(), 3);
    assert!(taken.contains(&(id, recipient)));
    let attempts: Vec<u32> =
        journal.mails_of(&key(20)).expect("readable").iter().map(|own| own.attempts).collect();
    assert_eq!(attempts, [2, 1, 1]);
}

#[test]
fn a_step_out_of_turn_is_refused_and_changes_nothing() {
    let (disk, lock) = queued();
    let journal = &disk.journal;
    let (id, _) = take(journal, &lock, 1).expect("due");
    let waiting = journal.mails_of(&key(20)).expect("readable")[1].id;
    let refused = |result: Result<(), JournalError>| {
        let Err(error @ JournalError::OutOfTurn(_)) = result else { panic!("{result:?}") };
        assert!(error.to_string().contains("look at `ts status`"), "{error}");
    };
    refused(journal.mark_sent(waiting, at(2)));
    refused(journal.mark_failed_transient(waiting, at(2), "x"));
    refused(journal.mark_sent(999, at(2)));
    refused(journal.replace_by_late(id, &mail("a@x.y")));
    refused(journal.replace_by_late(waiting, &mail("other@x.y")));
    journal.mark_sent(id, at(2)).expect("taken");
    journal.mark_sent(id, at(3)).expect("said twice");
    refused(journal.mark_failed_transient(id, at(2), "x"));
    refused(journal.mark_failed_permanent(id, "x", at(2)));
    let rows = journal.mails_of(&key(20)).expect("readable");
    assert_eq!(rows[0].accepted_at, Some(at(2)));
    assert_eq!(states(journal, 20), [Sent, Pending, Pending]);
}

#[test]
fn a_late_version_takes_the_place_of_a_waiting_mail() {
    let (disk, _lock) = queued();
    let row = disk.journal.mails_of(&key(20)).expect("readable").remove(1);
    let late = Mail { subject: "Late".to_owned(), message: b"late".to_vec(), ..mail("b@x.y") };
    disk.journal.replace_by_late(row.id, &late).expect("it waits");
    assert_eq!(disk.journal.mail(row.id).expect("readable"), late);
    let now = disk.journal.mails_of(&key(20)).expect("readable").remove(1);
    assert_eq!((now.lateness, now.state), (Lateness::Late, Pending));
}

#[test]
fn no_mail_is_taken_twice_by_threads_that_share_the_lock() {
    let (disk, lock) = queued();
    let other = open(&disk.path());
    let taken = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for journal in [&disk.journal, &other, &disk.journal] {
            let (taken, lock) = (&taken, &lock);
            scope.spawn(move || {
                while let Some((id, _)) = take(journal, lock, 1) {
                    taken.lock().expect("nobody panicked").push(id);
                }
            });
        }
    });
    let mut taken = taken.into_inner().expect("nobody panicked");
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), 3);
}

#[test]
fn what_all_recipients_are_sent_alike_is_stored_once() {
    let (disk, _lock) = queued();
    let count = |connection: &Connection| {
        let sql = "SELECT count(DISTINCT message_blob), count(DISTINCT head) FROM outbox";
        Ok(connection.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?)
    };
    assert_eq!(disk.journal.read(count).expect("counted"), (1, 3));
    // A message that names nobody is stored as it is.
    let mut other = delivery(19, 0, &["d@x.y"]);
    other.mails[0].message = b"Subject: x\r\n\r\nTo: nobody\r\n".to_vec();
    disk.journal.enqueue(&other, None, at(1)).expect("writable");
    let row = disk.journal.mails_of(&key(19)).expect("readable").remove(0);
    assert_eq!(disk.journal.mail(row.id).expect("readable"), other.mails[0]);
}

#[test]
fn a_damaged_message_costs_its_own_row_only() {
    let disk = OnDisk::new();
    let journal = &disk.journal;
    let mut first = delivery(19, 0, &["a@x.y"]);
    first.mails[0].message = b"To: a@x.y\r\n\r\nanother message".to_vec();
    journal.enqueue(&first, None, at(0)).expect("writable");
    journal.enqueue(&delivery(20, 0, &["a@x.y"]), None, at(1)).expect("writable");
    spoil(
        journal,
        "UPDATE blobs SET bytes = x'00' WHERE id = (SELECT message_blob FROM outbox WHERE id = 1)",
    );
    let lock = journal.lock_daemon().expect("nobody holds it");
    let due = journal.mails_due(&key(20), at(2)).expect("readable");
    assert_eq!(due.iter().map(|own| own.id).collect::<Vec<_>>(), [2, 1]);
    let Some(Taken::Damaged(row)) = journal.take(&lock, 1, at(2)).expect("an answer") else {
        panic!("it is damaged")
    };
    assert!(row.last_error.is_some_and(|why| why.contains("damaged") && why.contains("--again")));
    assert_eq!((states(journal, 19), state(journal, 19)), (vec![Failed], SessionState::Refused));
    assert!(take(journal, &lock, 2).is_some_and(|(id, _)| id == 2));
}

#[test]
fn a_round_is_of_the_session_asked_for_and_of_what_has_waited_long_enough() {
    let (disk, lock) = queued();
    let journal = &disk.journal;
    journal.enqueue(&delivery(19, 0, &["d@x.y"]), None, at(0)).expect("writable");
    let due = |session: u32, minute: u32| {
        let rows = journal.mails_due(&key(session), at(minute)).expect("readable");
        rows.into_iter().map(|own| own.recipient).collect::<Vec<_>>()
    };
    let (id, _) = take(journal, &lock, 1).expect("due");
    journal.mark_failed_transient(id, at(30), "450 later").expect("taken");
    assert_eq!(due(19, 2), ["d@x.y", "b@x.y", "c@x.y"]);
    assert_eq!(due(20, 2), ["b@x.y", "c@x.y", "a@x.y", "d@x.y"]);
    assert_eq!(due(19, 30), ["d@x.y", "b@x.y", "c@x.y", "a@x.y"]);
    // A clock that was set back since: how long it waits is not known.
    assert_eq!(due(1, 0), ["b@x.y", "c@x.y", "d@x.y", "a@x.y"]);
}

#[test]
fn a_session_is_judged_by_its_newest_correction() {
    let (disk, lock) = queued();
    let journal = &disk.journal;
    let (sent, _) = take(journal, &lock, 1).expect("due");
    journal.mark_sent(sent, at(1)).expect("taken");
    let (refused, _) = take(journal, &lock, 1).expect("due");
    journal.mark_failed_permanent(refused, "550 no such user", at(1)).expect("taken");
    let again = delivery(20, 1, &["a@x.y", "good@x.y"]);
    journal.record(&entry(2), Some(&again), at(2)).expect("recorded");
    assert_eq!(states(journal, 20), [Sent, Failed, Failed, Pending, Pending]);
    let replaced = &journal.mails_of(&key(20)).expect("readable")[2];
    assert_eq!(replaced.last_error.as_deref(), Some("a correction took its place"));
    for minute in [3, 4] {
        assert_eq!(state(journal, 20), SessionState::Undelivered);
        let (id, _) = take(journal, &lock, minute).expect("due");
        journal.mark_sent(id, at(minute)).expect("taken");
    }
    assert_eq!(state(journal, 20), SessionState::Done);
    assert_eq!(journal.retry_refused(&key(20), at(5)).expect("writable"), 0, "nothing of it is refused");
}

#[test]
fn what_was_refused_waits_again_with_the_same_bytes() {
    let (disk, lock) = queued();
    let journal = &disk.journal;
    while let Some((id, _)) = take(journal, &lock, 1) {
        journal.mark_failed_permanent(id, "535 wrong password", at(1)).expect("taken");
    }
    assert_eq!(state(journal, 20), SessionState::Refused);
    assert_eq!(journal.retry_refused(&key(20), at(2)).expect("writable"), 3);
    assert_eq!((states(journal, 20), state(journal, 20)), (vec![Pending; 3], SessionState::Undelivered));
    let tries = journal.session(&key(20)).expect("readable").expect("noted").attempts;
    assert_eq!(tries, 0, "whoever sends does so at its next look");
    // `take` compares the bytes.
    while let Some((id, _)) = take(journal, &lock, 2) {
        journal.mark_sent(id, at(2)).expect("taken");
    }
    assert_eq!(state(journal, 20), SessionState::Done);
}

#[test]
fn the_class_of_a_mail_is_that_of_its_run() {
    let (disk, _lock) = queued();
    let journal = &disk.journal;
    journal.enqueue(&delivery(19, 0, &["d@x.y"]), None, at(0)).expect("writable");
    let class = |session| {
        let row = journal.mails_of(&key(session)).expect("readable").remove(0);
        journal.class_of(&row).expect("readable")
    };
    assert_eq!((class(20), class(19)), (Some(AssetClass::Equity), None));
}

#[test]
fn an_alert_that_waits_has_nothing_to_tell_once_its_session_is_decided() {
    let journal = Journal::in_memory().expect("memory");
    let tried = |to: &str, state| AlertTry { recipient: to.to_owned(), state, error: Some("450".to_owned()) };
    let states = || {
        let alerts = journal.alerts_since(at(0)).expect("readable");
        alerts.iter().map(|own| (own.recipient.clone(), own.state, own.attempts)).collect::<Vec<_>>()
    };
    journal.note_session(&key(20), SessionState::Failed, "why", at(0)).expect("noted");
    let tries = [tried("a@x.y", AlertState::Waiting), tried("b@x.y", AlertState::Refused)];
    for minute in 0..2 {
        journal.note_alerts(&key(20), &tries, at(minute)).expect("writable");
    }
    let (a, b) = ("a@x.y".to_owned(), "b@x.y".to_owned());
    assert_eq!(states(), [(a, AlertState::Waiting, 2), (b.clone(), AlertState::Refused, 2)]);
    assert_eq!(journal.alerts_since(at(2)).expect("readable"), []);
    let delivery = delivery(20, 0, &["a@x.y"]);
    journal.record(&entry(1), Some(&delivery), at(1)).expect("recorded");
    assert_eq!(states(), [(b, AlertState::Refused, 2)]);
}
