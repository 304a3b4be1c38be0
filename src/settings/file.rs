//! One settings file, flattened to checked keys that know their lines.
//!
//! A bad key costs itself only: everything that is wrong in a file is told at once. A text that
//! is no TOML at all is one error. No message quotes a line of the file, since a line may hold a
//! password that was put there by mistake.

use toml::Value;
use toml_edit::Item;
use toml_edit::TableLike;

use super::error::BadSetting;
use super::error::Origin;
use super::keys;
use super::keys::Path;
use super::value;

/// One value of one layer.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub value: Value,
    pub origin: Origin,
}

/// What one layer sets.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub entries: Vec<(Path, Entry)>,
    pub bad: Vec<BadSetting>,
    /// Whether this layer's jobs stand in place of those of the layers below.
    pub replaces_schedule: bool,
}

/// Reads the text of a settings file; `origin` is the file at any line.
pub(super) fn read(text: &str, origin: &Origin) -> Layer {
    let mut layer = Layer::default();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    match toml_edit::Document::parse(text) {
        Ok(document) => Reader { text, origin, layer: &mut layer }.table(document.as_table(), &Vec::new(), 1),
        Err(error) => {
            let line = line_at(text, error.span().map_or(text.len(), |span| span.start));
            let message = format!("{}; mend the TOML of this line", error.message().replace('\n', ", "));
            layer.bad.push(BadSetting { origin: origin.at_line(line), key: String::new(), message });
        }
    }
    layer
}

/// Returns the 1-based line of a byte offset.
fn line_at(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

struct Reader<'a> {
    text: &'a str,
    origin: &'a Origin,
    layer: &'a mut Layer,
}

impl Reader<'_> {
    fn line(&self, span: Option<std::ops::Range<usize>>) -> Option<usize> {
        span.map(|span| line_at(self.text, span.start))
    }

    fn refuse(&mut self, line: usize, path: &[String], message: String) {
        self.layer.bad.push(BadSetting {
            origin: self.origin.at_line(line),
            key: keys::dotted(path),
            message,
        });
    }

    fn table(&mut self, table: &dyn TableLike, path: &Path, table_line: usize) {
        for (name, item) in table.iter() {
            let key_span = table.key(name).and_then(toml_edit::Key::span);
            let line = self.line(key_span).or_else(|| self.line(item.span())).unwrap_or(table_line);
            let mut path = path.clone();
            path.push(name.to_owned());
            if let Some(position) = keys::position(&path) {
                self.value(item, path, keys::KEYS[position].kind, line);
            } else if path == ["schedule"] {
                self.jobs(item, &path, line);
            } else if !keys::is_section(&path) {
                self.refuse(line, &path, unknown(&path, keys::dotted));
            } else if let Some(section) = item.as_table_like() {
                self.table(section, &path, line);
            } else {
                self.refuse(
                    line,
                    &path,
                    format!("is {}; write a table of settings", value::article(item.type_name())),
                );
            }
        }
    }

    fn jobs(&mut self, item: &Item, path: &Path, line: usize) {
        self.layer.replaces_schedule = true;
        let jobs: Vec<(&dyn TableLike, usize)> = if let Some(tables) = item.as_array_of_tables() {
            tables.iter().map(|job| (job as &dyn TableLike, self.line(job.span()).unwrap_or(line))).collect()
        } else if let Some(array) = item.as_array()
            && array.iter().all(toml_edit::Value::is_inline_table)
        {
            let inline = array.iter().filter_map(toml_edit::Value::as_inline_table);
            inline.map(|job| (job as &dyn TableLike, self.line(job.span()).unwrap_or(line))).collect()
        } else {
            return self.refuse(
                line,
                path,
                "is not a list of jobs; write [[schedule]] above each".to_owned(),
            );
        };
        for (i, (job, job_line)) in jobs.into_iter().enumerate() {
            let mut path = path.clone();
            path.push(i.to_string());
            for name in keys::JOB_KEYS.into_iter().filter(|name| !job.contains_key(name)) {
                self.refuse(
                    job_line,
                    &path,
                    format!("lacks `{name}`; a job needs {}", keys::JOB_KEYS.join(", ")),
                );
            }
            self.table(job, &path, job_line);
        }
    }

    fn value(&mut self, item: &Item, path: Path, kind: value::Kind, line: usize) {
        let Some(value) = plain(item) else {
            return self.refuse(line, &path, "is a date or a list of tables; no setting is".to_owned());
        };
        for fault in value::faults(kind, &value) {
            let in_list = fault.item.and_then(|i| item.as_array().and_then(|array| array.get(i)));
            let line = in_list.and_then(|value| self.line(value.span())).unwrap_or(line);
            self.refuse(line, &path, fault.message);
        }
        self.layer.entries.push((path, Entry { value, origin: self.origin.at_line(line) }));
    }
}

