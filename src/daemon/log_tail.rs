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
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl LogTail {
    /// Returns the last lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

impl Write for LogTail {
    /// Takes one or more whole lines: a log is written line by line.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.extend(String::from_utf8_lossy(bytes).lines().map(str::to_owned));
        let unkept = lines.len().saturating_sub(KEPT);
        lines.drain(..unkept);
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
