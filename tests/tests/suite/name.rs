//! Names (`path_resolution(7)`): directories, links, modes, the working directory. What fails, and how, is what a Linux host
//! gave for the same calls on its tmpfs.

use abi::Errno::{
    self, EACCES, EBADF, EBUSY, EEXIST, EFAULT, EINVAL, EISDIR, EMFILE, ENAMETOOLONG, ENOENT, ENOSPC, ENOTDIR,
    ENOTEMPTY, ENXIO, EOPNOTSUPP, EPERM, ERANGE, ESPIPE,
};
use abi::{
    AT_EACCESS, AT_FDCWD, AccessMode, AtFlags, Fd, Length, OpenFlags, Out, OutBytes, Path, RenameFlags, Rlimit,
    S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG, Timespec, UTIME_NOW, UTIME_OMIT, Whence,
};
use harness::{fork, join, map, program};
use userland::Sys;
use userland::libc::read_directory;

const RDONLY: OpenFlags = OpenFlags::empty();
const RDWR: OpenFlags = OpenFlags::O_RDWR;
const NONBLOCK: OpenFlags = OpenFlags::O_NONBLOCK;
const CREAT: OpenFlags = OpenFlags::O_CREAT;
const EXCL: OpenFlags = OpenFlags::O_EXCL;
const DIRECTORY: OpenFlags = OpenFlags::O_DIRECTORY;
const MODE_3: OpenFlags = OpenFlags::from_bits_retain(3);

/// Stands in a new directory `/tmp/here` with a directory `d` and a FIFO `f`.
async fn begin(sys: Sys) {
    sys.umask(0o022).await;
    sys.mkdir(b"/tmp/here", 0o777).await.unwrap();
    sys.chdir(b"/tmp/here").await.unwrap();
    sys.mkdir(b"d", 0o777).await.unwrap();
    sys.mkfifo(b"f", 0o666).await.unwrap();
}

/// Removes them again.
async fn end(sys: Sys) {
    sys.rmdir(b"d").await.unwrap();
    sys.unlink(b"f").await.unwrap();
    sys.chdir(b"/").await.unwrap();
    sys.rmdir(b"/tmp/here").await.unwrap();
}

/// As another user, in a child.
async fn as_user(sys: Sys, uid: u32, test: impl AsyncFnOnce(Sys)) {
    let child = fork(sys, async |sys| {
        sys.setresgid(uid, uid, uid).await.unwrap();
        sys.setresuid(uid, uid, uid).await.unwrap();
        test(sys).await;
    })
    .await;
    join(sys, child).await;
}