/// Returns what to say of a key that does not exist, naming others by `spelling`.
pub(super) fn unknown(path: &Path, spelling: fn(&[String]) -> String) -> String {
    if let Some(variable) = keys::secret_variable(path) {
        return format!("is not read from here; set {variable} in the environment or in `.env`");
    }
    match keys::suggestion(path) {
        Some(known) => format!("is not a setting; did you mean `{}`?", spelling(&known)),
        None => "is not a setting; the commented ts.toml of `ts init` has them all".to_owned(),
    }
}

/// Returns a TOML item without its layout; `None` for what no setting may be.
fn plain(item: &Item) -> Option<Value> {
    match item {
        Item::Value(value) => plain_value(value),
        Item::Table(table) => {
            let pairs = table.iter().map(|(name, item)| Some((name.to_owned(), plain(item)?)));
            Some(Value::Table(pairs.collect::<Option<_>>()?))
        }
        Item::None | Item::ArrayOfTables(_) => None,
    }
}

fn plain_value(value: &toml_edit::Value) -> Option<Value> {
    Some(match value {
        toml_edit::Value::String(text) => Value::String(text.value().clone()),
        toml_edit::Value::Integer(n) => Value::Integer(*n.value()),
        toml_edit::Value::Float(x) => Value::Float(*x.value()),
        toml_edit::Value::Boolean(switch) => Value::Boolean(*switch.value()),
        toml_edit::Value::Datetime(_) => return None,
        toml_edit::Value::Array(items) => Value::Array(items.iter().map(plain_value).collect::<Option<_>>()?),
        toml_edit::Value::InlineTable(table) => {
            let pairs = table.iter().map(|(name, value)| Some((name.to_owned(), plain_value(value)?)));
            Value::Table(pairs.collect::<Option<_>>()?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares what is wrong with a file, one `line key: message` each.
    fn check(text: &str, expected: &[&str]) {
        let origin = Origin::Default { line: 0 };
        let said = |bad: &BadSetting| {
            let Origin::Default { line } = bad.origin else { return bad.to_string() };
            format!("{line} {}: {}", bad.key, bad.message)
        };
        let found: Vec<String> = read(text, &origin).bad.iter().map(said).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_its_line() {
        check(
            "[risk]\nmax_positon = 0.1\nmax_position = 15\n\n[email]\nsmtp_port = \"x\"\n",
            &[
                "2 risk.max_positon: is not a setting; did you mean `risk.max_position`?",
                "3 risk.max_position: 15 is out of range; write a fraction over 0 and at most 1 (0.15 is 15 percent)",
                "6 email.smtp_port: \"x\" is a string; write a whole number",
            ],
        );
    }

    #[test]
    fn an_item_of_a_long_list_has_its_own_line() {
        check(
            "[universe]\nequity = [\n  \"AAPL\",\n  \"A B\",\n]\n",
            &["4 universe.equity: \"A B\" is not a symbol; write one like \"BRK.B\""],
        );
    }

    #[test]
    fn a_secret_is_sent_to_the_environment_and_not_repeated() {
        check(
            "[sources.polygon]\napi_key = \"hunter2\"\n[email]\nsmtp_password = \"hunter2\"\n",
            &[
                "2 sources.polygon.api_key: is not read from here; set POLYGON_API_KEY in the environment or in `.env`",
                "4 email.smtp_password: is not read from here; set SMTP_PASSWORD in the environment or in `.env`",
            ],
        );
    }

    #[test]
    fn a_broken_line_is_named_without_its_text() {
        let bad = read("[email]\nsmtp_password = hunter2\n", &Origin::Default { line: 0 }).bad;
        assert_eq!(bad.len(), 1);
        assert_eq!(bad[0].origin, Origin::Default { line: 2 });
        assert!(!bad[0].message.contains("hunter2"), "{}", bad[0].message);
    }

    #[test]
    fn a_job_needs_all_its_keys() {
        check(
            "[[schedule]]\njob = \"a\"\nasset_class = \"equity\"\ncron = \"1 2 * * *\"\n",
            &["1 schedule.0: lacks `timezone`; a job needs job, asset_class, cron, timezone"],
        );
        check(
            "[schedule]\njob = \"a\"\n",
            &["1 schedule: is not a list of jobs; write [[schedule]] above each"],
        );
    }

    #[test]
    fn a_table_and_a_value_are_not_mixed_up() {
        check("risk = 1\n", &["1 risk: is an integer; write a table of settings"]);
        check(
            "[risk]\nmax_position = { a = 1 }\n",
            &[
                "2 risk.max_position: { a = 1 } is a table; write a fraction over 0 and at most 1 (0.15 is 15 percent)",
            ],
        );
    }

    #[test]
    fn both_forms_of_a_universe_file_are_read() {
        check("[universe]\nequity = { file = \"u.csv\" }\n", &[]);
        check("[universe.equity]\nfile = \"u.csv\"\n", &[]);
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_accepted() {
        check("\u{feff}[risk]\r\nmax_positions = 3\r\n", &[]);
    }
}
