//! Lots: added, sold in part and whole, across splits, with stops that only rise.

use super::*;

fn new_lot(name: &str) -> NewLot {
    NewLot {
        symbol: symbol(name),
        asset_class: AssetClass::Equity,
        strategy: "equity_momentum".to_owned(),
        entry_date: day(2),
        entry_price: 100.0,
        quantity: 10.0,
        stop_price: 95.0,
    }
}

fn closing(price: f64, split_factor: f64) -> Closing {
    Closing { date: day(20), price, split_factor, reason: "ma20_cross".to_owned() }
}

#[test]
fn the_journal_speaks_of_positions_from_its_first_lot_on() {
    let journal = Journal::in_memory().expect("memory");
    assert_eq!(journal.positions().expect("readable"), None);
    let lot = journal.add_lot(&new_lot("AAPL"), at(0)).expect("added");
    let position = Position {
        entry_price: 100.0,
        last_close: 100.0,
        quantity: 10.0,
        stop_price: 95.0,
        stop_session: day(1),
        ..position("AAPL")
    };
    assert_eq!(lot.position, position);
    assert_eq!(journal.positions().expect("readable"), Some(vec![position]));
    journal.close_lot(lot.id, None, &closing(110.0, 1.0), at(1)).expect("held");
    // Sold, and not unknown.
    assert_eq!(journal.positions().expect("readable"), Some(Vec::new()));
}

#[test]
fn a_sale_after_a_split_counts_the_units_of_its_day() {
    let journal = Journal::in_memory().expect("memory");
    let lot = journal.add_lot(&new_lot("AAPL"), at(0)).expect("added");
    // Four for one: ten at 100 are forty at 25. Ten of the forty are sold at 30.
    let sold = journal.close_lot(lot.id, Some(10.0), &closing(30.0, 4.0), at(1)).expect("held");
    assert_eq!((sold.position.quantity, sold.pnl()), (2.5, Some(50.0)));
    let held = journal.open_lots().expect("readable");
    assert_eq!((held[0].id, held[0].position.quantity), (lot.id, 7.5));
    let rest = journal.close_lot(lot.id, Some(30.0), &closing(20.0, 4.0), at(2)).expect("held");
    assert_eq!((rest.position.quantity, rest.pnl()), (7.5, Some(-150.0)));
    let lots = journal.lots().expect("readable");
    assert_eq!(lots.iter().filter(|lot| lot.closing.is_some()).count(), 2);
    // The same symbol may be bought again.
    journal.add_lot(&new_lot("AAPL"), at(3)).expect("nothing is held");
    assert_eq!(journal.lots().expect("readable")[0].closing, None, "what is held comes first");
}

#[test]
fn what_cannot_be_is_refused() {
    let journal = Journal::in_memory().expect("memory");
    let lot = journal.add_lot(&new_lot("AAPL"), at(0)).expect("added");
    let check_add = |lot: NewLot, told: &str| {
        let error = journal.add_lot(&lot, at(0)).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
    };
    check_add(new_lot("AAPL"), "held since 2026-11-02");
    check_add(NewLot { entry_price: 0.0, ..new_lot("B") }, "entry price is 0; give a number over zero");
    check_add(NewLot { quantity: f64::NAN, ..new_lot("B") }, "quantity is NaN");
    check_add(NewLot { stop_price: -1.0, ..new_lot("B") }, "stop is -1");
    check_add(NewLot { strategy: " ".to_owned(), ..new_lot("B") }, "names no strategy");
    let check_close = |id, quantity, closing: Closing, told: &str| {
        let error = journal.close_lot(id, quantity, &closing, at(0)).expect_err(told).to_string();
        assert!(error.contains(told), "{error}");
    };
    check_close(99, None, closing(1.0, 1.0), "no such lot is held");
    check_close(lot.id, Some(10.5), closing(1.0, 1.0), "10.5 units of 10 cannot be sold");
    check_close(lot.id, Some(0.0), closing(1.0, 1.0), "0 units of 10 cannot be sold");
    check_close(lot.id, None, closing(f64::INFINITY, 1.0), "price is inf");
    check_close(lot.id, None, closing(1.0, 0.0), "split factor is 0");
    check_close(lot.id, None, Closing { date: day(1), ..closing(1.0, 1.0) }, "before its entry");
    assert_eq!(journal.open_lots().expect("readable"), [lot]);
}

