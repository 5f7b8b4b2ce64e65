//! What every call that takes a path checks (`path_resolution(7)`), and paths and links at their limits. The results are those
//! that a Linux host gave for the same calls on its tmpfs.

use abi::Errno::{self, EACCES, EBADF, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, ERANGE, EXDEV};
use abi::{
    AT_FDCWD, AccessMode, AtFlags, Fd, In, Length, OpenFlags, Out, OutBytes, Path, RenameFlags, S_IFIFO, Stat, Timespec,
};
use harness::{PAGE, fork, join, map, program};
use kernel::limits::{NAME_BYTES, PATH_BYTES};
use userland::Sys;

/// The calls, by what they do with the path in question.
const CALLS: [&str; 16] = [
    "openat",
    "mkdirat",
    "mknodat",
    "unlinkat",
    "rmdir",
    "linkat old",
    "linkat new",
    "renameat2 old",
    "renameat2 new",
    "newfstatat",
    "faccessat",
    "faccessat2",
    "fchmodat",
    "fchownat",
    "utimensat",
    "chdir",
];

/// Pages for paths: one for that in question, one for another that is there, one for a result.
#[derive(Clone, Copy)]
struct Pages {
    path: u64,
    other: u64,
    result: u64,
}

impl Pages {
    async fn new(sys: Sys) -> Pages {
        let path = map(sys, 4).await;
        let pages = Pages { path, other: path + 2 * PAGE, result: path + 3 * PAGE };
        sys.store_bytes(pages.other, b"f\0").await;
        pages
    }

    /// What a call says to a path.
    async fn call(self, sys: Sys, call: &str, at: Fd, path: &[u8]) -> Result<i64, Errno> {
        sys.store_bytes(self.path, path).await;
        sys.store::<u8>(self.path + path.len() as u64, 0).await;
        self.call_with(sys, call, at, Path(self.path)).await
    }

    async fn call_with(self, sys: Sys, call: &str, at: Fd, path: Path) -> Result<i64, Errno> {
        let (raw, other, none) = (sys.raw(), Path(self.other), AtFlags::empty());
        match call {
            "openat" => raw.openat(at, path, OpenFlags::O_NONBLOCK, 0).await,
            "mkdirat" => raw.mkdirat(at, path, 0o700).await,
            "mknodat" => raw.mknodat(at, path, S_IFIFO | 0o600, 0).await,
            "unlinkat" => raw.unlinkat(at, path, none).await,
            "rmdir" => raw.unlinkat(at, path, AtFlags::AT_REMOVEDIR).await,
            "linkat old" => raw.linkat(at, path, AT_FDCWD, other, none).await,
            "linkat new" => raw.linkat(AT_FDCWD, other, at, path, none).await,
            "renameat2 old" => raw.renameat2(at, path, AT_FDCWD, other, RenameFlags::empty()).await,
            "renameat2 new" => raw.renameat2(AT_FDCWD, other, at, path, RenameFlags::empty()).await,
            "newfstatat" => raw.newfstatat(at, path, Out::<Stat>::at(self.result), none).await,
            "faccessat" => raw.faccessat(at, path, AccessMode::R_OK).await,
            "faccessat2" => raw.faccessat2(at, path, AccessMode::R_OK, none).await,
            "fchmodat" => raw.fchmodat(at, path, 0o600).await,
            "fchownat" => raw.fchownat(at, path, u32::MAX, u32::MAX, none).await,
            "utimensat" => raw.utimensat(at, path, In::NULL, none).await,
            "chdir" => raw.chdir(path).await,
            _ => panic!("{call} is none of them"),
        }
    }
}

