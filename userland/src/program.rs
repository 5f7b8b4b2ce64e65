//! What makes a plain `async fn` a program: `&my_main` is promoted to `&'static dyn Main`.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;

use crate::handler::Handler;
use crate::sys::Sys;

/// A running program or handler: a future that ends with an exit status.
pub type Running = Pin<Box<dyn Future<Output = i32>>>;

/// A program's entry. Implemented by every `async fn(Sys, Args) -> i32`.
pub trait Main: Sync {
    /// Begins it.
    fn start(&self, sys: Sys, args: Args) -> Running;
}

impl<F, Fut> Main for F
where
    F: Fn(Sys, Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    fn start(&self, sys: Sys, args: Args) -> Running {
        Box::pin(self(sys, args))
    }
}

/// One row of a table of programs.
#[derive(Clone, Copy)]
pub struct Program {
    /// What `execve` finds it by.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// Its entry.
    pub main: &'static dyn Main,
    /// It neither forks nor jumps nor catches signals. Outside of stepping and recording only the rolling hash of its
    /// history is kept, so that it can run for ever in constant memory; a fork is then a fault of the program.
    pub leaf: bool,
    /// Its signal handlers. An address that `sigaction` is given names one by its place here.
    pub handlers: &'static [Handler],
    /// Bytes of its static variables.
    pub static_bytes: u64,
}

impl Program {
    /// A program that may do anything.
    pub const fn new(name: &'static str, summary: &'static str, main: &'static dyn Main) -> Program {
        Program { name, summary, main, leaf: false, handlers: &[], static_bytes: 0 }
    }

    /// A program that neither forks nor jumps nor catches signals: a filter.
    pub const fn leaf(name: &'static str, summary: &'static str, main: &'static dyn Main) -> Program {
        Program { name, summary, main, leaf: true, handlers: &[], static_bytes: 0 }
    }

    /// The same with these signal handlers, as [`handlers!`](crate::handlers) lists them.
    pub const fn with_handlers(self, handlers: &'static [Handler]) -> Program {
        Program { handlers, ..self }
    }

    /// The same with so many bytes of static variables, as [`statics!`](macro@crate::statics) counts them.
    pub const fn with_statics(self, static_bytes: u64) -> Program {
        Program { static_bytes, ..self }
    }
}

/// What a program is started with: its arguments, its environment, and what it left at its last checkpoint.
///
/// ```
/// use userland::Args;
/// let args = Args::new(["echo", "hello"], ["HOME=/"]);
/// assert_eq!(args.len(), 2);
/// assert_eq!(args.text(1), "hello");
/// assert_eq!(args.variable("HOME"), Some("/".into()));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct Args {
    argv: Arc<[Box<[u8]>]>,
    envp: Arc<[Box<[u8]>]>,
    checkpoint: Option<Arc<[u8]>>,
}

impl Args {
    /// These arguments (the program's name first) and this environment (`NAME=value`).
    pub fn new<A: AsRef<[u8]>, E: AsRef<[u8]>>(
        argv: impl IntoIterator<Item = A>,
        envp: impl IntoIterator<Item = E>,
    ) -> Args {
        Args {
            argv: argv.into_iter().map(|argument| argument.as_ref().into()).collect(),
            envp: envp.into_iter().map(|variable| variable.as_ref().into()).collect(),
            checkpoint: None,
        }
    }

    /// The same, started from this checkpoint.
    pub fn with_checkpoint(&self, state: Arc<[u8]>) -> Args {
        Args { checkpoint: Some(state), ..self.clone() }
    }

    /// What the program handed to `checkpoint` last; `None` if it starts for the first time.
    pub fn checkpoint(&self) -> Option<&[u8]> {
        self.checkpoint.as_deref()
    }

    /// How many arguments there are, the program's name included.
    pub fn len(&self) -> usize {
        self.argv.len()
    }

    /// Whether there is not even a name.
    pub fn is_empty(&self) -> bool {
        self.argv.is_empty()
    }

    /// Argument `index`, 0 being the program's name.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.argv.get(index).map(|argument| &**argument)
    }

    /// Argument `index` as text, empty if there is none; what isn't UTF-8 is replaced.
    pub fn text(&self, index: usize) -> Cow<'_, str> {
        String::from_utf8_lossy(self.get(index).unwrap_or_default())
    }

    /// The arguments behind the name.
    pub fn rest(&self) -> impl Iterator<Item = &[u8]> {
        self.argv.iter().skip(1).map(|argument| &**argument)
    }

    /// All arguments, for `execve`.
    pub fn argv(&self) -> Vec<&[u8]> {
        self.argv.iter().map(|argument| &**argument).collect()
    }

    /// The environment, for `execve`.
    pub fn envp(&self) -> Vec<&[u8]> {
        self.envp.iter().map(|variable| &**variable).collect()
    }

    /// The value of an environment variable (`getenv(3)`).
    pub fn variable(&self, name: &str) -> Option<Cow<'_, str>> {
        self.envp.iter().find_map(|variable| {
            let value = variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
            Some(String::from_utf8_lossy(value))
        })
    }
}
