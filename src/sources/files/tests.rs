//! Reads real files from temporary folders.

use polars::prelude::DataFrame;
use polars::prelude::DataType;
use polars::prelude::NamedFrom;
use polars::prelude::ParquetWriter;
use polars::prelude::Series;
use polars::prelude::TimeUnit;

use super::*;
use crate::domain::AssetClass;
use crate::domain::ProblemKind;
use crate::domain::Symbol;

const HEADER: &str = "date,open,high,low,close,volume\n";

fn day(number: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, number).expect("a day of January")
}

fn expected(number: u32) -> Bar {
    bar(day(number), [1.0, 4.0, 0.5, 2.0, 100.0])
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &[u8])]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        Self(folder)
    }

    fn read(&self, symbol: &str) -> Result<Fetched, SourceError> {
        let symbol = Symbol::new(symbol).expect("a symbol");
        let request = Request { asset_class: AssetClass::Equity, symbol, from: day(2), to: day(9) };
        Files::new(self.0.path()).read(&request)
    }
}

fn read_csv(text: &str) -> Result<Fetched, SourceError> {
    Folder::with(&[("equity/X.csv", text.as_bytes())]).read("X")
}

fn error_of(result: Result<Fetched, SourceError>) -> String {
    result.expect_err("an error").to_string()
}

#[test]
fn ways_to_write_the_same_bar() {
    let texts = [
        "date,open,high,low,close,volume\n2024-01-02,1,4,0.5,2,100\n",
        "Volume,CLOSE,Low,High,Open,Date\n100,2,0.5,4,1,2024-01-02\n",
        "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-02,1,4,0.5,2,77,100\n",
        "Date,Open,High,Low,Adj Close,Close,Volume\n2024-01-02,1,4,0.5,77,2,100\n",
        "\u{feff}date,open,high,low,close,volume\r\n2024-01-02,1,4,0.5,2,100\r\n",
        "\u{feff}\"date\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n\"2024-01-02\",\"1\",4,0.5,2,1e2\n",
        "\n date , open,high,low,close,volume\n\n 2024-01-02 , 1 ,4,0.5,2,100\n\n",
        "date,open,high,low,close,volume\n2024-01-02 00:00:00-05:00,1,4,0.5,2,100",
        "date,open,high,low,close,volume\n2024-01-02T16:00:00Z,1,4,0.5,2,100",
        "note,date,open,high,low,close,volume\n\"a, \"\"b\"\"\nc\",2024-01-02,1,4,0.5,2,100\n",
    ];
    for text in texts {
        let fetched = Fetched { bars: vec![expected(2)], ..Fetched::default() };
        assert_eq!(read_csv(text), Ok(fetched), "{text}");
    }
}

#[test]
fn only_the_span_is_given() {
    let row = |date: &str| format!("{date},1,4,0.5,2,100\n");
    let dates = ["2024-01-01", "2024-01-02", "2024-01-09", "2024-01-10"];
    let text = HEADER.to_owned() + dates.map(row).concat().as_str();
    assert_eq!(read_csv(&text).map(|fetched| fetched.bars), Ok(vec![expected(2), expected(9)]));
    let before = HEADER.to_owned() + row("2023-01-01").as_str();
    assert_eq!(read_csv(&before), Ok(Fetched::default()));
}

