//! A universe kept in a file of its own: one symbol a line, or a CSV with a `symbol` column.
//!
//! A bad line is an error and not a smaller universe: a symbol that silently drops out of a
//! universe is a trade that is silently missed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::Symbol;

/// A file of more bytes than this is no list of symbols.
const MAX_BYTES: u64 = 1 << 20;

/// What is wrong with a universe file; the line is 1-based, `None` for the file as a whole.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadLine {
    pub line: Option<usize>,
    pub message: String,
}

/// Reads the symbols of a file, in its order.
///
/// # Errors
/// Every bad line; or the file as a whole where it cannot be read, is empty, or is a CSV without
/// a `symbol` column.
pub(super) fn read(path: &Path) -> Result<Vec<Symbol>, Vec<BadLine>> {
    let whole = |message: String| vec![BadLine { line: None, message }];
    let about = std::fs::metadata(path)
        .map_err(|error| whole(format!("cannot be read ({error}); check the path")))?;
    if !about.is_file() {
        return Err(whole("is not a file; name a text or CSV file of symbols".to_owned()));
    }
    if about.len() > MAX_BYTES {
        return Err(whole("is over 1 MiB; name a text or CSV file of symbols".to_owned()));
    }
    let bytes =
        std::fs::read(path).map_err(|error| whole(format!("cannot be read ({error}); check the path")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        whole(format!("is not UTF-8 at byte {}; save it as UTF-8", error.utf8_error().valid_up_to()))
    })?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Symbol>, Vec<BadLine>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let is_csv = first.is_some_and(|line| line.contains(',') || names_symbol(line));
    if let Some(header) = first.filter(|line| !is_csv && is_other_header(line)) {
        let message = format!("`{header}` looks like a header; call the column `symbol`, or remove the line");
        return Err(vec![BadLine { line: None, message }]);
    }
    let cells = if is_csv { csv_cells(text)? } else { plain_cells(text) };
    let mut bad = Vec::new();
    let mut seen = BTreeMap::new();
    let mut symbols = Vec::new();
    for (line, cell) in cells {
        match Symbol::new(&cell) {
            Err(error) => bad.push(BadLine { line: Some(line), message: error.to_string() }),
            Ok(symbol) => match seen.insert(symbol.clone(), line) {
                None => symbols.push(symbol),
                Some(before) => {
                    let message = format!("{symbol} stands on line {before} already; keep one");
                    bad.push(BadLine { line: Some(line), message });
                }
            },
        }
    }
    if bad.is_empty() && symbols.is_empty() {
        let message =
            "holds no symbol; write one a line, or `[]` in place of the file to not trade this class";
        bad.push(BadLine { line: None, message: message.to_owned() });
    }
    if bad.is_empty() { Ok(symbols) } else { Err(bad) }
}

fn names_symbol(cell: &str) -> bool {
    cell.trim().trim_matches('"').eq_ignore_ascii_case("symbol")
}

/// What a column of symbols is called elsewhere; as a symbol it would be asked for every day.
fn is_other_header(line: &str) -> bool {
    let word = line.trim_matches('"').trim().to_lowercase();
    ["ticker", "tickers", "symbols", "name", "code", "instrument", "isin", "stock", "stocks", "coin", "asset"]
        .contains(&word.as_str())
}

fn plain_cells(text: &str) -> Vec<(usize, String)> {
    let cells =
        text.lines().enumerate().map(|(i, line)| (i + 1, line.split('#').next().unwrap_or_default().trim()));
    cells.filter(|(_, cell)| !cell.is_empty()).map(|(line, cell)| (line, cell.to_owned())).collect()
}

fn csv_cells(text: &str) -> Result<Vec<(usize, String)>, Vec<BadLine>> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| {
        let line = error.position().and_then(|position| usize::try_from(position.line()).ok());
        vec![BadLine { line, message: format!("is no CSV ({error}); mend the line") }]
    };
    let headers = reader.headers().map_err(broken)?;
    let Some(column) = headers.iter().position(names_symbol) else {
        let found = headers.iter().collect::<Vec<_>>().join(", ");
        let message = format!(
            "has the columns {found} and none named `symbol`; call the column of symbols `symbol`, or write \
             one symbol a line"
        );
        return Err(vec![BadLine { line: Some(1), message }]);
    };
    let mut cells = Vec::new();
    for record in reader.records() {
        let record = record.map_err(broken)?;
        let line = record.position().and_then(|position| usize::try_from(position.line()).ok()).unwrap_or(0);
        cells.push((line, record.get(column).unwrap_or_default().to_owned()));
    }
    Ok(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&[&str], &str>) {
        match (parse(text), expected) {
            (Ok(found), Ok(wanted)) => {
                assert_eq!(found.iter().map(Symbol::as_str).collect::<Vec<_>>(), wanted, "{text:?}");
            }
            (Err(found), Err(part)) => {
                assert!(found.iter().any(|bad| bad.message.contains(part)), "{found:?}");
            }
            (found, _) => assert!(expected.is_ok() && found.is_ok(), "{text:?}: {found:?}"),
        }
    }

    #[test]
    fn one_a_line_with_comments_and_blanks() {
        check("# mine\nAAPL\r\n\r\n brk.b # Berkshire\n", Ok(&["AAPL", "BRK.B"]));
    }

    #[test]
    fn a_symbol_column_anywhere_in_any_case() {
        check("\u{feff}Name,SYMBOL\n\"Apple, Inc.\",AAPL\nMicrosoft,MSFT\n", Ok(&["AAPL", "MSFT"]));
        check("symbol\nAAPL\n", Ok(&["AAPL"]));
    }

    #[test]
    fn what_would_shrink_the_universe_is_an_error() {
        check("AAPL\nA B\n", Err("not a symbol"));
        check("AAPL\naapl\n", Err("line 1 already"));
        check("ticker,name\nAAPL,Apple\n", Err("has the columns ticker, name and none named `symbol`"));
        check("Ticker\nAAPL\n", Err("`Ticker` looks like a header; call the column `symbol`"));
        check("symbol,name\n,Apple\n", Err("not a symbol"));
        check("# nothing\n", Err("holds no symbol"));
    }

    #[test]
    fn a_bad_line_is_numbered_from_the_top_of_the_file() {
        assert_eq!(parse("# a\n\nsymbol,n\nAAPL,1\nA B,2\n").map_err(|bad| bad[0].line), Err(Some(5)));
    }
}
