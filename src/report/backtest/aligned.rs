//! Text in columns, every cell to the right.

/// Aligns rows of equally many cells, the header being the first of them.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for row in rows {
        for (cell, width) in row.iter().zip(&widths) {
            text.push_str("  ");
            text.push_str(&" ".repeat(width - cell.chars().count()));
            text.push_str(cell);
        }
        text.push('\n');
    }
    text
}
