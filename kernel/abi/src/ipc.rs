//! System V IPC (`sysvipc(7)`): its flags, its commands, and its structures as Linux's generic 64-bit ABI lays them out.

use core::fmt;

use crate::Layout;
use crate::flags::{flag_sets, named_values};
use crate::layout::layouts;
use crate::mode::print_permissions;

flag_sets! {
    /// Flags of `shmget`, `msgget` and `semget`; the low nine bits are the permissions of a new object.
    IpcFlags: u32 {
        /// Create the object if no object has the key.
        IPC_CREAT = 0o1000;
        /// With `IPC_CREAT`: fail if there is one.
        IPC_EXCL = 0o2000;
    }
    /// Flags of `shmat` (`shmop(2)`).
    ShmFlags: u32 {
        /// Attach for reading only.
        SHM_RDONLY = 0o10000;
        /// Round the address down to a page.
        SHM_RND = 0o20000;
        /// Replace what is mapped there.
        SHM_REMAP = 0o40000;
        /// Allow execution.
        SHM_EXEC = 0o100000;
    }
    /// Flags of `msgsnd` and `msgrcv` (`msgop(2)`).
    MsgFlags: u32 {
        /// Never block.
        IPC_NOWAIT = 0o4000;
        /// Cut a message that is too long for the buffer.
        MSG_NOERROR = 0o10000;
        /// Take the first message whose type is another than the given one.
        MSG_EXCEPT = 0o20000;
        /// Copy the message at the given place, and leave it in the queue.
        MSG_COPY = 0o40000;
    }
}

named_values! {
    /// What `shmctl` does (`shmctl(2)`).
    ShmCommand {
        /// Remove the segment, once nobody has it attached.
        IPC_RMID = 0;
        /// Set owner and permissions.
        IPC_SET = 1;
        /// Get what is known of the segment.
        IPC_STAT = 2;
        /// Get the limits.
        IPC_INFO = 3;
        /// Keep it in memory. There is no swap, so this only sets a bit.
        SHM_LOCK = 11;
        /// Undo `SHM_LOCK`.
        SHM_UNLOCK = 12;
        /// As `IPC_STAT`, by slot.
        SHM_STAT = 13;
        /// Get what all segments together use.
        SHM_INFO = 14;
        /// As `SHM_STAT`, whatever the permissions.
        SHM_STAT_ANY = 15;
    }
    /// What `msgctl` does (`msgctl(2)`).
    MsgCommand {
        /// Remove the queue.
        IPC_RMID = 0;
        /// Set owner, permissions and capacity.
        IPC_SET = 1;
        /// Get what is known of the queue.
        IPC_STAT = 2;
        /// Get the limits.
        IPC_INFO = 3;
        /// As `IPC_STAT`, by slot.
        MSG_STAT = 11;
        /// Get what all queues together use.
        MSG_INFO = 12;
        /// As `MSG_STAT`, whatever the permissions.
        MSG_STAT_ANY = 13;
    }
    /// What `semctl` does (`semctl(2)`).
    SemCommand {
        /// Remove the set.
        IPC_RMID = 0;
        /// Set owner and permissions.
        IPC_SET = 1;
        /// Get what is known of the set.
        IPC_STAT = 2;
        /// Get the limits.
        IPC_INFO = 3;
        /// Get who changed a semaphore last.
        GETPID = 11;
        /// Get a semaphore's value.
        GETVAL = 12;
        /// Get the values of the set.
        GETALL = 13;
        /// Get how many wait for a semaphore to grow.
        GETNCNT = 14;
        /// Get how many wait for a semaphore to become zero.
        GETZCNT = 15;
        /// Set a semaphore's value.
        SETVAL = 16;
        /// Set the values of the set.
        SETALL = 17;
        /// As `IPC_STAT`, by slot.
        SEM_STAT = 18;
        /// Get what all sets together use.
        SEM_INFO = 19;
        /// As `SEM_STAT`, whatever the permissions.
        SEM_STAT_ANY = 20;
    }
}

/// The key that never names an object: each `get` with it makes a new one.
pub const IPC_PRIVATE: i32 = 0;
/// [`SemOperation::flags`]: fail rather than wait.
pub const IPC_NOWAIT: i16 = 0o4000;
/// [`SemOperation::flags`]: take it back when the process ends.
pub const SEM_UNDO: i16 = 0o10000;
/// Bit of a segment's mode: it goes with the last detach.
pub const SHM_DEST: u32 = 0o1000;
/// Bit of a segment's mode: it is locked into memory.
pub const SHM_LOCKED: u32 = 0o2000;
/// The largest value of a semaphore, and of what `SEM_UNDO` takes back.
pub const SEMVMX: i32 = 32767;

