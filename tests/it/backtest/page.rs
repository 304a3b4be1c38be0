//! `ts backtest --format html` from the outside.

use serde_json::Value;

use super::{SPAN, document, run};
use crate::program::Folder;

/// Returns the text of every cell of the table of trades, row by row.
fn trades(page: &str) -> Vec<Vec<String>> {
    let table = page.split("<table class=\"trades sortable\">").nth(1).expect("a table of trades");
    let body =
        table.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).expect("its body");
    let cells = |row: &str| {
        let inner = |cell: &str| cell.split_once('>').map(|(_, text)| text.to_owned());
        row.split("</t").filter_map(|cell| inner(cell.rsplit_once("<t")?.1)).collect()
    };
    body.split("</tr>").map(cells).filter(|row: &Vec<String>| !row.is_empty()).collect()
}

#[test]
fn the_page_has_the_figures_and_the_trades_of_the_json() {
    let folder = Folder::empty();
    let told = document(&folder, SPAN);
    let (code, page, stderr) = run(&folder, &format!("backtest {SPAN} --format html"));
    assert_eq!(code, 0, "{stderr}");
    let figures = told["figures"].as_object().expect("an object");
    let mut compared = 0;
    for (name, value) in figures {
        let Some(row) = page.split(&format!("data-figure=\"{name}\"")).nth(1) else { continue };
        let row = row.split("</tr>").next().unwrap_or(row);
        let shown = row.split("<data value=\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(shown.map(|own| own.parse().expect("a number")), value.as_f64(), "{name}");
        compared += 1;
    }
    assert!(compared > 20, "{compared}");
    let listed = trades(&page);
    let all = told["trades"].as_array().expect("an array");
    assert_eq!(listed.len(), all.len());
    let mut shown: Vec<(String, String)> =
        listed.iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let text = |trade: &Value, name: &str| trade[name].as_str().expect("text").to_owned();
    let mut expected: Vec<(String, String)> =
        all.iter().map(|trade| (text(trade, "symbol"), text(trade, "entry_date"))).collect();
    shown.sort();
    expected.sort();
    assert_eq!(shown, expected);
    assert!(page.contains("DEMO: the bars are simulated, not real prices"));
}

#[test]
fn the_page_goes_to_a_file_and_is_the_same_each_time() {
    let folder = Folder::empty();
    let ask = |name: &str, more: &str| {
        let (code, stdout, stderr) =
            run(&folder, &format!("backtest {SPAN} --format html --output {name} {more}"));
        assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
        folder.read(name)
    };
    let page = ask("a.html", "");
    assert_eq!(page, ask("b.html", ""));
    assert!(page.starts_with("<!DOCTYPE html>") && page.trim_end().ends_with("</html>"));
    for outside in ["http://", "https://", "<link", "src="] {
        assert!(!page.contains(outside), "{outside}");
    }
    let charts = |page: &str| page.matches("aria-label=\"Closes of ").count();
    let few = ask("c.html", "--charts 2");
    assert!(charts(&page) > 2 && charts(&few) == 2);
    assert!(few.contains("Without a chart: "), "what is left out is named");
}

#[test]
fn an_edited_template_is_used_and_a_broken_one_named() {
    let folder = Folder::empty();
    folder.write(
        "templates/backtest.html",
        "{{ title }}: {% for own in headline %}{{ own.name }} {% endfor %}",
    );
    let (code, page, _) = run(&folder, &format!("backtest {SPAN} --format html"));
    assert_eq!((code, page.starts_with("Backtest of equity and crypto: total_return ")), (0, true), "{page}");
    folder.write("templates/backtest.html", "{{ titel }}");
    let (code, page, stderr) = run(&folder, &format!("backtest {SPAN} --format html"));
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("backtest.html") && stderr.contains("titel"), "{stderr}");
    assert!(page.contains("What it rests on") && page.contains("the edited template fails"));
}

#[test]
fn a_span_without_a_session_and_one_without_a_trade_are_pages_that_say_so() {
    let folder = Folder::with_files();
    for (arguments, expected, words) in [
        ("--from 2027-01-01", 1, "No session in the span: nothing was decided."),
        (
            "--from 2026-11-20 --strategy equity_momentum",
            0,
            "No trade: no strategy bought anything in the span.",
        ),
    ] {
        let (code, page, stderr) = run(&folder, &format!("backtest --format html {arguments}"));
        assert_eq!(code, expected, "{stderr}");
        assert!(page.contains(words) && !page.contains("class=\"fig\""), "{arguments}");
    }
}
