//! The end of a case: all processes but PID 1 are killed and reaped, what has a name or a key is removed, and then every
//! resource must be back.

use abi::{Errno, Signal};
use kernel::limits::{DESCRIPTORS, MSG_QUEUES, SEGMENTS, SEM_SETS};
use kernel::{Pick, Picked, Resume, Trap};

use crate::fuzz::coverage::Row;
use crate::fuzz::edges::{Cause, OUTSIDE};
use crate::fuzz::raw::moves::Name;
use crate::fuzz::raw::stage::{CPU, ROOM, SCRATCH, Stage};

/// So many System V objects of a kind there are at most.
const MOST_OBJECTS: usize = {
    let most = if SEGMENTS > MSG_QUEUES { SEGMENTS } else { MSG_QUEUES };
    if most > SEM_SETS { most } else { SEM_SETS }
};
/// What is there after boot, and stays if it is there still; the directories that can't be removed aside.
const PLANTED: [&str; 6] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/console", "/tmp"];
/// `AT_FDCWD`.
const HERE: u64 = -100_i64 as u64;
const O_DIRECTORY: u64 = 0o200_000;
const AT_REMOVEDIR: u64 = 0x200;
const RENAME_NOREPLACE: u64 = 1;

impl Stage {
    /// Ends everybody, and sees whether all is back.
    ///
    /// # Errors
    /// An invariant doesn't hold, somebody doesn't end, or something isn't back. Says so in a sentence.
    pub fn end(&mut self) -> Result<(), String> {
        if self.kernel.halted().is_some() {
            return Ok(());
        }
        // Nobody's coverage: it isn't fuzzing.
        std::mem::swap(&mut self.host.coverage, &mut self.unseen);
        let ended = self.end_all().and_then(|()| self.remove_what_outlives()).and_then(|()| self.compare());
        std::mem::swap(&mut self.host.coverage, &mut self.unseen);
        ended
    }

    fn end_all(&mut self) -> Result<(), String> {
        self.host.cause = Cause::Other(OUTSIDE);
        let first = self.first().ok_or("PID 1 is gone")?;
        let all: Vec<_> = self.kernel.processes().map(|(id, _)| id).collect();
        for process in all {
            self.kernel.inject_signal(&mut self.host, process, Signal::SIGKILL);
        }
        for _ in 0..2000 {
            let Picked::Thread(thread) = self.kernel.pick(&mut self.host, CPU, Pick::Policy) else { break };
            let resumed = self.kernel.resume(&mut self.host, CPU);
            if thread != first {
                if resumed != Resume::Blocked {
                    return Err("a process runs on that was killed".into());
                }
                continue;
            }
            match resumed {
                Resume::Return(value) if value == Errno::ECHILD.to_return() => return Ok(()),
                Resume::Blocked | Resume::Busy | Resume::Continued => {}
                _ => drop(self.kernel.trap(&mut self.host, CPU, raw("wait4", [u64::MAX, 0, 0, 0, 0, 0]))),
            }
            self.look()?;
        }
        Err("not all have ended".into())
    }

    fn first(&self) -> Option<kernel::ThreadId> {
        let first = self.actor(Name::FIRST)?.thread;
        self.kernel.thread(first).map(|_| first)
    }

    fn remove_what_outlives(&mut self) -> Result<(), String> {
        for (control, stat, at) in [("shmctl", 13, 1), ("msgctl", 11, 1), ("semctl", 18, 2)] {
            for slot in 0..MOST_OBJECTS as u64 {
                let mut arguments = [slot, 0, ROOM, ROOM, 0, 0];
                arguments[at] = stat;
                let id = self.first_calls(control, arguments)?;
                if id >= 0 {
                    arguments[0] = id as u64;
                    arguments[at] = 0;
                    self.must(control, arguments)?;
                }
            }
        }
        // Somebody may have lowered its limits: `RLIMIT_NOFILE` is what it needs for this.
        let first = self.first().ok_or("PID 1 is gone")?;
        let limit = (DESCRIPTORS as u64).to_le_bytes();
        for address in [SCRATCH, SCRATCH + 8] {
            let put = self.kernel.copy_out(&mut self.host, first, address, &limit);
            put.map_err(|_| "PID 1 can't write to its memory")?;
        }
        self.must("prlimit64", [0, 7, SCRATCH, 0, 0, 0])?;
        let path = self.put(b"/")?;
        self.must("chdir", [path, 0, 0, 0, 0, 0])?;
        self.empty_directory(Some(b"")).map(drop)
    }

    /// Removes all from the working directory, but what was there after boot, if this is its path. Returns whether something
    /// is left that can't be removed: `/dev/mqueue` and `/dev/shm`, for which the kernel answers `EBUSY`. Nobody can take
    /// them out of their directory, but that can be moved. Then it is left in the root, whatever it is called now, so that
    /// as much is in use as after boot.
    fn empty_directory(&mut self, path: Option<&[u8]>) -> Result<bool, String> {
        let mut any_fixed = false;
        for (name, is_directory) in self.list_directory()? {
            let full = path.map(|path| [path, b"/", &name].concat());
            if is_directory {
                let mut holds_fixed = self.empty_directory_below(&name, full.as_deref())?;
                if !holds_fixed && full.as_deref() == Some(b"/dev") {
                    // It has that name, and isn't what was there after boot.
                    holds_fixed = self.empty_directory_below(&name, None)?;
                }
                if holds_fixed {
                    if path != Some(b"") {
                        self.move_to_root(&name)?;
                    }
                    continue;
                }
            }
            if PLANTED.iter().any(|planted| Some(planted.as_bytes()) == full.as_deref()) {
                continue;
            }
            let at = self.put(&name)?;
            let how = if is_directory { AT_REMOVEDIR } else { 0 };
            match Errno::result(self.first_calls("unlinkat", [HERE, at, how, 0, 0, 0])?) {
                Err(Errno::EBUSY) => any_fixed = true,
                removed => drop(removed.map_err(|errno| fails("unlinkat", errno))?),
            }
        }
        Ok(any_fixed)
    }