layouts! {
    /// Owner and permissions of an object.
    IpcPerm = "struct ipc64_perm" {
        /// Its key.
        key: i32 => print_key,
        /// Its owner.
        uid: u32,
        /// Its owner's group.
        gid: u32,
        /// Who made it.
        cuid: u32,
        /// The group of who made it.
        cgid: u32,
        /// Permissions, and for segments `SHM_` bits.
        mode: u32 => print_permissions,
        /// The part of its identifier that tells it from others in the same slot.
        seq: u16,
        /// Padding.
        pad: u16,
        /// Padding.
        pad2: u32,
        /// Not used, as on Linux.
        unused: [u64; 2],
    }
    /// What is known of a segment (`shmctl(2)`).
    ShmidDs = "struct shmid64_ds" {
        /// Owner and permissions.
        perm: IpcPerm,
        /// Its bytes.
        segsz: u64,
        /// When it was attached last, in seconds.
        atime: i64,
        /// When it was detached last, in seconds.
        dtime: i64,
        /// When it was made or changed, in seconds.
        ctime: i64,
        /// Who made it.
        cpid: i32,
        /// Who attached or detached it last.
        lpid: i32,
        /// How often it is attached.
        nattch: u64,
        /// Not used, as on Linux.
        unused: [u64; 2],
    }
    /// The limits of segments (`shmctl(2)`, `IPC_INFO`).
    ShmLimits = "struct shminfo64" {
        /// Bytes of one segment at most.
        shmmax: u64,
        /// Bytes of one segment at least.
        shmmin: u64,
        /// Segments.
        shmmni: u64,
        /// Segments that one process may have attached.
        shmseg: u64,
        /// Pages of all segments together.
        shmall: u64,
        /// Not used, as on Linux.
        unused: [u64; 4],
    }
    /// What all segments together use (`shmctl(2)`, `SHM_INFO`).
    ShmUsage = "struct shm_info" {
        /// Segments.
        used_ids: i32,
        /// Padding.
        pad: u32,
        /// Pages of all segments together.
        tot: u64,
        /// Those of them that are in memory.
        rss: u64,
        /// Those of them that are swapped out.
        swp: u64,
        /// Not used, as on Linux.
        unused: [u64; 2],
    }
    /// What is known of a message queue (`msgctl(2)`).
    MsqidDs = "struct msqid64_ds" {
        /// Owner and permissions.
        perm: IpcPerm,
        /// When a message was sent last, in seconds.
        stime: i64,
        /// When a message was received last, in seconds.
        rtime: i64,
        /// When it was made or changed, in seconds.
        ctime: i64,
        /// Bytes in it.
        cbytes: u64,
        /// Messages in it.
        qnum: u64,
        /// Bytes that it may hold.
        qbytes: u64,
        /// Who sent last.
        lspid: i32,
        /// Who received last.
        lrpid: i32,
        /// Not used, as on Linux.
        unused: [u64; 2],
    }
    /// The limits of message queues, or what all together use (`msgctl(2)`, `IPC_INFO` and `MSG_INFO`).
    MsgInfo = "struct msginfo" {
        /// KiB of messages; `MSG_INFO`: queues.
        msgpool: i32,
        /// Messages; `MSG_INFO`: those there are.
        msgmap: i32,
        /// Bytes of one message at most.
        msgmax: i32,
        /// Bytes of a new queue at most.
        msgmnb: i32,
        /// Queues.
        msgmni: i32,
        /// Bytes of a segment of messages; not used, as on Linux.
        msgssz: i32,
        /// Messages; `MSG_INFO`: bytes in all of them.
        msgtql: i32,
        /// Segments of messages; not used, as on Linux.
        msgseg: u16,
        /// Padding.
        pad: u16,
    }
    /// What is known of a set of semaphores (`semctl(2)`).
    SemidDs = "struct semid64_ds" {
        /// Owner and permissions.
        perm: IpcPerm,
        /// When the last `semop` was, in seconds.
        otime: i64,
        /// When it was made or changed, in seconds.
        ctime: i64,
        /// How many semaphores it has.
        nsems: u64,
        /// Not used, as on Linux.
        unused: [u64; 2],
    }
    /// The limits of semaphores, or what all together use (`semctl(2)`, `IPC_INFO` and `SEM_INFO`).
    SemInfo = "struct seminfo" {
        /// Not used, as on Linux.
        semmap: i32,
        /// Sets.
        semmni: i32,
        /// Semaphores in all sets.
        semmns: i32,
        /// Processes with something to undo.
        semmnu: i32,
        /// Semaphores in one set.
        semmsl: i32,
        /// Operations in one call.
        semopm: i32,
        /// Entries to undo of one process.
        semume: i32,
        /// Bytes of such an entry; `SEM_INFO`: sets there are.
        semusz: i32,
        /// The largest value.
        semvmx: i32,
        /// The largest value to undo; `SEM_INFO`: semaphores there are.
        semaem: i32,
    }
    /// One operation of `semop` (`semop(2)`).
    SemOperation = "struct sembuf" {
        /// Which semaphore of the set.
        number: u16,
        /// What is added; 0 waits for the value to be zero.
        op: i16,
        /// `IPC_NOWAIT`, `SEM_UNDO`.
        flags: i16 => print_operation_flags,
    }
}

/// Prints a key in hexadecimal, as `ipcs(1)` does, or by its name.
pub fn print_key(key: i32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if key == IPC_PRIVATE { f.write_str("IPC_PRIVATE") } else { write!(f, "{key:#x}") }
}

/// Prints the flags of an operation on a semaphore.
fn print_operation_flags(flags: i16, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let rest = flags & !(IPC_NOWAIT | SEM_UNDO);
    let mut before = "";
    for (flag, name) in [(IPC_NOWAIT, "IPC_NOWAIT"), (SEM_UNDO, "SEM_UNDO")] {
        if flags & flag != 0 {
            write!(f, "{before}{name}")?;
            before = "|";
        }
    }
    if rest != 0 {
        return write!(f, "{before}{rest:#x}");
    }
    f.write_str(if flags == 0 { "0" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_linux() {
        assert_eq!(IpcPerm::SIZE, 48);
        assert_eq!(ShmidDs::SIZE, 112);
        assert_eq!(ShmLimits::SIZE, 72);
        assert_eq!(ShmUsage::SIZE, 48);
        assert_eq!(MsqidDs::SIZE, 120);
        assert_eq!(MsgInfo::SIZE, 32);
        assert_eq!(SemidDs::SIZE, 88);
        assert_eq!(SemInfo::SIZE, 40);
        assert_eq!(SemOperation::SIZE, 6);
    }
}