#[test]
fn every_call_that_takes_a_path_checks_it() {
    program(&|sys, _| async move {
        sys.mkdir(b"/tmp/here", 0o777).await.unwrap();
        sys.chdir(b"/tmp/here").await.unwrap();
        sys.mkdir(b"own", 0o700).await.unwrap();
        sys.mkfifo(b"f", 0o666).await.unwrap();
        let pages = Pages::new(sys).await;
        let (pipe, _) = sys.pipe().await.unwrap();
        let (name, path) = (vec![b'n'; NAME_BYTES + 1], vec![b'/'; PATH_BYTES]);
        for call in CALLS {
            // It has no directory to begin with but the working directory.
            let relative = if call == "chdir" { [ENOENT; 2] } else { [EBADF, ENOTDIR] };
            for (at, path, errno) in [
                (Fd(99), &b"x"[..], relative[0]),
                (pipe, b"x", relative[1]),
                (AT_FDCWD, b"f/x", ENOTDIR),
                (AT_FDCWD, b"nowhere/x", ENOENT),
                (AT_FDCWD, b"", ENOENT),
                (Fd(99), b"", ENOENT),
                (AT_FDCWD, &name, ENAMETOOLONG),
                (AT_FDCWD, &path, ENAMETOOLONG),
            ] {
                let shown = String::from_utf8_lossy(&path[..path.len().min(20)]);
                assert_eq!(pages.call(sys, call, at, path).await, Err(errno), "{call} {at:?} {shown}");
            }
            assert_eq!(pages.call_with(sys, call, AT_FDCWD, Path(8)).await, Err(EFAULT), "{call}");
        }
        let child = fork(sys, async move |sys| {
            sys.setresuid(1000, 1000, 1000).await.unwrap();
            for call in CALLS {
                for path in [&b"own/x"[..], b"own/x/y"] {
                    assert_eq!(pages.call(sys, call, AT_FDCWD, path).await, Err(EACCES), "{call}");
                }
            }
            // What would change the directory, which is another's.
            for (call, path) in [
                ("mkdirat", &b"x"[..]),
                ("mknodat", b"x"),
                ("unlinkat", b"f"),
                ("rmdir", b"own"),
                ("linkat new", b"x"),
                ("renameat2 new", b"x"),
            ] {
                assert_eq!(pages.call(sys, call, AT_FDCWD, path).await, Err(EACCES), "{call}");
            }
        })
        .await;
        join(sys, child).await;
        sys.rmdir(b"own").await.unwrap();
        sys.unlink(b"f").await.unwrap();
        sys.rmdir(b"/tmp/here").await.unwrap();
        0
    })
    .seeds(2)
    .succeeds();
}

