//! Commands that the shell itself carries out, because a child couldn't do it for it
//! (POSIX.1-2024, Shell & Utilities, 2.15, and `cd`, `wait`, `false`, `true`).

use alloc::format;
use alloc::vec::Vec;

use super::command::execute;
use super::run::Flow;
use super::state::Shell;
use super::syntax::is_name;
use super::{jobs, kill, prompt, trap, wait};
use crate::libc::{Output, STDOUT, display_name, parse_number, quote, write_all};

/// Which builtin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Builtin {
    Bg,
    Break,
    Cd,
    Colon,
    Continue,
    Eval,
    Exec,
    Exit,
    Export,
    False,
    Fg,
    History,
    Jobs,
    Kill,
    Set,
    Shift,
    Trap,
    True,
    Unset,
    Wait,
}

impl Builtin {
    /// Whether it is a special built-in utility (POSIX.1-2024 XCU 2.15).
    pub(super) fn is_special(self) -> bool {
        use Builtin::*;
        matches!(self, Break | Colon | Continue | Eval | Exec | Exit | Export | Set | Shift | Trap | Unset)
    }
}

/// Their names, for completion.
pub(super) const NAMES: &[&str] = &[
    "bg", "break", "cd", "continue", "eval", "exec", "exit", "export", "false", "fg", "history", "jobs", "kill", "set",
    "shift", "trap", "true", "unset", "wait",
];

/// The builtin with this name.
pub(super) fn find(name: &[u8]) -> Option<Builtin> {
    Some(match name {
        b"bg" => Builtin::Bg,
        b"break" => Builtin::Break,
        b"cd" => Builtin::Cd,
        b":" => Builtin::Colon,
        b"continue" => Builtin::Continue,
        b"eval" => Builtin::Eval,
        b"exec" => Builtin::Exec,
        b"exit" => Builtin::Exit,
        b"export" => Builtin::Export,
        b"false" => Builtin::False,
        b"fg" => Builtin::Fg,
        b"history" => Builtin::History,
        b"jobs" => Builtin::Jobs,
        b"kill" => Builtin::Kill,
        b"set" => Builtin::Set,
        b"shift" => Builtin::Shift,
        b"trap" => Builtin::Trap,
        b"true" => Builtin::True,
        b"unset" => Builtin::Unset,
        b"wait" => Builtin::Wait,
        _ => return None,
    })
}

/// Carries one out; `fields` begins with its name.
pub(super) async fn run(shell: &mut Shell, builtin: Builtin, fields: &[Vec<u8>]) -> Flow {
    let arguments = &fields[1..];
    let mut flow = Flow::Next;
    let status = match builtin {
        Builtin::Colon | Builtin::True => 0,
        Builtin::False => 1,
        Builtin::Cd => change_directory(shell, arguments).await,
        Builtin::Bg => jobs::bg(shell, arguments).await,
        Builtin::Eval => return trap::eval(shell, &arguments.join(&b' ')).await,
        Builtin::Exit => {
            let (Ok(status) | Err(status)) = number_or(shell, "exit", arguments, shell.parameters.status).await;
            if shell.may_leave().await {
                shell.parameters.status = status;
                match shell.leave().await {}
            }
            1
        }
        Builtin::Break | Builtin::Continue => {
            let name = if builtin == Builtin::Break { "break" } else { "continue" };
            match number_or(shell, name, arguments, 1).await {
                Ok(loops) if loops > 0 && shell.loops > 0 => {
                    let loops = (loops as usize).min(shell.loops);
                    flow = if builtin == Builtin::Break { Flow::Break(loops) } else { Flow::Continue(loops) };
                    0
                }
                // Outside of loops it does nothing, as in most shells.
                Ok(_) => 0,
                Err(status) => status,
            }
        }
        Builtin::Exec if arguments.is_empty() => 0,
        Builtin::Exec => {
            let options = shell.options;
            shell.stand_down().await;
            execute(shell, arguments).await;
            if !options.interactive || shell.subshell {
                match shell.leave().await {}
            }
            // Whoever mistypes a name shouldn't lose his shell.
            shell.stand_up(options).await;
            return Flow::Next;
        }
        Builtin::Export => export(shell, arguments).await,
        Builtin::Unset => {
            arguments.iter().for_each(|name| shell.parameters.unset(name));
            0
        }
        Builtin::Fg => match jobs::fg(shell, arguments).await {
            Ok(flow) => return flow,
            Err(status) => status,
        },
        Builtin::History => prompt::history(shell).await,
        Builtin::Jobs => jobs::jobs(shell, arguments).await,
        Builtin::Kill => kill::kill(shell, arguments).await,
        Builtin::Set => set(shell, arguments).await,
        Builtin::Shift => shift(shell, arguments).await,
        Builtin::Trap => trap::trap(shell, arguments).await,
        Builtin::Wait => wait::wait(shell, arguments).await,
    };
    shell.parameters.status = status;
    flow
}

