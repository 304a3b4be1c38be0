//! The last lines of the log, kept in memory so that a mail about a failure can show them.

use std::collections::VecDeque;
use std::io;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// The lines that are kept.
const KEPT: usize = 200;

/// A log's last lines; what is written to it is cut into lines. Cheap to clone, and all clones are one.
#[derive(Clone, Debug, Default)]
pub struct LogTail {
    lines: Arc<Mutex<Lines>>,
}

#[derive(Debug, Default)]
struct Lines {
    whole: VecDeque<String>,
    /// What came behind the last end of a line.
    begun: String,
}

impl LogTail {
    /// Returns the last lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).whole.iter().cloned().collect()
    }
}

impl Write for LogTail {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        for part in String::from_utf8_lossy(bytes).split_inclusive('\n') {
            lines.begun.push_str(part);
            if lines.begun.ends_with('\n') {
                let whole = std::mem::take(&mut lines.begun);
                lines.whole.push_back(whole.trim_end().to_owned());
            }
        }
        let unkept = lines.whole.len().saturating_sub(KEPT);
        lines.whole.drain(..unkept);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_in_order() {
        let tail = LogTail::default();
        let mut writer = tail.clone();
        for number in 0..KEPT + 5 {
            writeln!(writer, "line {number}").expect("memory is written");
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), KEPT);
        assert_eq!((lines[0].as_str(), lines[KEPT - 1].as_str()), ("line 5", "line 204"));
    }
}