#[test]
fn a_bad_cell_drops_its_row_and_names_file_line_and_column() {
    let cases = [
        ("2024-01-03,1,4,0.5,n/a,100", "line 4, column 5: close is `n/a`, not a number"),
        ("2024-01-03,,4,0.5,2,100", "line 4, column 2: open is empty, not a number"),
        ("2024-01-03,1,4", "line 4, column 4: low is empty, not a number"),
        ("2024-01-03,\"1,000\",4,1,2,3", "line 4, column 2: open is `1,000`, not a number"),
        ("03/01/2024,1,4,0.5,2,100", "line 4, column 1: date is `03/01/2024`, not a date like 2024-01-02"),
        ("2024-02-30,1,4,0.5,2,100", "line 4, column 1: date is `2024-02-30`, not a date"),
        ("2024-01-0311,1,4,0.5,2,100", "line 4, column 1: date is `2024-01-0311`, not a date"),
    ];
    for (row, message) in cases {
        let text = format!("{HEADER}2024-01-02,1,4,0.5,2,100\n\n{row}\n2024-01-04,1,4,0.5,2,100\n");
        let fetched = read_csv(&text).expect("the other rows");
        assert_eq!(fetched.bars, [expected(2), expected(4)], "{row}");
        assert_eq!(fetched.problems.len(), 1);
        let problem = &fetched.problems[0];
        assert_eq!((problem.symbol.as_str(), problem.kind), ("X", ProblemKind::BadBar));
        assert!(problem.message.contains("X.csv, ") && problem.message.contains(message), "{problem}");
    }
}

#[test]
fn many_bad_rows_are_one_problem_with_a_count() {
    let text = HEADER.to_owned() + "2024-01-02,a,4,0.5,2,100\n".repeat(10).as_str();
    let fetched = read_csv(&text).expect("an answer");
    assert_eq!((fetched.bars.len(), fetched.problems.len()), (0, 1));
    let message = &fetched.problems[0].message;
    assert!(message.starts_with("dropped 10 rows") && message.ends_with("; 7 more"), "{message}");
}

#[test]
fn bytes_that_are_no_text_drop_their_row() {
    let mut bytes = format!("{HEADER}2024-01-02,1,4,0.5,2,100\n2024-01-03,").into_bytes();
    bytes.extend(b"\xff,4,0.5,2,100\n2024-01-04,1,4,0.5,2,100\n");
    let fetched = Folder::with(&[("equity/X.csv", &bytes)]).read("X").expect("the other rows");
    assert_eq!(fetched.bars, [expected(2), expected(4)]);
    assert!(fetched.problems[0].message.contains("line 3: not UTF-8 text"), "{:?}", fetched.problems);
}

#[test]
fn a_file_that_cannot_be_used_says_what_it_lacks() {
    let cases = [
        ("", "X.csv: the file is empty"),
        ("\n\n", "X.csv: the file is empty"),
        (HEADER, "X.csv: no rows"),
        ("date,open,high,low,Adj Close,volume\n", "X.csv: no column close; the columns are date, open"),
        ("2024-01-02,1,4,0.5,2,100\n", "no column date, open, high, low, close, volume"),
        ("date,open,high,low,close,Close,volume\n", "two columns are named close: `close` and `Close`"),
    ];
    for (text, message) in cases {
        let error = error_of(read_csv(text));
        assert!(error.contains(message), "{text:?}: {error}");
    }
}

#[test]
fn stem_and_extension_are_found_in_any_case() {
    let text = HEADER.to_owned() + "2024-01-02,1,4,0.5,2,100\n";
    for (file, symbol) in [("equity/brk.b.CSV", "BRK.B"), ("equity/BRK.B.csv", "brk.b")] {
        let folder = Folder::with(&[(file, text.as_bytes()), ("equity/BRK.csv", b"")]);
        assert_eq!(folder.read(symbol).map(|fetched| fetched.bars), Ok(vec![expected(2)]), "{file}");
    }
}

#[test]
fn an_unknown_symbol_is_told_where_its_file_belongs() {
    for folder in [Folder::with(&[]), Folder::with(&[("equity/Y.csv", b""), ("crypto/X.csv", b"")])] {
        let error = folder.read("X").expect_err("no file");
        assert!(
            matches!(&error, SourceError::UnknownSymbol { symbol, .. } if symbol.as_str() == "X"),
            "{error}"
        );
        let place = Path::new(folder.0.path()).join("equity");
        assert!(
            error.to_string().ends_with(&format!("put X.csv or X.parquet into {}", place.display())),
            "{error}"
        );
    }
}

