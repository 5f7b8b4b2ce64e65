//! Processes: what owns resources. The thread that is scheduled is in `thread.rs`.
//!
//! | question | file |
//! | --- | --- |
//! | where does fork live? | `fork.rs` |
//! | `execve`, and the arguments on the new stack | `exec.rs`, `arguments.rs` |
//! | PID 1 | `first.rs` |
//! | exit, zombies, and who adopts orphans | `exit.rs`, `adopt.rs` |
//! | `wait4`, `waitid` | `wait.rs` |
//! | process ids, groups and sessions | `number.rs`, `group.rs` |
//! | `posix_spawn` | `spawn.rs` |
//! | user and group ids | `credentials.rs` |
//! | `prctl`, `umask` and other attributes | `attributes.rs` |
//! | `prlimit` | `resource.rs` |
//! | the list for `ps` | `list.rs` |
//! | a set of them | `set.rs` |

mod adopt;
mod arguments;
mod attributes;
pub mod credentials;
mod exec;
mod exit;
mod first;
mod fork;
mod group;
mod list;
pub mod number;
pub mod resource;
pub mod set;
mod spawn;
mod wait;

pub(crate) use wait::child_code;

use abi::WaitStatus;

use crate::file::descriptor::Descriptors;
use crate::ids::{ActionsNo, ImageNo, InodeNo, NumberNo, ProcessNo, ThreadNo, TimerNo, UndoNo};
use crate::ipc::undo::ProcessUndos;
use crate::limits::{PROCESSES, words};
use crate::list::{Link, Linked, List};
use crate::mem::space::Space;
use crate::process::credentials::Credentials;
use crate::process::resource::ResourceLimits;
use crate::sched::wait_queue::WaitQueue;
use crate::signal::queue::Pending;
use crate::table::{Entry, Table};
use crate::thread::Usage;
use crate::time::interval::Intervals;
use crate::time::timer::TimerList;

/// The processes, zombies included.
pub type Processes = Table<ProcessNo, Process, PROCESSES, { words(PROCESSES) }>;

/// One process.
#[derive(PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Process {
    /// Tells it from all others that ever had its slot.
    pub serial: u32,
    /// Its process id.
    pub pid: u32,
    /// Its number's slot.
    pub number: NumberNo,
    /// Its process group.
    pub group: NumberNo,
    /// Its session.
    pub session: NumberNo,
    /// Its place in its group.
    pub group_link: Link<ProcessNo>,
    /// Its parent; PID 1 has none.
    pub parent: Option<ProcessNo>,
    /// Its children: in order of birth, adopted ones behind.
    pub children: List<ChildList, ProcessNo>,
    /// Its place among its siblings.
    pub sibling_link: Link<ProcessNo>,
    /// Its place in that order, as a number: zombies are sorted by it.
    pub birth: u64,
    /// The `birth` of its next child.
    pub next_birth: u64,
    /// Its children that are zombies, in the order of its children: the first is what `wait` finds first.
    pub zombies: List<ZombieList, ProcessNo>,
    /// Its place among the zombies of its parent.
    pub zombie_link: Link<ProcessNo>,
    /// Its children that have stopped or continued and weren't reported yet.
    pub changed_children: u16,
    /// Threads that wait for its children.
    pub waiting_for_children: WaitQueue,
    /// Whether it is alive.
    pub life: Life,
    /// Whether a signal has stopped it.
    pub stopped: bool,
    /// A stop or a continuation that its parent hasn't been told of by `wait`.
    pub unreported: Option<WaitStatus>,
    /// It has been continued, and its parent doesn't know by `SIGCHLD` yet: as on Linux, it says so itself when it runs next.
    pub continued_untold: bool,
    /// It was adopted with an unreported change: as on Linux, its new parent isn't told of that.
    pub adopted_changed: bool,
    /// It adopts the orphans among its descendants (`PR_SET_CHILD_SUBREAPER`).
    pub subreaper: bool,
    /// It has executed a program since it was forked: its parent may no longer change its group.
    pub has_executed: bool,
    /// The console is its controlling terminal.
    pub has_terminal: bool,
    /// Its thread.
    pub thread: ThreadNo,
    /// Its program.
    pub image: ImageNo,
    /// Its name, ended by a zero byte unless it fills all.
    pub name_bytes: [u8; 16],
    /// Its memory.
    pub space: Space,
    /// Its descriptors.
    pub descriptors: Descriptors,
    /// Signals generated for it and not yet delivered to a thread of it.
    pub pending: Pending,
    /// Its interval timers.
    pub intervals: Intervals,
    /// Its POSIX timers.
    pub timers: List<TimerList, TimerNo>,
    /// What it does on signals; `None`: the default for all.
    pub actions: Option<ActionsNo>,
    /// Its user and group ids.
    pub credentials: Credentials,
    /// Its resource limits.
    pub limits: ResourceLimits,
    /// Its working directory; a zombie has none.
    pub working_directory: Option<InodeNo>,
    /// Its file mode creation mask.
    pub umask: u32,
    /// What it undoes to semaphores at its end.
    pub undos: List<ProcessUndos, UndoNo>,
    /// What its ended threads have used.
    pub usage: Usage,
    /// What its reaped children have used.
    pub children_usage: Usage,
}

