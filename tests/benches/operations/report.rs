//! The table at the end: each operation beside its yardstick.

use std::fmt;
use std::time::Duration;

/// What a ratio should be.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Goal {
    /// Nothing in particular.
    None,
    /// So many times faster than the yardstick, at least.
    Faster(f64),
    /// So many times what the yardstick takes, at most.
    AtMostTimes(f64),
    /// So many seconds, at most.
    Seconds(f64),
}

/// An operation.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) nanoseconds: f64,
    /// What it is compared with, and how long that takes.
    pub(crate) yardstick: (&'static str, f64),
    /// The yardstick's time by its own: the median of those of all pairs of samples.
    pub(crate) ratio: f64,
    pub(crate) goal: Goal,
}

impl Row {
    fn verdict(&self) -> &'static str {
        let reached = match self.goal {
            Goal::None => return "",
            Goal::Faster(times) => self.ratio >= times,
            Goal::AtMostTimes(times) => 1.0 / self.ratio <= times,
            Goal::Seconds(seconds) => self.nanoseconds <= seconds * 1e9,
        };
        if reached { "reached" } else { "MISSED" }
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Report {
    rows: Vec<Row>,
}

impl Report {
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// What was measured once, and has no yardstick.
    pub(crate) fn add_once(&mut self, name: &str, took: Duration, goal: Goal) {
        let nanoseconds = took.as_nanos() as f64;
        self.add(Row { name: name.to_string(), nanoseconds, yardstick: ("", f64::NAN), ratio: f64::NAN, goal });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "built for {} processes", kernel::limits::PROCESSES)?;
        writeln!(f, "{:<48} {:>10} {:>22} {:>15} {:>20}", "operation", "Vitrine", "beside", "ratio", "goal")?;
        for row in &self.rows {
            let (yardstick, ratio) = match row.yardstick {
                ("", _) => (String::new(), String::new()),
                (name, took) if row.ratio >= 1.3 => (format!("{name} {}", time(took)), times(row.ratio, "faster")),
                (name, took) => (format!("{name} {}", time(took)), times(1.0 / row.ratio, "as long")),
            };
            let goal = match row.goal {
                Goal::None => String::new(),
                Goal::Faster(least) => format!(">= {least}x: {}", row.verdict()),
                Goal::AtMostTimes(most) => format!("<= {most}x: {}", row.verdict()),
                Goal::Seconds(most) => format!("<= {most} s: {}", row.verdict()),
            };
            let line = format!("{:<48} {:>10} {yardstick:>22} {ratio:>15} {goal:>20}", row.name, time(row.nanoseconds));
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn times(ratio: f64, what: &str) -> String {
    format!("{ratio:.*}x {what}", if ratio < 10.0 { 2 } else { 0 })
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        few if few < 1e3 => format!("{few:.1} ns"),
        some if some < 1e6 => format!("{:.2} us", some / 1e3),
        many if many < 1e9 => format!("{:.1} ms", many / 1e6),
        seconds => format!("{:.2} s", seconds / 1e9),
    }
}

/// The middle one.
pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