#[test]
fn two_files_of_one_symbol_are_refused() {
    let folder = Folder::with(&[("equity/X.csv", b""), ("equity/x.parquet", b"")]);
    let error = error_of(folder.read("X"));
    assert!(error.contains("X.csv") && error.contains("x.parquet"), "{error}");
}

fn parquet(columns: Vec<Series>) -> Folder {
    let mut frame =
        DataFrame::new_infer_height(columns.into_iter().map(Into::into).collect()).expect("a frame");
    let mut bytes = Vec::new();
    ParquetWriter::new(&mut bytes).finish(&mut frame).expect("a Parquet file");
    Folder::with(&[("equity/X.parquet", &bytes)])
}

/// A table of two rows whose first column is given; close and volume are integers.
fn prices(date: Series) -> Vec<Series> {
    vec![
        Series::new("Volume".into(), [100_i64, 100]),
        date,
        Series::new("open".into(), [1.0_f64, 1.0]),
        Series::new("high".into(), [4.0_f32, 4.0]),
        Series::new("low".into(), [0.5_f64, 0.5]),
        Series::new("close".into(), [2_i32, 2]),
        Series::new("Adj Close".into(), ["x", "y"]),
    ]
}

fn day_numbers() -> [i32; 2] {
    [day(2), day(3)].map(|day| day.to_epoch_days())
}

#[test]
fn parquet_dates_may_have_any_type() {
    let days = Series::new("Date".into(), day_numbers());
    let mut columns = vec![
        days.cast(&DataType::Date).expect("dates"),
        Series::new("date".into(), ["2024-01-02", "2024-01-03T00:00:00"]),
    ];
    for (unit, in_a_day) in [
        (TimeUnit::Milliseconds, 86_400_000_i64),
        (TimeUnit::Microseconds, 86_400_000_000),
        (TimeUnit::Nanoseconds, 86_400_000_000_000),
    ] {
        let instants = day_numbers().map(|day| i64::from(day) * in_a_day + in_a_day / 2);
        columns.push(
            Series::new("DATE".into(), instants).cast(&DataType::Datetime(unit, None)).expect("instants"),
        );
    }
    for column in columns {
        let kind = column.dtype().clone();
        let expected = Fetched { bars: vec![expected(2), expected(3)], ..Fetched::default() };
        assert_eq!(parquet(prices(column)).read("X"), Ok(expected), "{kind:?}");
    }
}

#[test]
fn an_empty_parquet_cell_drops_its_row() {
    let mut columns = prices(Series::new("date".into(), ["2024-01-02", "2024-01-03"]));
    columns[2] = Series::new("open".into(), [Some(1.0), None]);
    let fetched = parquet(columns).read("X").expect("the other row");
    assert_eq!(fetched.bars, [expected(2)]);
    assert!(
        fetched.problems[0].message.contains("X.parquet, line 2: open is empty"),
        "{:?}",
        fetched.problems
    );
}

#[test]
fn a_parquet_file_that_cannot_be_used_says_why() {
    let dates = || Series::new("date".into(), ["2024-01-02", "2024-01-03"]);
    let mut texts = prices(dates());
    texts[5] = Series::new("close".into(), ["2", "2"]);
    let mut without = prices(dates());
    drop(without.remove(5));
    let empty = prices(dates()).into_iter().map(|column| column.head(Some(0))).collect();
    let numbers = prices(Series::new("date".into(), [20_240_102_i64, 20_240_103]));
    let cases = [
        (parquet(texts), "column close: String is no number type"),
        (parquet(without), "no column close"),
        (parquet(empty), "no rows"),
        (parquet(numbers), "column date: Int64 is no date"),
        (Folder::with(&[("equity/X.parquet", b"PAR1 not really")]), "not a Parquet file"),
        (Folder::with(&[("equity/X.parquet", b"")]), "the file is empty"),
    ];
    for (folder, message) in cases {
        let error = error_of(folder.read("X"));
        assert!(error.contains("X.parquet") && error.contains(message), "{message}: {error}");
    }
}