/// `cd` to a directory, to `$HOME`, or with `-` to where one was before, which is then printed.
async fn change_directory(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let variable: &[u8] = match arguments {
        [] => b"HOME",
        [one] if one == b"-" => b"OLDPWD",
        _ => b"",
    };
    let target = match (variable, arguments) {
        (b"", [target]) => target.clone(),
        (b"", _) => {
            shell.complain("cd: too many arguments").await;
            return 2;
        }
        (variable, _) => match shell.parameters.get(variable) {
            Some(value) => value.to_vec(),
            None => {
                shell.complain(format_args!("cd: {} not set", display_name(variable))).await;
                return 2;
            }
        },
    };
    let before = shell.sys.getcwd().await.unwrap_or_default();
    if let Err(errno) = shell.sys.chdir(&target).await {
        shell.complain(format_args!("cd: {}: {errno}", display_name(&target))).await;
        return 2;
    }
    let now = shell.sys.getcwd().await.unwrap_or_default();
    shell.parameters.set(b"OLDPWD", &before);
    shell.parameters.set(b"PWD", &now);
    if variable == b"OLDPWD" {
        let line = format!("{}\n", display_name(&now));
        if let Err(errno) = write_all(shell.sys, STDOUT, line.as_bytes()).await {
            shell.complain(format_args!("cd: write error: {errno}")).await;
            return 2;
        }
    }
    0
}

/// The number that is the only argument, or `otherwise`.
async fn number_or(shell: &Shell, name: &str, arguments: &[Vec<u8>], otherwise: i32) -> Result<i32, i32> {
    let Some(text) = arguments.first() else { return Ok(otherwise) };
    match parse_number(text).and_then(|number| i32::try_from(number).ok()).filter(|&number| number >= 0) {
        Some(number) => Ok(number),
        None => {
            shell.complain(format_args!("{name}: illegal number: {}", display_name(text))).await;
            Err(2)
        }
    }
}

async fn export(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    if arguments.is_empty() || arguments == [b"-p"] {
        return list_variables(shell, "export ", |variable| variable.exported).await;
    }
    for argument in arguments {
        let (name, value) = match argument.iter().position(|&byte| byte == b'=') {
            Some(equals) => (&argument[..equals], Some(&argument[equals + 1..])),
            None => (&argument[..], None),
        };
        if !is_name(name) {
            shell.complain(format_args!("export: {}: bad variable name", display_name(name))).await;
            return 2;
        }
        if let Some(value) = value {
            shell.parameters.set(name, value);
        }
        shell.parameters.export(name);
    }
    0
}

/// `set` lists all variables; `set -- ARGUMENTS` sets `$1` and so on, `set -m` and `set -o monitor` options.
async fn set(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let mut rest = arguments;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        let on = first.starts_with(b"-");
        match &first[..] {
            b"--" => {
                shell.parameters.positions = rest.into();
                return 0;
            }
            b"-o" | b"+o" if rest.is_empty() => return list_options(shell, on).await,
            b"-o" | b"+o" if rest[0] == b"monitor" => {
                rest = &rest[1..];
                shell.set_monitor(on).await;
            }
            b"-m" | b"+m" => shell.set_monitor(on).await,
            [b'-' | b'+', _, ..] => {
                let wrong = if matches!(&first[..], b"-o" | b"+o") { &rest[0] } else { first };
                shell.complain(format_args!("set: illegal option {}", display_name(wrong))).await;
                return 2;
            }
            _ => {
                shell.parameters.positions = [core::slice::from_ref(first), rest].concat();
                return 0;
            }
        }
    }
    match arguments {
        [] => list_variables(shell, "", |_| true).await,
        _ => 0,
    }
}

/// The options as a person reads them (`set -o`), or as a shell does (`set +o`).
async fn list_options(shell: &Shell, readable: bool) -> i32 {
    let on = shell.options.monitor;
    let text = match readable {
        true => format!("monitor         {}\n", if on { "on" } else { "off" }),
        false => format!("set {}o monitor\n", if on { '-' } else { '+' }),
    };
    print(shell, text.as_bytes()).await
}

/// Writes to standard output; the status to end with.
pub(super) async fn print(shell: &Shell, text: &[u8]) -> i32 {
    let mut output = Output::new(shell.sys, &super::MANUAL);
    output.push(text);
    output.flush().await.err().unwrap_or(0)
}

async fn list_variables(shell: &Shell, prefix: &str, shown: fn(&super::state::Variable) -> bool) -> i32 {
    let mut output = Output::new(shell.sys, &super::MANUAL);
    for (name, variable) in shell.parameters.variables.iter().filter(|(_, variable)| shown(variable)) {
        output.push(prefix.as_bytes());
        output.push(name);
        if let Some(value) = &variable.value {
            output.push(b"=");
            output.push(quote(value).as_bytes());
        }
        output.push(b"\n");
    }
    output.flush().await.err().unwrap_or(0)
}

async fn shift(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    match number_or(shell, "shift", arguments, 1).await {
        Ok(count) if count as usize <= shell.parameters.positions.len() => {
            shell.parameters.positions.drain(..count as usize);
            0
        }
        Ok(_) => {
            shell.complain("shift: can't shift that many").await;
            2
        }
        Err(status) => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_that_of_a_builtin() {
        assert!(NAMES.iter().all(|name| find(name.as_bytes()).is_some()) && NAMES.is_sorted());
    }
}
