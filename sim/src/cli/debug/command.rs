//! The commands of a debugging session: one table, from which they are read and explained.

use crate::cli::list::suggestion;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Command {
    Step(u64),
    Back(u64),
    Run(Option<u64>),
    GoTo(u64),
    Choose(u32),
    Choices,
    Processes,
    Where(Option<u32>),
    Fds(u32),
    Memory(u32),
    Signals(u32),
    Pipes,
    Help,
    Quit,
}

/// What a command takes, and how it is made of that.
#[derive(Clone, Copy)]
enum Takes {
    Nothing(Command),
    /// A number of steps, 1 if it isn't given.
    Steps(fn(u64) -> Command),
    /// A number of steps that may be left out.
    StepsAtMost(fn(Option<u64>) -> Command),
    /// The number of a step.
    Step(fn(u64) -> Command),
    Pid(fn(u32) -> Command),
    PidOrAll(fn(Option<u32>) -> Command),
}

struct Row {
    name: &'static str,
    short: &'static str,
    takes: Takes,
    about: &'static str,
}

const fn row(name: &'static str, short: &'static str, takes: Takes, about: &'static str) -> Row {
    Row { name, short, takes, about }
}

const ROWS: &[Row] = &[
    row("step", "s", Takes::Steps(Command::Step), "make a step, or N, and tell what happens"),
    row("back", "b", Takes::Steps(Command::Back), "go a step back, or N"),
    row("run", "r", Takes::StepsAtMost(Command::Run), "run to the end, or at most N steps"),
    row("goto", "g", Takes::Step(Command::GoTo), "go to where STEP steps have been made"),
    row("choose", "c", Takes::Pid(Command::Choose), "let this process make the next step: another future begins"),
    row("choices", "", Takes::Nothing(Command::Choices), "list what was chosen against the default"),
    row("processes", "ps", Takes::Nothing(Command::Processes), "list processes: who runs, who waits for what"),
    row("where", "w", Takes::PidOrAll(Command::Where), "show the source line on which a process stands, or all"),
    row("fds", "f", Takes::Pid(Command::Fds), "list what a process has open"),
    row("memory", "m", Takes::Pid(Command::Memory), "list regions, pages and frames of a process"),
    row("signals", "", Takes::Pid(Command::Signals), "list its signals: pending, blocked, ignored, caught, delivered"),
    row("pipes", "p", Takes::Nothing(Command::Pipes), "list pipes and who holds their ends"),
    row("help", "h", Takes::Nothing(Command::Help), "list the commands"),
    row("quit", "q", Takes::Nothing(Command::Quit), "end the session; so does the end of the input"),
];

impl Row {
    /// How it is written.
    fn usage(&self) -> String {
        let argument = match self.takes {
            Takes::Nothing(_) => "",
            Takes::Steps(_) | Takes::StepsAtMost(_) => " [N]",
            Takes::Step(_) => " STEP",
            Takes::Pid(_) => " PID",
            Takes::PidOrAll(_) => " [PID]",
        };
        format!("{}{argument}", self.name)
    }

    fn make(&self, argument: Option<&str>) -> Result<Command, String> {
        let bad = |what: &str, given: &str| format!("`{}` takes {what}, not `{given}`", self.name);
        let missing = |what: &str| format!("`{}` needs {what}: `{}`", self.name, self.usage());
        let count = |what, text: &str| text.parse::<u64>().map_err(|_| bad(what, text));
        let pid = |text: &str| text.parse::<u32>().map_err(|_| bad("a process id", text));
        let steps = "a number of steps";
        match (self.takes, argument) {
            (Takes::Nothing(command), None) => Ok(command),
            (Takes::Nothing(_), Some(given)) => Err(bad("nothing", given)),
            (Takes::Steps(make), None) => Ok(make(1)),
            (Takes::Steps(make), Some(text)) => count(steps, text).map(make),
            (Takes::StepsAtMost(make), text) => text.map(|text| count(steps, text)).transpose().map(make),
            (Takes::Step(make), Some(text)) => count("the number of a step", text).map(make),
            (Takes::Step(_), None) => Err(missing("the number of a step")),
            (Takes::Pid(make), Some(text)) => pid(text).map(make),
            (Takes::Pid(_), None) => Err(missing("a process id")),
            (Takes::PidOrAll(make), text) => text.map(pid).transpose().map(make),
        }
    }
}

