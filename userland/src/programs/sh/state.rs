//! What a shell remembers.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use abi::Pid;

use super::job::Jobs;
use super::monitor::Monitor;
use super::options::Options;
use super::syntax::is_name;
use super::trap::Traps;
use crate::libc::line_editor::History;
use crate::sys::Sys;

/// A shell that runs.
pub(super) struct Shell {
    pub(super) sys: Sys,
    pub(super) parameters: Parameters,
    pub(super) options: Options,
    /// The processes that it has started.
    pub(super) jobs: Jobs,
    pub(super) monitor: Monitor,
    pub(super) traps: Traps,
    /// Lines that were typed.
    pub(super) history: History,
    /// It was forked off another shell: there is nobody in front of it.
    pub(super) subshell: bool,
    /// The user has been told that there are stopped jobs; another `exit` is obeyed.
    pub(super) warned: bool,
    /// The line of the command that runs, for messages.
    pub(super) line: usize,
    /// How many loops are around the command that runs.
    pub(super) loops: usize,
}

/// Everything that can stand behind a `$`.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Parameters {
    /// `$0`.
    pub(super) name: Vec<u8>,
    /// `$1` and so on.
    pub(super) positions: Vec<Vec<u8>>,
    /// `$?`.
    pub(super) status: i32,
    /// `$$`, in subshells too.
    pub(super) pid: i32,
    /// `$-`.
    pub(super) options: String,
    /// `$!`.
    pub(super) last_background: Option<i32>,
    pub(super) variables: BTreeMap<Vec<u8>, Variable>,
}

/// A variable.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(super) struct Variable {
    /// `None`: it is marked for export, and not set.
    pub(super) value: Option<Vec<u8>>,
    /// Whether it is passed on to programs.
    pub(super) exported: bool,
}

impl Shell {
    /// A shell with these arguments, that inherits this environment.
    pub(super) fn new<'a>(
        sys: Sys,
        pid: Pid,
        name: &[u8],
        positions: impl Iterator<Item = &'a [u8]>,
        environment: &[&[u8]],
    ) -> Shell {
        let mut parameters = Parameters {
            name: name.into(),
            positions: positions.map(<[u8]>::to_vec).collect(),
            pid: pid.0,
            ..Parameters::default()
        };
        for entry in environment {
            if let Some(equals) = entry.iter().position(|&byte| byte == b'=')
                && is_name(&entry[..equals])
            {
                parameters.set(&entry[..equals], &entry[equals + 1..]);
                parameters.export(&entry[..equals]);
            }
        }
        Shell {
            sys,
            parameters,
            options: Options::default(),
            jobs: Jobs::default(),
            monitor: Monitor::default(),
            traps: Traps::default(),
            history: History::default(),
            subshell: false,
            warned: false,
            line: 1,
            loops: 0,
        }
    }

    /// Whether someone sits in front of it.
    pub(super) fn is_interactive(&self) -> bool {
        self.options.interactive && !self.subshell
    }

    /// Switches options, which `$-` shows.
    pub(super) fn set_options(&mut self, options: Options) {
        self.options = options;
        self.parameters.options = options.letters();
    }
}

impl Parameters {
    /// Sets a variable; that it is exported stays so.
    pub(super) fn set(&mut self, name: &[u8], value: &[u8]) {
        self.variables.entry(name.into()).or_default().value = Some(value.into());
    }

    /// Passes a variable on to programs from now on.
    pub(super) fn export(&mut self, name: &[u8]) {
        self.variables.entry(name.into()).or_default().exported = true;
    }

    /// Forgets a variable.
    pub(super) fn unset(&mut self, name: &[u8]) {
        self.variables.remove(name);
    }

    /// A variable's value.
    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.variables.get(name)?.value.as_deref()
    }

    /// The environment for a program, in the order of the names.
    pub(super) fn environment(&self) -> Vec<Vec<u8>> {
        let exported = self.variables.iter().filter(|(_, variable)| variable.exported);
        exported.filter_map(|(name, variable)| Some([name, &b"="[..], variable.value.as_deref()?].concat())).collect()
    }
}