/// Whether a process is alive.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Life {
    /// It is.
    Alive,
    /// It has ended so, and its parent hasn't waited for it. It owns nothing but this status.
    Zombie(WaitStatus),
}

/// The list of a parent's children.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ChildList;
/// The list of a parent's zombie children.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ZombieList;
/// The list of a group's members.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct GroupList;

impl Linked<ChildList, ProcessNo> for Process {
    fn link(&self) -> &Link<ProcessNo> {
        &self.sibling_link
    }
    fn link_mut(&mut self) -> &mut Link<ProcessNo> {
        &mut self.sibling_link
    }
}

impl Linked<ZombieList, ProcessNo> for Process {
    fn link(&self) -> &Link<ProcessNo> {
        &self.zombie_link
    }
    fn link_mut(&mut self) -> &mut Link<ProcessNo> {
        &mut self.zombie_link
    }
}

impl Linked<GroupList, ProcessNo> for Process {
    fn link(&self) -> &Link<ProcessNo> {
        &self.group_link
    }
    fn link_mut(&mut self) -> &mut Link<ProcessNo> {
        &mut self.group_link
    }
}

/// Applies a macro to the list of a process's fields, so that they are named once.
macro_rules! with_process_fields {
    ($callback:ident) => {
        $callback!(
            serial,
            pid,
            number,
            group,
            session,
            group_link,
            parent,
            children,
            sibling_link,
            birth,
            next_birth,
            zombies,
            zombie_link,
            changed_children,
            waiting_for_children,
            life,
            stopped,
            unreported,
            continued_untold,
            adopted_changed,
            subreaper,
            has_executed,
            has_terminal,
            thread,
            image,
            name_bytes,
            space,
            descriptors,
            pending,
            intervals,
            timers,
            actions,
            credentials,
            limits,
            working_directory,
            umask,
            undos,
            usage,
            children_usage
        )
    };
}

impl Clone for Process {
    fn clone(&self) -> Process {
        macro_rules! clone {
            ($($field:ident),*) => { Process { $($field: self.$field.clone()),* } };
        }
        with_process_fields!(clone)
    }

    fn clone_from(&mut self, from: &Process) {
        macro_rules! clone_each {
            ($($field:ident),*) => { $(self.$field.clone_from(&from.$field);)* };
        }
        with_process_fields!(clone_each);
    }
}

impl Entry for Process {
    const VACANT: Process = Process {
        serial: 0,
        pid: 0,
        number: NumberNo(u16::MAX),
        group: NumberNo(u16::MAX),
        session: NumberNo(u16::MAX),
        group_link: Link::NONE,
        parent: None,
        children: List::EMPTY,
        sibling_link: Link::NONE,
        birth: 0,
        next_birth: 0,
        zombies: List::EMPTY,
        zombie_link: Link::NONE,
        changed_children: 0,
        waiting_for_children: List::EMPTY,
        life: Life::Alive,
        stopped: false,
        unreported: None,
        continued_untold: false,
        adopted_changed: false,
        subreaper: false,
        has_executed: false,
        has_terminal: false,
        thread: ThreadNo(u16::MAX),
        image: ImageNo(u16::MAX),
        name_bytes: [0; 16],
        space: Space::EMPTY,
        descriptors: Descriptors::EMPTY,
        pending: Pending::NONE,
        intervals: Intervals::OFF,
        timers: List::EMPTY,
        actions: None,
        credentials: Credentials::ROOT,
        limits: ResourceLimits::DEFAULT,
        working_directory: None,
        umask: 0o022,
        undos: List::EMPTY,
        usage: Usage::ZERO,
        children_usage: Usage::ZERO,
    };
}

impl Process {
    /// Its name, as `ps` shows it.
    pub fn name(&self) -> &str {
        let bytes = self.name_bytes.split(|byte| *byte == 0).next().unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(name) => name,
            Err(error) => {
                let (valid, _) = bytes.split_at_checked(error.valid_up_to()).unwrap_or_default();
                core::str::from_utf8(valid).unwrap_or_default()
            }
        }
    }

    /// Whether it has ended.
    pub fn is_zombie(&self) -> bool {
        matches!(self.life, Life::Zombie(_))
    }

    /// Forgets what only figures and checks use.
    pub(crate) fn forget_accounting(&mut self) {
        self.serial = 0;
        // The lists hold the order that these numbers stand for.
        (self.birth, self.next_birth) = (0, 0);
        self.usage = Usage::ZERO;
        self.children_usage = Usage::ZERO;
    }
}

/// The name of a process that executes a path: its last part, cut to 15 bytes.
pub(crate) fn process_name(path: &[u8]) -> [u8; 16] {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().take(15).zip(name) {
        *to = *from;
    }
    bytes
}