    /// The same for a directory in the working directory.
    fn empty_directory_below(&mut self, name: &[u8], path: Option<&[u8]>) -> Result<bool, String> {
        let at = self.put(name)?;
        self.must("chdir", [at, 0, 0, 0, 0, 0])?;
        let any_fixed = self.empty_directory(path)?;
        let up = self.put(b"..")?;
        self.must("chdir", [up, 0, 0, 0, 0, 0])?;
        Ok(any_fixed)
    }

    /// Moves a directory from the working directory to the root, by a name that is free there.
    fn move_to_root(&mut self, name: &[u8]) -> Result<(), String> {
        let first = self.first().ok_or("PID 1 is gone")?;
        for number in 0.. {
            let from = self.put(name)?;
            // `ROOM` is for what a call gives; this one gives nothing.
            let to = self.kernel.copy_out(&mut self.host, first, ROOM, format!("/fixed{number}\0").as_bytes());
            to.map_err(|_| "PID 1 can't write to its memory")?;
            match Errno::result(self.first_calls("renameat2", [HERE, from, HERE, ROOM, RENAME_NOREPLACE, 0])?) {
                Err(Errno::EEXIST) => {}
                moved => return moved.map(drop).map_err(|errno| fails("renameat2", errno)),
            }
        }
        Ok(())
    }

    /// The entries of the working directory: name, and whether it is a directory.
    fn list_directory(&mut self) -> Result<Vec<(Vec<u8>, bool)>, String> {
        let mut names = Vec::new();
        let dot = self.put(b".")?;
        let fd = self.must("openat", [HERE, dot, O_DIRECTORY, 0, 0, 0])? as u64;
        loop {
            let bytes = self.must("getdents64", [fd, ROOM, 4096, 0, 0, 0])? as usize;
            if bytes == 0 {
                break;
            }
            let mut buffer = [0; 4096];
            let first = self.first().ok_or("PID 1 is gone")?;
            let read = self.kernel.copy_in(&mut self.host, first, ROOM, &mut buffer[..bytes]);
            read.map_err(|_| "PID 1 can't read its memory")?;
            entries(&buffer[..bytes], &mut names);
        }
        self.must("close", [fd, 0, 0, 0, 0, 0])?;
        Ok(names)
    }

    fn put(&mut self, text: &[u8]) -> Result<u64, String> {
        let first = self.first().ok_or("PID 1 is gone")?;
        let mut bytes = text.to_vec();
        bytes.push(0);
        let put = self.kernel.copy_out(&mut self.host, first, SCRATCH, &bytes);
        put.map(|()| SCRATCH).map_err(|_| "PID 1 can't write to its memory".into())
    }

    fn must(&mut self, name: &str, arguments: [u64; 6]) -> Result<i64, String> {
        Errno::result(self.first_calls(name, arguments)?).map_err(|errno| fails(name, errno))
    }

    /// PID 1, which runs, makes a call that doesn't wait.
    fn first_calls(&mut self, name: &str, arguments: [u64; 6]) -> Result<i64, String> {
        self.kernel.trap(&mut self.host, CPU, raw(name, arguments));
        let resumed = self.kernel.resume(&mut self.host, CPU);
        self.look()?;
        match resumed {
            Resume::Return(value) => Ok(value),
            other => Err(format!("{name} of PID 1 comes to {other:?}")),
        }
    }

    /// Whether what is in use now is what was in use after boot.
    fn compare(&mut self) -> Result<(), String> {
        if self.start.is_empty() {
            self.start = self.kernel.tables_in_use().to_vec();
            return Ok(());
        }
        let unread = self.kernel.unread_input_frames();
        for ((table, before), (_, now)) in self.start.iter().zip(self.kernel.tables_in_use()) {
            let right = match *table {
                // Input that nobody has read.
                "frames" => now == *before + unread,
                // What is there after boot can be removed.
                "names" | "inodes" => now <= *before,
                _ => now == *before,
            };
            if !right {
                return Err(format!("after all have ended {now} {table} are in use, where {before} were after boot"));
            }
        }
        Ok(())
    }
}

/// The entries of a directory as `getdents64` lists them: name, and whether it is a directory.
fn entries(mut bytes: &[u8], names: &mut Vec<(Vec<u8>, bool)>) {
    while let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, low, high, kind, name @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*low, *high]));
        let name = name.split(|byte| *byte == 0).next().unwrap_or(&[]).to_vec();
        if name != b"." && name != b".." {
            names.push((name, *kind == 4));
        }
        bytes = bytes.get(length.max(1)..).unwrap_or(&[]);
    }
}

fn fails(call: &str, errno: Errno) -> String {
    format!("{call} fails with {errno:?} when PID 1 cleans up")
}

fn raw(name: &str, arguments: [u64; 6]) -> Trap {
    let number = Row::by_name(name).map_or(0, |row| row.info().number);
    Trap::Syscall { number, arguments }
}