#[test]
fn names_that_can_not_be_made() {
    program(&|sys, _| async move {
        begin(sys).await;
        for (path, errno) in [
            (&b"."[..], EEXIST),
            (b"/", EEXIST),
            (b"", ENOENT),
            (b"f/x", ENOTDIR),
            (b"e/x", ENOENT),
            (b"f", EEXIST),
            (b"f/", EEXIST),
        ] {
            assert_eq!(sys.mkdir(path, 0).await, Err(errno), "mkdir {path:?}");
        }
        for (path, errno) in [(&b"g/"[..], ENOENT), (b"f/", EEXIST), (b"d/", EEXIST), (b"d", EEXIST), (b"", ENOENT)] {
            assert_eq!(sys.mkfifo(path, 0o666).await, Err(errno), "mkfifo {path:?}");
        }
        // The type is looked at before the path.
        assert_eq!(sys.mknodat(AT_FDCWD, b"nope/m", S_IFDIR).await, Err(EPERM));
        assert_eq!(sys.mknodat(AT_FDCWD, b"m", S_IFREG).await, Err(EPERM));
        assert_eq!(sys.mknodat(AT_FDCWD, b"m", S_IFCHR).await, Err(EPERM));
        assert_eq!(sys.mknodat(AT_FDCWD, b"m", 0o030000).await, Err(EINVAL));
        for (old, new, errno) in [
            (&b"d"[..], &b"z"[..], EPERM),
            (b"f", b"d", EEXIST),
            (b"f", b"z/", ENOENT),
            (b"f/", b"z", ENOTDIR),
            (b"nope", b"z", ENOENT),
            (b"f", b".", EEXIST),
        ] {
            assert_eq!(sys.link(old, new).await, Err(errno), "link {old:?} {new:?}");
        }
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn names_that_can_not_be_removed() {
    program(&|sys, _| async move {
        begin(sys).await;
        for (path, errno) in [
            (&b"f/"[..], ENOTDIR),
            (b"d/", EISDIR),
            (b"x/", ENOENT),
            (b"d", EISDIR),
            (b".", EISDIR),
            (b"..", EISDIR),
            (b"/", EISDIR),
        ] {
            assert_eq!(sys.unlink(path).await, Err(errno), "unlink {path:?}");
        }
        for (path, errno) in [
            (&b"."[..], EINVAL),
            (b"..", ENOTEMPTY),
            (b"/", EBUSY),
            (b"d/.", EINVAL),
            (b"d/..", ENOTEMPTY),
            (b"f", ENOTDIR),
        ] {
            assert_eq!(sys.rmdir(path).await, Err(errno), "rmdir {path:?}");
        }
        sys.mkdir(b"d/s", 0o777).await.unwrap();
        assert_eq!(sys.rmdir(b"d").await, Err(ENOTEMPTY));
        sys.rmdir(b"d/s/").await.unwrap();
        assert_eq!(sys.unlinkat(AT_FDCWD, b"f", AtFlags::AT_SYMLINK_FOLLOW).await, Err(EINVAL));
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn what_can_not_be_opened() {
    program(&|sys, _| async move {
        begin(sys).await;
        let tmpfile = OpenFlags::O_TMPFILE | DIRECTORY;
        for (path, flags, errno) in [
            (&b"f"[..], MODE_3, EINVAL),
            (b"d", MODE_3, EISDIR),
            (b"d", RDWR, EISDIR),
            (b"d", CREAT, EISDIR),
            (b"d", CREAT | DIRECTORY, EINVAL),
            (b"n/", CREAT, EISDIR),
            (b"f/", NONBLOCK, ENOTDIR),
            (b"f", DIRECTORY, ENOTDIR),
            (b"d", CREAT | EXCL, EEXIST),
            (b"f", CREAT | EXCL, EEXIST),
            (b".", CREAT, EISDIR),
            (b"/", CREAT | EXCL, EEXIST),
            (b"d", OpenFlags::O_TRUNC, EISDIR),
            (b"d", tmpfile, EINVAL),
            (b"d", tmpfile | RDWR, EOPNOTSUPP),
            (b"f", OpenFlags::O_PATH, EINVAL),
            // There are no regular files.
            (b"n", CREAT | RDWR, EOPNOTSUPP),
            (b"n", RDONLY, ENOENT),
            (b"", RDONLY, ENOENT),
            (b"f", OpenFlags::O_WRONLY | NONBLOCK, ENXIO),
            (b"/dev/tty", RDWR, ENXIO),
        ] {
            assert_eq!(sys.open(path, flags).await, Err(errno), "open {path:?} {flags:?}");
        }
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn a_table_of_descriptors_that_is_full_is_noticed_before_the_path() {
    program(&|sys, _| async move {
        sys.setrlimit(abi::Resource::RLIMIT_NOFILE, Rlimit { cur: 3, max: 64 }).await.unwrap();
        assert_eq!(sys.open(b"/nowhere", RDONLY).await, Err(EMFILE));
        assert_eq!(sys.open(b"", RDONLY).await, Err(ENOENT));
        0
    })
    .succeeds();
}

#[test]
fn renames_that_fail_and_those_that_do_nothing() {
    program(&|sys, _| async move {
        begin(sys).await;
        sys.mkdir(b"d/s", 0o777).await.unwrap();
        let (none, exchange) = (RenameFlags::empty(), RenameFlags::RENAME_EXCHANGE);
        let no_replace = RenameFlags::RENAME_NOREPLACE;
        for (old, new, flags, errno) in [
            (&b"."[..], &b"x"[..], none, EBUSY),
            (b"f", b"..", none, EBUSY),
            (b"d", b"d/e", none, EINVAL),
            (b"d", b"f", none, ENOTDIR),
            (b"f", b"d", none, EISDIR),
            (b"f/", b"y", none, ENOTDIR),
            (b"f", b"y/", none, ENOTDIR),
            (b"d/s", b"d", none, ENOTEMPTY),
            (b"d/s", b"d", exchange, EINVAL),
            (b"d", b"d/s", exchange, EINVAL),
            (b"d", b"d/s/x", none, EINVAL),
            (b"f", b"q", exchange, ENOENT),
            (b"f", b"d", no_replace, EEXIST),
            (b"f", b".", no_replace, EEXIST),
            (b"f", b"q", RenameFlags::all(), EINVAL),
            (b"f", b"q", RenameFlags::from_bits_retain(8), EINVAL),
            (b"nope", b"q", none, ENOENT),
        ] {
            assert_eq!(sys.renameat2(old, new, flags).await, Err(errno), "rename {old:?} {new:?} {flags:?}");
        }
        assert_eq!(sys.rename(b"d", b"d").await, Ok(()));
        sys.link(b"f", b"g").await.unwrap();
        // Two names of one file: both stay.
        assert_eq!(sys.rename(b"f", b"g").await, Ok(()));
        assert_eq!(sys.stat(b"g").await.unwrap().nlink, 2);
        sys.unlink(b"g").await.unwrap();
        sys.rmdir(b"d/s").await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn directories_move_with_what_is_in_them() {
    program(&|sys, _| async move {
        begin(sys).await;
        sys.mkdir(b"d/s", 0o777).await.unwrap();
        sys.mkdir(b"e", 0o777).await.unwrap();
        let links = async |path: &[u8]| sys.stat(path).await.unwrap().nlink;
        assert_eq!((links(b"d").await, links(b"e").await), (3, 2));
        sys.rename(b"d/s", b"e/t").await.unwrap();
        assert_eq!((links(b"d").await, links(b"e").await), (2, 3));
        sys.chdir(b"e/t").await.unwrap();
        assert_eq!(sys.getcwd().await.unwrap(), b"/tmp/here/e/t");
        sys.rename(b"../../e", b"../../d").await.unwrap();
        assert_eq!(sys.getcwd().await.unwrap(), b"/tmp/here/d/t");
        sys.chdir(b"/tmp/here").await.unwrap();
        sys.renameat2(b"d/t", b"f", RenameFlags::RENAME_EXCHANGE).await.unwrap();
        assert_eq!(sys.stat(b"f").await.unwrap().mode, S_IFDIR | 0o755);
        assert_eq!(sys.stat(b"d/t").await.unwrap().mode, S_IFIFO | 0o644);
        assert_eq!((links(b"d").await, links(b".").await), (2, 4));
        sys.renameat2(b"d/t", b"f", RenameFlags::RENAME_EXCHANGE).await.unwrap();
        sys.rmdir(b"d/t").await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn a_removed_working_directory_lives_on_without_a_path() {
    program(&|sys, _| async move {
        sys.mkdir(b"/tmp/gone", 0o777).await.unwrap();
        sys.chdir(b"/tmp/gone").await.unwrap();
        sys.mkdir(b"below", 0o777).await.unwrap();
        sys.chdir(b"below").await.unwrap();
        sys.rmdir(b"../below").await.unwrap();
        sys.rmdir(b"/tmp/gone").await.unwrap();
        assert_eq!(sys.getcwd().await, Err(ENOENT));
        let here = sys.open(b".", RDONLY).await.unwrap();
        assert_eq!(sys.getdents64(here, 1000).await, Err(ENOENT));
        assert_eq!(sys.mkdir(b"x", 0).await, Err(ENOENT));
        assert_eq!(sys.open(b"x", CREAT).await, Err(ENOENT));
        assert_eq!(sys.rmdir(b".").await, Err(EINVAL));
        assert_eq!(sys.stat(b".").await.unwrap().nlink, 0);
        // The way up is still there, through a directory that is gone too.
        sys.chdir(b"../..").await.unwrap();
        assert_eq!(sys.getcwd().await.unwrap(), b"/tmp");
        assert_eq!(sys.fstat(here).await.unwrap().nlink, 0);
        0
    })
    .succeeds();
}

#[test]
fn children_inherit_the_working_directory_and_programs_keep_it() {
    program(&|sys, _| async move {
        sys.chdir(b"/dev/../tmp/.").await.unwrap();
        let child = fork(sys, async |sys| {
            assert_eq!(sys.getcwd().await.unwrap(), b"/tmp");
            sys.chdir(b"/dev").await.unwrap();
            let errno = sys.execve(b"pwd", &[b"pwd"], &[]).await;
            panic!("{errno}");
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.getcwd().await.unwrap(), b"/tmp");
        0
    })
    .prints("/dev\n");
}

#[test]
fn long_names_and_long_paths() {
    program(&|sys, _| async move {
        let name = vec![b'n'; kernel::limits::NAME_BYTES + 1];
        assert_eq!(sys.mkdir(&[b"/tmp/", &name[..]].concat(), 0).await, Err(ENAMETOOLONG));
        assert_eq!(sys.stat(&name).await, Err(ENAMETOOLONG));
        let longest = [b"/tmp/", &name[1..]].concat();
        sys.mkdir(&longest, 0o700).await.unwrap();
        sys.rmdir(&longest).await.unwrap();
        assert_eq!(sys.chdir(&vec![b'/'; kernel::limits::PATH_BYTES]).await, Err(ENAMETOOLONG));
        assert_eq!(sys.chdir(&vec![b'/'; kernel::limits::PATH_BYTES - 1]).await, Ok(()));
        0
    })
    .succeeds();
}

#[test]
fn modes_decide_who_may_do_what() {
    program(&|sys, _| async move {
        begin(sys).await;
        sys.mkdir(b"own", 0o700).await.unwrap();
        sys.mkdir(b"listed", 0o744).await.unwrap();
        sys.mkfifo(b"d/mine", 0o600).await.unwrap();
        sys.chmod(b"d", 0o1777).await.unwrap();
        as_user(sys, 1000, async |sys| {
            assert_eq!(sys.stat(b"own/x").await, Err(EACCES));
            assert_eq!(sys.chdir(b"own").await, Err(EACCES));
            assert_eq!(read_directory(sys, b"own").await, Err(EACCES));
            assert_eq!(read_directory(sys, b"listed").await.unwrap().len(), 2);
            assert_eq!(sys.stat(b"listed/x").await, Err(EACCES));
            assert_eq!(sys.mkdir(b"mine", 0o777).await, Err(EACCES));
            assert_eq!(sys.open(b"mine", CREAT).await, Err(EACCES));
            assert_eq!(sys.unlink(b"f").await, Err(EACCES));
            assert_eq!(sys.open(b"f", RDWR).await, Err(EACCES));
            // The sticky bit: only one's own may go.
            assert_eq!(sys.unlink(b"d/mine").await, Err(EPERM));
            assert_eq!(sys.rename(b"d/mine", b"d/yours").await, Err(EPERM));
            sys.mkfifo(b"d/other", 0o600).await.unwrap();
            sys.unlink(b"d/other").await.unwrap();
            assert_eq!(sys.chmod(b"f", 0o666).await, Err(EPERM));
            assert_eq!(sys.chown(b"f", 1000, 1000).await, Err(EPERM));
            assert_eq!(sys.access(b"f", AccessMode::R_OK).await, Ok(()));
            assert_eq!(sys.access(b"f", AccessMode::W_OK).await, Err(EACCES));
            assert_eq!(sys.access(b"f", AccessMode::empty()).await, Ok(()));
            let omit = Timespec { sec: 0, nsec: UTIME_OMIT };
            let now = Timespec { sec: 0, nsec: UTIME_NOW };
            assert_eq!(sys.utimensat(b"f", [now, omit]).await, Err(EPERM));
            assert_eq!(sys.utimensat(b"f", [now, now]).await, Err(EACCES));
        })
        .await;
        // By the real ids, but with AT_EACCESS by the effective ones.
        let child = fork(sys, async |sys| {
            sys.setresuid(1000, 0, 0).await.unwrap();
            assert_eq!(sys.access(b"own", AccessMode::R_OK).await, Err(EACCES));
            let address = map(sys, 1).await;
            sys.store_bytes(address, b"own\0").await;
            let ask = |flags| sys.raw().faccessat2(AT_FDCWD, Path(address), AccessMode::R_OK, flags);
            assert_eq!(ask(AT_EACCESS).await, Ok(0));
            assert_eq!(ask(AtFlags::empty()).await, Err(EACCES));
            assert_eq!(ask(AtFlags::AT_SYMLINK_FOLLOW).await, Err(EINVAL));
        })
        .await;
        join(sys, child).await;
        // User 0 may execute only what somebody may.
        assert_eq!(sys.access(b"f", AccessMode::X_OK).await, Err(EACCES));
        for path in [&b"own"[..], b"listed"] {
            sys.rmdir(path).await.unwrap();
        }
        sys.unlink(b"d/mine").await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn owners_groups_and_inherited_groups() {
    program(&|sys, _| async move {
        begin(sys).await;
        sys.chmod(b"f", 0o6777).await.unwrap();
        assert_eq!(sys.stat(b"f").await.unwrap().mode, S_IFIFO | 0o6777);
        sys.chown(b"f", 7, 8).await.unwrap();
        let stat = sys.stat(b"f").await.unwrap();
        assert_eq!((stat.mode, stat.uid, stat.gid), (S_IFIFO | 0o777, 7, 8));
        sys.chown(b"f", u32::MAX, 9).await.unwrap();
        assert_eq!(sys.stat(b"f").await.unwrap().gid, 9);
        sys.chown(b"d", 0, 5).await.unwrap();
        sys.chmod(b"d", 0o2777).await.unwrap();
        sys.mkdir(b"d/s", 0o777).await.unwrap();
        let stat = sys.stat(b"d/s").await.unwrap();
        assert_eq!((stat.gid, stat.mode), (5, S_IFDIR | 0o2755));
        sys.rmdir(b"d/s").await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn a_directory_is_read_in_pieces_and_again() {
    program(&|sys, _| async move {
        begin(sys).await;
        let fd = sys.open(b".", RDONLY).await.unwrap();
        assert_eq!(sys.getdents64(fd, 23).await, Err(EINVAL));
        let names = async |room| {
            let entries = sys.getdents64(fd, room).await.unwrap();
            entries.iter().map(|entry| String::from_utf8_lossy(&entry.name).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(24).await, ["."]);
        assert_eq!(sys.lseek(fd, 0, Whence::SEEK_CUR).await, Ok(1));
        assert_eq!(names(48).await, ["..", "d"]);
        // A name that goes while others read doesn't disturb them.
        sys.mkfifo(b"g", 0o600).await.unwrap();
        sys.unlink(b"f").await.unwrap();
        assert_eq!(names(1000).await, ["g"]);
        assert!(names(1000).await.is_empty());
        assert_eq!(sys.lseek(fd, 0, Whence::SEEK_SET).await, Ok(0));
        assert_eq!(names(1000).await, [".", "..", "d", "g"]);
        assert_eq!(sys.lseek(fd, -1, Whence::SEEK_SET).await, Err(EINVAL));
        assert_eq!(sys.lseek(fd, 0, Whence::SEEK_END).await, Err(EINVAL));
        let mut byte = [0];
        assert_eq!(sys.read(fd, &mut byte).await, Err(EISDIR));
        assert_eq!(sys.read(fd, &mut []).await, Err(EISDIR));
        assert_eq!(sys.write(fd, b"x").await, Err(EBADF));
        sys.rename(b"g", b"f").await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn descriptors_as_places_to_begin() {
    program(&|sys, _| async move {
        begin(sys).await;
        let (pipe, _) = sys.pipe().await.unwrap();
        let here = sys.open(b"/tmp/here", DIRECTORY).await.unwrap();
        sys.chdir(b"/").await.unwrap();
        sys.mkdirat(here, b"d/s", 0o777).await.unwrap();
        sys.unlinkat(here, b"d/s", AtFlags::AT_REMOVEDIR).await.unwrap();
        for (fd, path, errno) in
            [(pipe, &b"x"[..], ENOTDIR), (Fd(99), b"x", EBADF), (Fd(99), b"", ENOENT), (here, b"x", ENOENT)]
        {
            assert_eq!(sys.openat(fd, path, RDONLY, 0).await, Err(errno), "{fd:?} {path:?}");
        }
        let null = sys.openat(Fd(99), b"/dev/null", RDONLY, 0).await.unwrap();
        let empty = AtFlags::AT_EMPTY_PATH;
        assert_eq!(sys.fstatat(Fd(99), b"", empty).await, Err(EBADF));
        assert_eq!(sys.fstatat(pipe, b"", empty).await.unwrap().mode, S_IFIFO | 0o600);
        assert_eq!(sys.fstatat(AT_FDCWD, b"", AtFlags::empty()).await, Err(ENOENT));
        assert_eq!(sys.fstatat(AT_FDCWD, b"", empty).await, sys.stat(b"/").await);
        assert_eq!(sys.fstatat(AT_FDCWD, b"/", AtFlags::from_bits_retain(8)).await, Err(EINVAL));
        assert_eq!(sys.fstat(null).await.unwrap().rdev, abi::device_number(1, 3));
        assert_eq!(sys.fchdir(pipe).await, Err(ENOTDIR));
        assert_eq!(sys.fchdir(null).await, Err(ENOTDIR));
        assert_eq!(sys.fchdir(Fd(99)).await, Err(EBADF));
        assert_eq!(sys.fchdir(here).await, Ok(()));
        assert_eq!(sys.lseek(pipe, 0, Whence::SEEK_SET).await, Err(ESPIPE));
        assert_eq!(sys.lseek(Fd(99), 0, Whence::SEEK_SET).await, Err(EBADF));
        assert_eq!(sys.getdents64(pipe, 100).await, Err(ENOTDIR));
        assert_eq!(sys.getdents64(Fd(99), 100).await, Err(EBADF));
        assert_eq!(sys.raw().fchmod(here, 0o700).await, Ok(0));
        assert_eq!(sys.raw().fchmod(pipe, 0o700).await, Err(EINVAL));
        assert_eq!(sys.raw().fchmod(Fd(99), 0o700).await, Err(EBADF));
        assert_eq!(sys.raw().fchown(here, 0, 0).await, Ok(0));
        assert_eq!(sys.raw().fchown(pipe, 0, 0).await, Err(EINVAL));
        assert_eq!(sys.raw().fchown(Fd(99), 0, 0).await, Err(EBADF));
        assert_eq!(sys.stat(b".").await.unwrap().mode, S_IFDIR | 0o700);
        sys.close(here).await.unwrap();
        end(sys).await;
        0
    })
    .succeeds();
}

#[test]
fn bad_addresses_are_refused() {
    program(&|sys, _| async move {
        const BAD: u64 = 8;
        let raw = sys.raw();
        let address = map(sys, 1).await;
        sys.store_bytes(address, b"/\0").await;
        let (bad, root, none) = (Path(BAD), Path(address), AtFlags::empty());
        let here = sys.open(b"/", RDONLY).await.unwrap();
        let results: [Result<i64, Errno>; 14] = [
            raw.openat(AT_FDCWD, bad, RDONLY, 0).await,
            raw.mkdirat(AT_FDCWD, bad, 0).await,
            raw.mknodat(AT_FDCWD, bad, S_IFIFO, 0).await,
            raw.unlinkat(AT_FDCWD, bad, none).await,
            raw.linkat(AT_FDCWD, root, AT_FDCWD, bad, none).await,
            raw.renameat2(AT_FDCWD, root, AT_FDCWD, bad, RenameFlags::empty()).await,
            raw.newfstatat(AT_FDCWD, bad, Out::at(address), none).await,
            raw.newfstatat(AT_FDCWD, root, Out::at(BAD), none).await,
            raw.fstat(here, Out::at(BAD)).await,
            raw.faccessat(AT_FDCWD, bad, AccessMode::empty()).await,
            raw.fchmodat(AT_FDCWD, bad, 0).await,
            raw.chdir(bad).await,
            raw.getcwd(OutBytes(BAD), Length(100)).await,
            raw.getdents64(here, OutBytes(BAD), Length(100)).await,
        ];
        assert_eq!(results, [Err(EFAULT); 14]);
        assert_eq!(raw.getcwd(OutBytes(address), Length(1)).await, Err(ERANGE));
        assert_eq!(raw.getcwd(OutBytes(address), Length(2)).await, Ok(2));
        0
    })
    .succeeds();
}

#[test]
fn the_devices_of_the_kernel() {
    program(&|sys, _| async move {
        let mut bytes = [7; 5];
        let null = sys.open(b"/dev/null", RDWR).await.unwrap();
        assert_eq!(sys.read(null, &mut bytes).await, Ok(0));
        assert_eq!(sys.write(null, b"abc").await, Ok(3));
        assert_eq!(sys.lseek(null, 7, Whence::SEEK_SET).await, Ok(0));
        assert_eq!(sys.lseek(null, 7, Whence(99)).await, Err(EINVAL));
        let zero = sys.open(b"/dev/zero", RDWR).await.unwrap();
        assert_eq!(sys.read(zero, &mut bytes).await, Ok(5));
        assert_eq!(bytes, [0; 5]);
        assert_eq!(sys.write(zero, b"abc").await, Ok(3));
        assert_eq!(sys.raw().read(zero, OutBytes(1), Length(5)).await, Err(EFAULT));
        let full = sys.open(b"/dev/full", RDWR).await.unwrap();
        assert_eq!(sys.read(full, &mut bytes).await, Ok(5));
        assert_eq!(sys.write(full, b"a").await, Err(ENOSPC));
        assert_eq!(sys.write(full, b"").await, Err(ENOSPC));
        // The access mode 3 allows neither.
        let neither = sys.open(b"/dev/null", MODE_3).await.unwrap();
        assert_eq!(sys.read(neither, &mut bytes).await, Err(EBADF));
        assert_eq!(sys.write(neither, b"a").await, Err(EBADF));
        let console = sys.open(b"/dev/console", OpenFlags::O_WRONLY).await.unwrap();
        assert_eq!(sys.write(console, b"to the console\n").await, Ok(15));
        0
    })
    .prints("to the console\n");
}