impl Command {
    /// Reads a line: a command's name, its short form or the beginning of its name, and what it takes. `None`: nothing is
    /// asked, the line is empty or a comment.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(line: &str) -> Result<Option<Command>, String> {
        let mut words = line.split_whitespace();
        let Some(name) = words.next().filter(|name| !name.starts_with('#')) else { return Ok(None) };
        let (argument, more) = (words.next(), words.next());
        let row = find(name)?;
        match more {
            Some(more) => Err(format!("`{more}` is too much: `{}`", row.usage())),
            None => row.make(argument).map(Some),
        }
    }

    /// The list of all commands.
    pub(crate) fn help() -> String {
        let width = ROWS.iter().map(|row| row.usage().len()).max().unwrap_or(0);
        let line = |row: &Row| format!("  {:<width$}  {:<2}  {}\n", row.usage(), row.short, row.about);
        ROWS.iter().map(line).collect()
    }
}

fn find(name: &str) -> Result<&'static Row, String> {
    if let Some(row) = ROWS.iter().find(|row| row.name == name || row.short == name) {
        return Ok(row);
    }
    let begun: Vec<_> = ROWS.iter().filter(|row| row.name.starts_with(name)).collect();
    match begun[..] {
        [row] => Ok(row),
        [] => {
            let near = suggestion(name, ROWS.iter().map(|row| row.name));
            Err(format!("no command `{name}`{near}; `help` lists them"))
        }
        _ => {
            let names: Vec<_> = begun.iter().map(|row| row.name).collect();
            Err(format!("`{name}` may be {}", names.join(" or ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_short_forms_and_beginnings_are_understood() {
        for (line, command) in [
            ("step", Command::Step(1)),
            ("s 12", Command::Step(12)),
            ("  back\t3 ", Command::Back(3)),
            ("run", Command::Run(None)),
            ("r 5", Command::Run(Some(5))),
            ("ps", Command::Processes),
            ("mem 2", Command::Memory(2)),
            ("w", Command::Where(None)),
            ("where 4", Command::Where(Some(4))),
            ("goto 0", Command::GoTo(0)),
        ] {
            assert_eq!(Command::read(line), Ok(Some(command)), "{line}");
        }
        assert_eq!([Command::read(""), Command::read("# note")], [Ok(None), Ok(None)]);
    }

    #[test]
    fn mistakes_are_told() {
        for (line, message) in [
            ("stpe", "no command `stpe`, did you mean `step`?; `help` lists them"),
            ("xyzzy 1", "no command `xyzzy`; `help` lists them"),
            ("cho 3", "`cho` may be choose or choices"),
            ("step x", "`step` takes a number of steps, not `x`"),
            ("back -1", "`back` takes a number of steps, not `-1`"),
            ("step 99999999999999999999", "`step` takes a number of steps, not `99999999999999999999`"),
            ("fds", "`fds` needs a process id: `fds PID`"),
            ("fds one", "`fds` takes a process id, not `one`"),
            ("goto", "`goto` needs the number of a step: `goto STEP`"),
            ("quit 1", "`quit` takes nothing, not `1`"),
            ("step 1 2", "`2` is too much: `step [N]`"),
        ] {
            assert_eq!(Command::read(line), Err(message.into()), "{line}");
        }
    }

    #[test]
    fn no_name_means_two_commands() {
        let names: Vec<_> = ROWS.iter().flat_map(|row| [row.name, row.short]).filter(|name| !name.is_empty()).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }
}
