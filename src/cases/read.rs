//! Reads a file of cases: TOML in, out come the sound cases and all that is wrong, by line.
//!
//! An unknown key is an error: a misspelt expectation would pass for ever. What is wrong in one
//! case costs that case only; what is wrong in the file's own `[row]` costs every row.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::file::{Answer, BarsCase, Case, CaseFile, CaseFileError, Given, Question, Segment};
use crate::domain::closest;
use crate::features::Feature;
use crate::lint;
use crate::scripts::PositionView;

/// Says of a row's feature that the file's own `[row]` does not count.
const MISSING: &str = "missing";

const FILE_KEYS: &[&str] = &["row", "case", "bars"];
const CASE_KEYS: &[&str] =
    &["name", "row", "position", "signal", "eligible", "trigger", "stop", "exit", "components", "score"];
const POSITION_KEYS: &[&str] =
    &["entry_price", "stop_price", "entry_date", "bars_held", "highest_close", "quantity"];
const BARS_KEYS: &[&str] = &["name", "start", "closes", "csv", "benchmark", "volume", "range", "expect"];

const A_NUMBER: &str = "a number, like 12.5";
const A_WHOLE_NUMBER: &str = "a whole number from 0 up";
const A_DATE: &str = "a date in quotes, like \"2026-03-02\"";
const A_TEXT: &str = "a text in quotes";
const AN_ANSWER: &str = "true, false, a number or a word in quotes";
const A_TABLE: &str = "a table, like `{ close = 101.0 }`";
const CLOSES: &str = "a list of closes and of lines like `{ bars = 20, from = 100, to = 110 }`";

pub(super) fn read(text: &str) -> (CaseFile, Vec<CaseFileError>) {
    let mut reader = Reader { text, problems: Vec::new() };
    let (table, slips) = DeTable::parse_recoverable(text);
    for slip in &slips {
        reader.refuse(slip.span().map_or(0, |span| span.start), slip.message());
    }
    // What a parser guesses behind a slip is not what anybody wrote.
    let file = if slips.is_empty() { reader.file(table.into_inner()) } else { CaseFile::default() };
    reader.same_names(&file);
    reader.problems.sort_by_key(|problem| problem.line);
    (file, reader.problems)
}

/// A key's value, as it was written.
type Value<'a> = Spanned<DeValue<'a>>;

/// The values of a table by their keys, all of them known ones.
struct Fields<'a> {
    /// Where the table begins, in bytes.
    at: usize,
    values: BTreeMap<String, Value<'a>>,
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<CaseFileError>,
}

impl<'a> Reader<'a> {
    fn file(&mut self, table: DeTable<'a>) -> CaseFile {
        let mut file = CaseFile::default();
        let mut fields = self.fields(0, table, FILE_KEYS);
        let before = self.problems.len();
        let base = match fields.values.remove("row") {
            Some(row) => self.row(&BTreeMap::new(), row),
            None => BTreeMap::new(),
        };
        let is_base_sound = self.problems.len() == before;
        for own in self.tables(&mut fields, "case", CASE_KEYS) {
            file.cases.extend(self.sound(|reader| reader.case(own, &base)));
        }
        for own in self.tables(&mut fields, "bars", BARS_KEYS) {
            file.bars.extend(self.sound(|reader| reader.bars(own)));
        }
        if !is_base_sound {
            file.cases.clear();
        }
        file
    }

