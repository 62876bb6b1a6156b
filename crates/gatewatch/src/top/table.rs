//! Tables for a terminal: sorted by a column, cut to its width by the cells that characters take there, so that Korean names
//! keep the columns straight.

use std::cmp::Ordering;

/// What stands in a cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Text(String),
    /// A number and how it is shown.
    Number(f64, String),
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// A share as percent; nothing where it is not known.
    pub(super) fn percent(ratio: Option<f64>) -> Self {
        ratio.map_or_else(Self::unknown, |ratio| Self::Number(ratio, format!("{:.1}%", ratio * 100.0)))
    }

    /// Bytes in a unit that fits.
    pub(super) fn bytes(bytes: Option<f64>) -> Self {
        bytes.map_or_else(Self::unknown, |bytes| Self::Number(bytes, readable(bytes)))
    }

    /// A number with some digits behind the point.
    pub(super) fn number(number: Option<f64>, digits: usize) -> Self {
        number.map_or_else(Self::unknown, |number| Self::Number(number, format!("{number:.digits$}")))
    }

    fn unknown() -> Self {
        Self::Number(f64::NEG_INFINITY, "-".to_owned())
    }

    fn shown(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(_, text) => text,
        }
    }

    /// Texts from A on, numbers from the greatest on.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a, _), Self::Number(b, _)) => b.total_cmp(a),
            _ => self.shown().cmp(other.shown()),
        }
    }
}

fn readable(bytes: f64) -> String {
    const UNITS: [&str; 6] = ["B", "K", "M", "G", "T", "P"];
    let (mut value, mut unit) = (bytes, 0);
    while value.abs() >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && value < 100.0);
    format!("{value:.digits$}{}", UNITS[unit])
}

/// Rows under titles; the last column takes the room that is left.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) titles: &'static [&'static str],
    pub(super) rows: Vec<Vec<Cell>>,
}

/// Which rows come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: usize,
    pub(super) is_reversed: bool,
}

impl Table {
    /// Sorts rows; rows that are equal in the column stay as they were.
    pub(super) fn sort(&mut self, order: Order) {
        self.rows.sort_by(|a, b| {
            let ordering = match (a.get(order.column), b.get(order.column)) {
                (Some(a), Some(b)) => a.compare(b),
                _ => Ordering::Equal,
            };
            if order.is_reversed { ordering.reverse() } else { ordering }
        });
    }

    /// Lines for a terminal of some width: titles, then rows from `skip` on, at most `room` of them.
    pub(super) fn lines(&self, width: usize, skip: usize, room: usize) -> Vec<String> {
        let rows: Vec<&Vec<Cell>> = self.rows.iter().skip(skip).take(room).collect();
        let widest = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| columns(cell.shown()));
            cells.chain([columns(self.titles[column])]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.titles.len()).map(widest).collect();
        let is_number = |column: usize| rows.iter().any(|row| matches!(row.get(column), Some(Cell::Number(..))));
        let line = |cell: &dyn Fn(usize) -> String| {
            let mut line = String::new();
            for (column, width) in widths.iter().enumerate() {
                let (text, is_last) = (cell(column), column + 1 == widths.len());
                let padding = " ".repeat(width.saturating_sub(columns(&text)));
                let parts = if is_number(column) { [padding.as_str(), &text] } else { [text.as_str(), &padding] };
                line.extend(parts);
                line.push_str(if is_last { "" } else { "  " });
            }
            cut(&line, width).trim_end().to_owned()
        };
        let mut lines = vec![line(&|column| self.titles[column].to_owned())];
        lines.extend(rows.iter().map(|row| line(&|column| row.get(column).map_or("", Cell::shown).to_owned())));
        lines
    }
}

/// Text of at most so many columns; what cannot be shown in a line is replaced.
pub(super) fn cut(text: &str, width: usize) -> String {
    let (mut out, mut used) = (String::new(), 0);
    for c in text.chars() {
        // A program's name may hold what would steer the terminal.
        let c = if c.is_control() { '?' } else { c };
        used += width_of(c);
        if used > width {
            break;
        }
        out.push(c);
    }
    out
}

/// Columns that a text takes.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(width_of).sum()
}

/// Columns of a character: none for marks that join the one before, two for those that East Asian terminals draw wide.
fn width_of(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f | 0x1160..=0x11ff | 0x200b..=0x200f | 0xfe00..=0xfe0f => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xa960..=0xa97f
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |name: &str, cpu: f64, command: &str| {
            vec![Cell::text(name), Cell::percent(Some(cpu)), Cell::bytes(None), Cell::text(command)]
        };
        Table {
            titles: &["NAME", "CPU", "MEMORY", "COMMAND"],
            rows: vec![row("web", 0.5, "nginx -g"), row("한글", 1.25, "감시 \u{1b}[2J"), row("db", 0.1, "postgres")],
        }
    }

    #[test]
    fn columns_stay_straight_beside_wide_characters() {
        let mut table = table();
        table.sort(Order { column: 1, is_reversed: false });
        assert_eq!(
            table.lines(80, 0, 10),
            [
                "NAME     CPU  MEMORY  COMMAND",
                "한글  125.0%       -  감시 ?[2J",
                "web    50.0%       -  nginx -g",
                "db     10.0%       -  postgres",
            ]
        );
        table.sort(Order { column: 0, is_reversed: true });
        assert_eq!(table.lines(4, 1, 1), ["NAME", "web"]);
    }

    #[test]
    fn lines_are_cut_between_characters() {
        assert_eq!(cut("가나다", 5), "가나");
        assert_eq!((columns("가a"), columns("e\u{301}")), (3, 1));
        for (bytes, text) in [(0.0, "0B"), (1023.0, "1023B"), (1536.0, "1.5K"), (300.0 * 1048576.0, "300M")] {
            assert_eq!(readable(bytes), text);
        }
    }
}