#[test]
fn flags_modes_and_times_are_checked() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/f", 0o600).await.unwrap();
        let page = map(sys, 1).await;
        let (path, times, raw) = (Path(page), In::<[Timespec; 2]>::at(page + 16), sys.raw());
        sys.store_bytes(page, b"/tmp/f\0").await;
        let (none, mode) = (AtFlags::empty(), AccessMode::from_bits_retain(8));
        let flags = AtFlags::from_bits_retain(0x8000);
        assert_eq!(raw.faccessat(AT_FDCWD, path, mode).await, Err(EINVAL));
        assert_eq!(raw.faccessat2(AT_FDCWD, path, mode, none).await, Err(EINVAL));
        assert_eq!(raw.faccessat2(AT_FDCWD, path, AccessMode::R_OK, flags).await, Err(EINVAL));
        assert_eq!(raw.fchownat(AT_FDCWD, path, 1, 1, flags).await, Err(EINVAL));
        assert_eq!(raw.newfstatat(AT_FDCWD, path, Out::at(page + 64), flags).await, Err(EINVAL));
        assert_eq!(raw.utimensat(AT_FDCWD, path, In::NULL, flags).await, Err(EINVAL));
        for nsec in [-1, 1_000_000_000] {
            sys.store::<i64>(page + 24, nsec).await;
            assert_eq!(raw.utimensat(AT_FDCWD, path, times, none).await, Err(EINVAL), "{nsec}");
        }
        sys.unlink(b"/tmp/f").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn calls_that_take_a_descriptor_check_it_and_whose_it_is() {
    program(&|sys, _| async move {
        sys.mkdir(b"/tmp/own", 0o700).await.unwrap();
        let own = sys.open(b"/tmp/own", OpenFlags::O_DIRECTORY).await.unwrap();
        let child = fork(sys, async move |sys| {
            sys.setresuid(1000, 1000, 1000).await.unwrap();
            // It was opened when one still might.
            assert_eq!(sys.fchdir(own).await, Err(EACCES));
            assert_eq!(sys.raw().fchmod(own, 0o777).await, Err(EPERM));
            assert_eq!(sys.raw().fchown(own, 1000, 1000).await, Err(EPERM));
            assert!(sys.fstat(own).await.is_ok());
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.fstat(Fd(99)).await, Err(EBADF));
        sys.rmdir(b"/tmp/own").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn links_are_made_of_names_and_of_what_is_open() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/f", 0o666).await.unwrap();
        let page = map(sys, 1).await;
        let (old, new, empty) = (Path(page), Path(page + 16), Path(page + 32));
        sys.store_bytes(page, b"/tmp/f\0").await;
        sys.store_bytes(page + 16, b"/tmp/g\0").await;
        let link = async |at, path, flags| sys.raw().linkat(at, path, AT_FDCWD, new, flags).await;
        let flags = AtFlags::from_bits_retain;
        // Flags are looked at before names.
        for wrong in [0x10, 0x100, 0x8000] {
            assert_eq!(link(AT_FDCWD, old, flags(wrong)).await, Err(EINVAL), "{wrong:#x}");
            assert_eq!(link(AT_FDCWD, empty, flags(wrong)).await, Err(EINVAL), "{wrong:#x}");
        }
        assert_eq!(link(AT_FDCWD, old, AtFlags::AT_SYMLINK_FOLLOW).await, Ok(0));
        sys.unlink(b"/tmp/g").await.unwrap();
        let (pipe, _) = sys.pipe().await.unwrap();
        let fifo = sys.open(b"/tmp/f", OpenFlags::O_RDWR).await.unwrap();
        assert_eq!(link(AT_FDCWD, empty, AtFlags::AT_EMPTY_PATH).await, Err(EPERM), "a directory");
        assert_eq!(link(pipe, empty, AtFlags::AT_EMPTY_PATH).await, Err(EXDEV));
        assert_eq!(link(fifo, empty, AtFlags::empty()).await, Err(ENOENT));
        assert_eq!(link(fifo, empty, AtFlags::AT_EMPTY_PATH).await, Ok(0));
        assert_eq!(sys.fstat(fifo).await.unwrap().nlink, 2);
        for path in [&b"/tmp/f"[..], b"/tmp/g"] {
            sys.unlink(path).await.unwrap();
        }
        assert_eq!(link(fifo, empty, AtFlags::AT_EMPTY_PATH).await, Err(ENOENT), "removed for good");
        0
    })
    .succeeds();
}

#[test]
fn one_can_go_deeper_than_a_path_can_tell() {
    program(&|sys, _| async move {
        let name = vec![b'd'; NAME_BYTES];
        let levels = PATH_BYTES / (NAME_BYTES + 1);
        sys.chdir(b"/tmp").await.unwrap();
        for level in 1..=levels {
            let length = sys.getcwd().await.unwrap().len();
            assert_eq!(length, 4 + (level - 1) * (NAME_BYTES + 1));
            sys.mkdir(&name, 0o700).await.unwrap();
            sys.chdir(&name).await.unwrap();
        }
        assert_eq!(sys.getcwd().await, Err(ENAMETOOLONG));
        // Before the buffer is looked at.
        for (buffer, size) in [(8, 0), (8, 1), (8, 100_000)] {
            assert_eq!(sys.raw().getcwd(OutBytes(buffer), Length(size)).await, Err(ENAMETOOLONG));
        }
        for _ in 0..levels {
            sys.chdir(b"..").await.unwrap();
            sys.rmdir(&name).await.unwrap();
        }
        assert_eq!(sys.raw().getcwd(OutBytes(8), Length(4)).await, Err(ERANGE));
        assert_eq!(sys.raw().getcwd(OutBytes(8), Length(5)).await, Err(EFAULT));
        0
    })
    .seeds(2)
    .succeeds();
}