    /// Returns what is read without anything wrong in it.
    fn sound<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let before = self.problems.len();
        read(self).filter(|_| self.problems.len() == before)
    }

    fn refuse(&mut self, at: usize, message: impl Into<String>) {
        let line = self.line(at);
        self.problems.push(CaseFileError { line, message: message.into() });
    }

    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().get(..at).unwrap_or(self.text.as_bytes());
        before.iter().filter(|byte| **byte == b'\n').count() + 1
    }

    /// Takes a table apart, and tells the keys that are not known.
    fn fields(&mut self, at: usize, table: DeTable<'a>, known: &[&str]) -> Fields<'a> {
        let mut values = BTreeMap::new();
        for (key, value) in table {
            let (at, key) = (key.span().start, key.into_inner().into_owned());
            if known.contains(&key.as_str()) {
                values.insert(key, value);
                continue;
            }
            let help = match closest(&key, known.iter().map(|known| (known, known))) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("there are: {}", known.join(", ")),
            };
            self.refuse(at, format!("there is no key `{key}` here; {help}"));
        }
        Fields { at, values }
    }

    /// Takes the tables of `[[key]]`.
    fn tables(&mut self, fields: &mut Fields<'a>, key: &str, known: &[&str]) -> Vec<Fields<'a>> {
        let Some(value) = fields.values.remove(key) else { return Vec::new() };
        let at = value.span().start;
        let DeValue::Array(items) = value.into_inner() else {
            self.refuse(at, format!("`{key}` is a list; begin each with `[[{key}]]`"));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items {
            let at = item.span().start;
            match item.into_inner() {
                DeValue::Table(table) => tables.push(self.fields(at, table, known)),
                _ => self.refuse(at, format!("`{key}` is a list of tables; begin each with `[[{key}]]`")),
            }
        }
        tables
    }

    /// Takes the value of a key; `None` where it is not there, or not what it must be.
    fn value<T: DeserializeOwned>(
        &mut self,
        fields: &mut Fields<'a>,
        key: &str,
        expected: &str,
    ) -> Option<T> {
        let value = fields.values.remove(key)?;
        self.of_type(key, value, expected)
    }

    /// As [`Reader::value`]; a key that is not there is told, too.
    fn needed<T: DeserializeOwned>(
        &mut self,
        fields: &mut Fields<'a>,
        key: &str,
        expected: &str,
    ) -> Option<T> {
        if !fields.values.contains_key(key) {
            self.refuse(fields.at, format!("`{key}` is not there; it is {expected}"));
        }
        self.value(fields, key, expected)
    }

    fn of_type<T: DeserializeOwned>(&mut self, key: &str, value: Value<'a>, expected: &str) -> Option<T> {
        let at = value.span().start;
        let read = T::deserialize(ValueDeserializer::from(value));
        read.map_err(|_| self.refuse(at, format!("`{key}` must be {expected}"))).ok()
    }

    fn table(&mut self, key: &str, value: Value<'a>) -> Option<DeTable<'a>> {
        let at = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.refuse(at, format!("`{key}` must be {A_TABLE}"));
                None
            }
        }
    }

    /// Reads the answers of a table by key, with where each key stands.
    fn answers(&mut self, fields: &mut Fields<'a>, key: &str) -> Vec<(String, usize, Answer)> {
        let Some(value) = fields.values.remove(key) else { return Vec::new() };
        let mut answers = Vec::new();
        for (name, value) in self.table(key, value).into_iter().flatten() {
            let (at, name) = (name.span().start, name.into_inner().into_owned());
            let answer = self.of_type(&name, value, AN_ANSWER);
            answers.extend(answer.map(|answer| (name, at, answer)));
        }
        answers
    }

    /// Reads a row over another one.
    fn row(&mut self, base: &BTreeMap<Feature, f64>, value: Value<'a>) -> BTreeMap<Feature, f64> {
        let mut row = base.clone();
        for (name, value) in self.table("row", value).into_iter().flatten() {
            let (at, name) = (name.span().start, name.into_inner().into_owned());
            let feature = match Feature::parse(&name) {
                Ok(feature) => feature,
                Err(unknown) => {
                    self.refuse(at, unknown.to_string());
                    continue;
                }
            };
            let expected = format!("a number, or \"{MISSING}\" where the file's [row] has it");
            match self.of_type(&name, value, &expected) {
                Some(Answer::Number(number)) => {
                    if let Err(why) = lint::within_bounds(&feature, number) {
                        self.refuse(at, why);
                    }
                    row.insert(feature, number);
                }
                Some(Answer::Word(word)) if word == MISSING => drop(row.remove(&feature)),
                Some(_) => self.refuse(at, format!("`{name}` must be {expected}")),
                None => {}
            }
        }
        row
    }

    fn case(&mut self, mut own: Fields<'a>, base: &BTreeMap<Feature, f64>) -> Option<Case> {
        let (at, line) = (own.at, self.line(own.at));
        let name: Option<String> = self.needed(&mut own, "name", A_TEXT);
        let row = match own.values.remove("row") {
            Some(row) => self.row(base, row),
            None => base.clone(),
        };
        let has_position = own.values.contains_key("position");
        let position = own.values.remove("position").and_then(|position| self.position(position));
        let signal = self.value(&mut own, "signal", A_TEXT);
        let rules = [
            ("eligible", Question::Eligible),
            ("trigger", Question::Trigger),
            ("stop", Question::Stop),
            ("exit", Question::Exit),
        ];
        let is_asked = |own: &Fields<'a>, key: &str| own.values.contains_key(key);
        let expects = ["components", "score"].iter().any(|key| is_asked(&own, key))
            || rules.iter().any(|(key, _)| is_asked(&own, key));
        let is_held = is_asked(&own, "stop") || is_asked(&own, "exit");
        let mut expected = Vec::new();
        for (key, question) in rules {
            let answer = self.value(&mut own, key, AN_ANSWER);
            expected.extend(answer.map(|answer| (question, answer)));
        }
        let components = self.answers(&mut own, "components");
        expected.extend(components.into_iter().map(|(name, _, answer)| (Question::Component(name), answer)));
        let score = self.value(&mut own, "score", AN_ANSWER);
        expected.extend(score.map(|answer| (Question::Score, answer)));
        let shown = name.as_deref().unwrap_or_default();
        if !expects {
            let keys = "`eligible`, `trigger`, `stop`, `exit`, `components` or `score`";
            self.refuse(at, format!("the case \"{shown}\" expects nothing; state {keys}"));
        }
        if is_held && !has_position {
            let message = format!("the case \"{shown}\" asks for `stop` or `exit` and has no `position`");
            self.refuse(at, message);
        }
        Some(Case { name: name?, line, row, position, signal, expected })
    }

    fn position(&mut self, value: Value<'a>) -> Option<PositionView> {
        let at = value.span().start;
        let table = self.table("position", value)?;
        let mut own = self.fields(at, table, POSITION_KEYS);
        let entry_price = self.needed(&mut own, "entry_price", A_NUMBER);
        let stop_price = self.needed(&mut own, "stop_price", A_NUMBER);
        let entry_date: Option<NaiveDate> = self.value(&mut own, "entry_date", A_DATE);
        let bars_held = self.value(&mut own, "bars_held", A_WHOLE_NUMBER);
        let highest_close = self.value(&mut own, "highest_close", A_NUMBER);
        let quantity = self.value(&mut own, "quantity", A_NUMBER);
        Some(PositionView {
            entry_price: entry_price?,
            stop_price: stop_price?,
            entry_date: entry_date.unwrap_or_default(),
            bars_held: bars_held.unwrap_or(1),
            highest_close: highest_close.or(entry_price)?,
            quantity: quantity.unwrap_or(1.0),
        })
    }

    fn bars(&mut self, mut own: Fields<'a>) -> Option<BarsCase> {
        let (at, line) = (own.at, self.line(own.at));
        let name: Option<String> = self.needed(&mut own, "name", A_TEXT);
        let shown = name.clone().unwrap_or_default();
        let is_file = own.values.contains_key("csv");
        let is_written = ["start", "closes"].map(|key| own.values.contains_key(key));
        if !matches!((is_file, is_written), (true, [false, false]) | (false, [true, true])) {
            self.refuse(at, format!("the bars \"{shown}\" are either `csv`, or `start` and `closes`"));
        }
        let file = self.value(&mut own, "csv", A_TEXT);
        let start = self.value(&mut own, "start", A_DATE);
        let closes: Vec<Segment> = self.value(&mut own, "closes", CLOSES).unwrap_or_default();
        let volume = self.value(&mut own, "volume", A_NUMBER).unwrap_or(1e6);
        let range = self.value(&mut own, "range", A_NUMBER).unwrap_or(0.01);
        let benchmark: Vec<Segment> = self.value(&mut own, "benchmark", CLOSES).unwrap_or_default();
        let before = self.problems.len();
        let answers = self.answers(&mut own, "expect");
        let mut expected = Vec::new();
        if answers.is_empty() && self.problems.len() == before {
            self.refuse(
                at,
                format!("the bars \"{shown}\" expect nothing; state `expect = {{ last = \"…\" }}`"),
            );
        }
        for (key, at, answer) in answers {
            match (key.as_str(), key.parse()) {
                ("last", _) => expected.push((None, answer)),
                (_, Ok(date)) => expected.push((Some(date), answer)),
                _ => self.refuse(at, format!("`{key}` is neither YYYY-MM-DD nor `last`")),
            }
        }
        let bars = match (file, start) {
            (Some(file), _) => Given::File(file),
            (None, start) => Given::Closes { start: start?, closes, volume, range },
        };
        Some(BarsCase { name: name?, line, bars, benchmark, expected })
    }

    /// Tells cases of one name: a failure of one could not be told from that of the other.
    fn same_names(&mut self, file: &CaseFile) {
        let rows = file.cases.iter().map(|case| (case.name.as_str(), case.line));
        let bars = file.bars.iter().map(|case| (case.name.as_str(), case.line));
        let mut named: Vec<(&str, usize)> = rows.chain(bars).collect();
        named.sort_by_key(|(_, line)| *line);
        let mut first = BTreeMap::new();
        for (name, line) in named {
            let other = *first.entry(name).or_insert(line);
            if other != line {
                let message = format!("the case on line {other} is called \"{name}\", too; rename one");
                self.problems.push(CaseFileError { line, message });
            }
        }
    }
}
