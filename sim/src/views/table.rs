//! Tables of text: columns as wide as they have to be.

use std::fmt;

/// A column: its heading, and where its cells stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// Cells begin below the heading's first letter: text.
    Text(&'static str),
    /// Cells end below the heading's last letter: numbers.
    Number(&'static str),
}

/// Rows of cells under headings.
///
/// ```
/// use sim::views::{Column, Table};
/// let mut table = Table::new([Column::Number("pid"), Column::Text("name")]);
/// table.push([7.to_string(), "cat".into()]);
/// assert_eq!(table.to_string(), "pid  name\n  7  cat\n");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Table {
        Table { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub fn push(&mut self, row: impl IntoIterator<Item = String>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Its columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Its rows.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl Column {
    fn heading(self) -> &'static str {
        match self {
            Column::Text(heading) | Column::Number(heading) => heading,
        }
    }
}

/// A line for the headings and for each row; no blanks at the ends of lines.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |(index, column): (usize, &Column)| {
            let cells = self.rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.chars().count());
            cells.max().unwrap_or(0).max(column.heading().len())
        };
        let widths: Vec<usize> = self.columns.iter().enumerate().map(width).collect();
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let cells = cells.zip(&self.columns).zip(&widths).map(|((cell, column), &width)| match column {
                Column::Text(_) => format!("{cell:<width$}"),
                Column::Number(_) => format!("{cell:>width$}"),
            });
            cells.collect::<Vec<_>>().join("  ")
        };
        let headings = line(&mut self.columns.iter().map(|column| column.heading()));
        writeln!(f, "{}", headings.trim_end())?;
        for row in &self.rows {
            writeln!(f, "{}", line(&mut row.iter().map(String::as_str)).trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new([Column::Number("n"), Column::Text("what"), Column::Text("why")]);
        table.push(["1".into(), "é".into(), String::new()]);
        table.push(["100".into(), "a longer one".into(), "so".into()]);
        assert_eq!(table.to_string(), "  n  what          why\n  1  é\n100  a longer one  so\n");
        assert_eq!(Table::new([Column::Text("a")]).to_string(), "a\n");
    }
}