#[test]
fn lots_are_imported_all_or_none() {
    let journal = Journal::in_memory().expect("memory");
    let bad = [new_lot("AAPL"), NewLot { quantity: 0.0, ..new_lot("MSFT") }];
    journal.import_lots(&bad, at(0)).expect_err("one is bad");
    assert_eq!(journal.lots().expect("readable"), []);
    let lots = journal.import_lots(&[new_lot("MSFT"), new_lot("AAPL")], at(0)).expect("both are good");
    let names = |lots: &[Lot]| lots.iter().map(|lot| lot.position.symbol.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&lots), ["MSFT", "AAPL"]);
    assert_eq!(names(&journal.open_lots().expect("readable")), ["AAPL", "MSFT"]);
}

#[test]
fn a_run_advances_stops_that_never_fall_nor_go_back() {
    let journal = Journal::in_memory().expect("memory");
    let lot = journal.add_lot(&new_lot("AAPL"), at(0)).expect("added");
    let mut number = 0;
    let mut run = |session: u32, stop_price: f64| {
        number += 1;
        let mut own = entry(number);
        own.stops[0].session = day(session);
        own.stops[0].stop_price = stop_price;
        journal.record(&own, None, at(0)).expect("recorded");
        let held = &journal.open_lots().expect("readable")[0].position;
        (held.stop_price, held.stop_session)
    };
    assert_eq!(run(19, 97.0), (97.0, day(19)));
    assert_eq!(run(20, 96.0), (97.0, day(20)), "never down");
    assert_eq!(run(18, 99.0), (97.0, day(20)), "an old session decides nothing again");
    assert_eq!(run(23, 98.5), (98.5, day(23)));
    let stops = journal.stops(lot.id).expect("readable");
    assert_eq!(stops, [(day(19), 97.0), (day(20), 97.0), (day(23), 98.5)]);
    assert_eq!(journal.open_lots().expect("readable")[0].entry_stop, 95.0);
}

#[test]
fn what_is_taken_back_is_as_it_was_to_the_last_digit() {
    let journal = Journal::in_memory().expect("memory");
    assert_eq!(journal.undo_change().expect("readable"), None);
    let lot = journal.add_lot(&NewLot { quantity: 0.3, ..new_lot("AAPL") }, at(0)).expect("added");
    let held = || journal.open_lots().expect("readable");
    // 0.3 − 0.1 + 0.1 is not 0.3.
    let part = journal.close_lot(lot.id, Some(0.1), &closing(110.0, 1.0), at(1)).expect("held");
    let left = held();
    let rest = journal.close_lot(lot.id, None, &closing(120.0, 1.0), at(2)).expect("held");
    let told = |sold, held, minute| {
        Some(Undone::Closed { sold: Box::new(sold), held: Box::new(held), told_at: at(minute) })
    };
    assert_eq!(journal.undo_change().expect("writable"), told(rest, left[0].clone(), 2));
    assert_eq!(held(), left);
    assert_eq!(journal.undo_change().expect("writable"), told(part, lot.clone(), 1));
    assert_eq!(journal.lots().expect("readable"), std::slice::from_ref(&lot));
    let added = Undone::Added { lots: vec![lot], told_at: at(0) };
    assert_eq!(journal.undo_change().expect("writable"), Some(added));
    // As before its first lot: another place may say what is held.
    assert_eq!(journal.positions().expect("readable"), None);
    assert_eq!(journal.undo_change().expect("readable"), None);
}

#[test]
fn a_lot_whose_stop_was_advanced_is_taken_back_with_its_stops() {
    let journal = Journal::in_memory().expect("memory");
    let lots = journal.import_lots(&[new_lot("AAPL"), new_lot("MSFT")], at(0)).expect("added");
    let mut run = entry(1);
    run.stops[0].stop_price = 98.0;
    journal.record(&run, None, at(1)).expect("recorded");
    assert_eq!(journal.stops(lots[0].id).expect("readable").len(), 1);
    let undone = journal.undo_change().expect("writable");
    assert!(
        matches!(undone, Some(Undone::Added { lots, .. }) if lots.len() == 2 && lots[0].position.stop_price == 98.0)
    );
    assert_eq!(journal.lots().expect("readable"), []);
    assert_eq!(journal.stops(lots[0].id).expect("readable"), []);
}
