//! `pstree(1)`: shows who is whose child.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::ProcessInfo;

use super::process_table::{name, state};
use crate::libc::{Manual, Opt, Output, PLAIN, complain, parse_number, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "pstree",
    usage: "[OPTION]... [PID]",
    about: "Show the tree of processes, from PID 1 or the given one.  Zombies are marked Z.",
    options: &[
        Opt::flag("p", "show-pids", "show process ids; implies -c"),
        Opt::flag("c", "compact-not", "don't compact identical subtrees"),
        Opt::flag("A", "ascii", "use ASCII lines, as it always does"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let root = match given.operands[..] {
        [] => 1,
        [text] => match parse_number(text) {
            Some(pid) => pid,
            None => return Err(MANUAL.misuse(sys, format_args!("invalid process id {}", quote(text))).await),
        },
        [_, extra, ..] => return Err(MANUAL.misuse(sys, format_args!("extra operand {}", quote(extra))).await),
    };
    let processes = match sys.processes().await {
        Ok(processes) => processes,
        Err(errno) => {
            complain(sys, MANUAL.name, format_args!("cannot list processes: {errno}")).await;
            return Err(1);
        }
    };
    let pids = given.has("show-pids");
    let drawing = Drawing { processes: &processes, pids, compact: !pids && !given.has("compact-not") };
    let Some(root) = processes.iter().find(|process| i64::from(process.pid) == root) else {
        return Ok(1);
    };
    let mut output = Output::new(sys, &MANUAL);
    output.push(drawing.tree(root).as_bytes());
    output.flush().await?;
    Ok(0)
}

struct Drawing<'a> {
    processes: &'a [ProcessInfo],
    pids: bool,
    /// Identical subtrees are drawn once.
    compact: bool,
}

impl Drawing<'_> {
    /// The lines of a whole tree.
    fn tree(&self, root: &ProcessInfo) -> String {
        let mut text = String::new();
        for line in self.lines(root) {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The lines of a process and its descendants, their left edge at the process's name.
    fn lines(&self, process: &ProcessInfo) -> Vec<String> {
        let label = self.label(process);
        let subtrees = self.subtrees(process);
        if subtrees.is_empty() {
            return [label].into();
        }
        let last = subtrees.len() - 1;
        let indent = " ".repeat(label.len());
        let mut lines = Vec::new();
        for (index, subtree) in subtrees.iter().enumerate() {
            for (row, line) in subtree.iter().enumerate() {
                let start = if lines.is_empty() { &label } else { &indent };
                let branch = match (row, index) {
                    (0, 0) if last == 0 => "---",
                    (0, 0) => "-+-",
                    (0, _) if index == last => " `-",
                    (0, _) => " |-",
                    _ if index == last => "   ",
                    _ => " | ",
                };
                lines.push(format!("{start}{branch}{line}"));
            }
        }
        lines
    }

    /// The subtrees of the children. Of identical ones the first stands for all, with their number.
    fn subtrees(&self, process: &ProcessInfo) -> Vec<Vec<String>> {
        let mut subtrees: Vec<(usize, Vec<String>)> = Vec::new();
        for child in self.processes.iter().filter(|child| child.ppid == process.pid) {
            let lines = self.lines(child);
            match subtrees.iter_mut().find(|(_, other)| self.compact && *other == lines) {
                Some((count, _)) => *count += 1,
                None => subtrees.push((1, lines)),
            }
        }
        subtrees.into_iter().map(|(count, lines)| if count > 1 { multiple(count, lines) } else { lines }).collect()
    }

    fn label(&self, process: &ProcessInfo) -> String {
        let mut label = name(process);
        if state(process) == 'Z' {
            label.push_str(" Z");
        }
        if self.pids {
            label = format!("{label}({})", process.pid);
        }
        label
    }
}

/// A subtree that stands for several.
fn multiple(count: usize, lines: Vec<String>) -> Vec<String> {
    let prefix = format!("{count}*[");
    let indent = " ".repeat(prefix.len());
    let last = lines.len() - 1;
    let mark = |(row, line): (usize, String)| {
        let start = if row == 0 { &prefix } else { &indent };
        let end = if row == last { "]" } else { "" };
        format!("{start}{line}{end}")
    };
    lines.into_iter().enumerate().map(mark).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, ppid: i32, name: &str) -> ProcessInfo {
        let mut info = ProcessInfo { pid, ppid, state: 'S'.into(), ..ProcessInfo::default() };
        info.name[..name.len()].copy_from_slice(name.as_bytes());
        info
    }

    fn draw(processes: &[ProcessInfo], compact: bool) -> String {
        Drawing { processes, pids: false, compact }.tree(&processes[0])
    }

    #[test]
    fn branches_are_drawn_as_pstree_does() {
        let processes =
            [process(1, 0, "init"), process(2, 1, "sh"), process(3, 2, "cat"), process(4, 2, "wc"), process(5, 1, "x")];
        assert_eq!(draw(&processes, true), "init-+-sh-+-cat\n     |    `-wc\n     `-x\n");
    }

    #[test]
    fn identical_subtrees_are_drawn_once() {
        let processes = [process(1, 0, "a"), process(2, 1, "b"), process(3, 1, "b")];
        assert_eq!(draw(&processes, true), "a---2*[b]\n");
        assert_eq!(draw(&processes, false), "a-+-b\n  `-b\n");
    }
}
