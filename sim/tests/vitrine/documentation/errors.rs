//! `docs/errors/` lists the errors of calls: those of the manual's page, those of the table of calls, and no others; each with a
//! test that exists, or a reason.
//!
//! A section's heading is `CALL, CALL: PAGE, PAGE`. A call that takes a path has the errors of the section [`PATHS`] too.

use std::collections::{BTreeMap, BTreeSet};

use abi::{Errno, Kind, Syscall};

use super::manual::{Sources, evidence_fault, rows};
use super::{read, root};

/// Calls, and what the section ERRORS of their pages lists (Linux man-pages 6.03), as far as it concerns these calls.
#[rustfmt::skip]
const MANUAL: &[(&str, &str, &str)] = &[
    ("openat", "open(2)", "EACCES EBADF EBUSY EDQUOT EEXIST EFAULT EFBIG EINTR EINVAL EISDIR ELOOP EMFILE ENAMETOOLONG ENFILE \
        ENODEV ENOENT ENOMEM ENOSPC ENOTDIR ENXIO EOPNOTSUPP EOVERFLOW EPERM EROFS ETXTBSY EWOULDBLOCK"),
    ("posix_spawn", "posix_spawn(3)", "EAGAIN ENOMEM ENOSYS"),
    // A page of POSIX's: glibc's has none.
    ("posix_spawn", "posix_spawn_file_actions_addopen(3)", "EBADF ENOMEM"),
    ("mkdirat", "mkdir(2)",
        "EACCES EBADF EDQUOT EEXIST EFAULT EINVAL ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS"),
    ("mknodat", "mknod(2)",
        "EACCES EBADF EDQUOT EEXIST EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR EPERM EROFS"),
    ("mknodat", "mkfifo(3)", "EACCES EBADF EDQUOT EEXIST ENAMETOOLONG ENOENT ENOSPC ENOTDIR EROFS"),
    ("unlinkat", "unlink(2)",
        "EACCES EBADF EBUSY EFAULT EINVAL EIO EISDIR ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS"),
    ("unlinkat", "rmdir(2)",
        "EACCES EBUSY EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR ENOTEMPTY EPERM EROFS"),
    ("linkat", "link(2)", "EACCES EBADF EDQUOT EEXIST EFAULT EINVAL EIO ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM ENOSPC ENOTDIR \
        EPERM EROFS EXDEV"),
    ("renameat2", "rename(2)", "EACCES EBADF EBUSY EDQUOT EEXIST EFAULT EINVAL EISDIR ELOOP EMLINK ENAMETOOLONG ENOENT ENOMEM \
        ENOSPC ENOTDIR ENOTEMPTY EPERM EROFS EXDEV"),
    ("newfstatat", "stat(2)", "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW"),
    ("fstat", "stat(2)", "EBADF EFAULT ENOMEM EOVERFLOW"),
    ("faccessat", "access(2)",
        "EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS ETXTBSY"),
    ("faccessat2", "access(2)",
        "EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS ETXTBSY"),
    ("fchmodat", "chmod(2)",
        "EACCES EBADF EFAULT EINVAL EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR ENOTSUP EPERM EROFS"),
    ("fchmod", "chmod(2)", "EBADF EIO EPERM EROFS"),
    ("fchownat", "chown(2)", "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EPERM EROFS"),
    ("fchown", "chown(2)", "EBADF EIO EPERM EROFS"),
    ("utimensat", "utimensat(2)", "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOTDIR EPERM EROFS ESRCH"),
    ("getdents64", "getdents(2)", "EBADF EFAULT EINVAL ENOENT ENOTDIR"),
    ("lseek", "lseek(2)", "EBADF EINVAL ENXIO EOVERFLOW ESPIPE"),
    ("chdir", "chdir(2)", "EACCES EFAULT EIO ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR"),
    ("fchdir", "chdir(2)", "EACCES EBADF ENOTDIR"),
    ("getcwd", "getcwd(3)", "EACCES EFAULT EINVAL ENAMETOOLONG ENOENT ENOMEM ERANGE"),
    ("mq_open", "mq_open(3)", "EACCES EEXIST EINVAL EMFILE ENAMETOOLONG ENFILE ENOENT ENOMEM ENOSPC"),
    ("mq_unlink", "mq_unlink(3)", "EACCES ENAMETOOLONG ENOENT"),
    ("mq_timedsend", "mq_send(3)", "EAGAIN EBADF EINTR EINVAL EMSGSIZE ETIMEDOUT"),
    ("mq_timedreceive", "mq_receive(3)", "EAGAIN EBADF EINTR EINVAL EMSGSIZE ETIMEDOUT"),
    ("mq_notify", "mq_notify(3)", "EBADF EBUSY EINVAL ENOMEM"),
    ("mq_getsetattr", "mq_getattr(3)", "EBADF EINVAL"),
    ("close", "mq_close(3)", "EBADF"),
    ("shm_open", "shm_open(3)", "EACCES EEXIST EINVAL EMFILE ENAMETOOLONG ENFILE ENOENT"),
    ("shm_unlink", "shm_open(3)", "EACCES ENOENT"),
    ("ftruncate", "ftruncate(2)", "EBADF EFBIG EINTR EINVAL EIO EPERM EROFS ETXTBSY"),
    ("mmap", "mmap(2)", "EACCES EAGAIN EBADF EEXIST EINVAL ENFILE ENODEV ENOMEM EOVERFLOW EPERM ETXTBSY"),
    ("msync", "msync(2)", "EBUSY EINVAL ENOMEM"),
    ("shmget", "shmget(2)", "EACCES EEXIST EINVAL ENFILE ENOENT ENOMEM ENOSPC EPERM"),
    ("shmat", "shmop(2)", "EACCES EIDRM EINVAL ENOMEM"),
    ("shmdt", "shmop(2)", "EINVAL"),
    ("shmctl", "shmctl(2)", "EACCES EFAULT EIDRM EINVAL ENOMEM EOVERFLOW EPERM"),
    ("msgget", "msgget(2)", "EACCES EEXIST ENOENT ENOMEM ENOSPC"),
    ("msgsnd", "msgop(2)", "EACCES EAGAIN EFAULT EIDRM EINTR EINVAL ENOMEM"),
    ("msgrcv", "msgop(2)", "E2BIG EACCES EFAULT EIDRM EINTR EINVAL ENOMSG ENOSYS"),
    ("msgctl", "msgctl(2)", "EACCES EFAULT EIDRM EINVAL EPERM"),
    ("semget", "semget(2)", "EACCES EEXIST EINVAL ENOENT ENOMEM ENOSPC"),
    ("semop", "semop(2)", "E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE"),
    ("semtimedop", "semop(2)", "E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE"),
    ("semctl", "semctl(2)", "EACCES EFAULT EIDRM EINVAL EPERM ERANGE"),
    ("ftok", "ftok(3)", "EACCES EBADF EFAULT EINVAL ELOOP ENAMETOOLONG ENOENT ENOMEM ENOTDIR EOVERFLOW"),
];

/// The section of what a path may be wrong with.
const PATHS: &str = "every call that takes a path";
/// What a row says of an error that the kernel doesn't know.
const BY_THE_LIBRARY: &str = "the library's check";
/// Functions of the library that have a section and aren't in the table of calls.
const FUNCTIONS: &[&str] = &["posix_spawn", "shm_open", "shm_unlink", "ftok"];

/// The errors of a section.
#[derive(Default)]
struct Section {
    /// The manual's pages that its heading names.
    pages: Vec<String>,
    /// Those that a test produces.
    tested: BTreeSet<String>,
    /// Those that can't occur, or that the library makes.
    others: BTreeSet<String>,
}

impl Section {
    fn has(&self, errno: &str) -> bool {
        self.tested.contains(errno) || self.others.contains(errno)
    }
}

/// What is wrong with a row, whose cells these are; else it goes to its section.
fn take(cells: &[&str], section: &mut Section, sources: &mut Sources) -> Option<String> {
    let [errnos, when, evidence] = cells else { return Some(format!("it has {} cells", cells.len())) };
    if when.is_empty() {
        return Some("it doesn't say when".into());
    }
    if let Some(fault) = evidence_fault(evidence, "can't occur: ", sources) {
        return Some(fault);
    }
    for errno in errnos.split(", ") {
        let tested = evidence.starts_with('`');
        // The kernel needn't know those that it never returns.
        let known = Errno::ALL.iter().any(|known| known.name() == errno);
        let listed = MANUAL.iter().any(|(_, _, errnos)| errnos.split(' ').any(|listed| listed == errno));
        if !known && (tested || !listed) {
            return Some(format!("{errno} is no error"));
        }
        if tested && !evidence.split(", ").any(|test| sources.mention(test, errno)) {
            return Some(format!("its tests say nothing of {errno}"));
        }
        let kernel = tested && !when.contains(BY_THE_LIBRARY);
        let of = if kernel { &mut section.tested } else { &mut section.others };
        of.insert(errno.into());
    }
    None
}

/// All sections of all pages, by call, and what is wrong with their rows.
fn sections() -> (BTreeMap<String, Section>, Vec<String>) {
    let folder = root().join("docs/errors");
    let index = read(&folder.join("README.md"));
    let (mut sections, mut faults, mut sources) = (BTreeMap::new(), Vec::new(), Sources::default());
    for entry in std::fs::read_dir(&folder).expect("the folder is there") {
        let name = entry.expect("it can be listed").file_name().into_string().expect("names are text");
        if name == "README.md" {
            continue;
        }
        assert!(index.contains(&format!("({name})")), "the index doesn't name {name}");
        for part in read(&folder.join(&name)).split("\n## ").skip(1) {
            let (heading, body) = part.split_once('\n').unwrap_or((part, ""));
            let (calls, pages) = heading.split_once(": ").unwrap_or((heading, ""));
            for call in calls.split(", ") {
                let pages = pages.split(", ").map(String::from).collect();
                let mut section = Section { pages, ..Section::default() };
                for (_, cells) in rows(body) {
                    let fault = take(&cells, &mut section, &mut sources);
                    faults.extend(fault.map(|fault| format!("docs/errors/{name}, {call}, {}: {fault}", cells[0])));
                }
                assert!(sections.insert(call.to_string(), section).is_none(), "{call} has two sections");
            }
        }
    }
    (sections, faults)
}

#[test]
fn every_error_of_the_manual_has_its_test_or_a_reason() {
    let (sections, mut faults) = sections();
    for &(call, page, errnos) in MANUAL {
        let Some(section) = sections.get(call) else {
            faults.push(format!("{call} has no section"));
            continue;
        };
        if !section.pages.iter().any(|named| named == page) {
            faults.push(format!("{call}: its heading doesn't name {page}"));
        }
        let shared = of_paths(&sections, call);
        for errno in
            errnos.split(' ').filter(|errno| !section.has(errno) && !shared.is_some_and(|paths| paths.has(errno)))
        {
            faults.push(format!("{call}: {page} lists {errno}"));
        }
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}

/// The section of paths, if the call takes one. `ftok` does, though it is none of the kernel's calls.
fn of_paths<'a>(sections: &'a BTreeMap<String, Section>, call: &str) -> Option<&'a Section> {
    if call == "ftok" {
        return Some(&sections[PATHS]);
    }
    let info = Syscall::TABLE.iter().find(|info| info.name == call)?;
    // The name of a queue is no path.
    let takes_path =
        info.arguments.iter().any(|argument| matches!(argument.kind, Kind::Path)) && !call.starts_with("mq_");
    takes_path.then(|| &sections[PATHS])
}

#[test]
fn the_errors_that_are_tested_are_those_of_the_table() {
    let (sections, _) = sections();
    let mut faults = Vec::new();
    for (call, section) in &sections {
        let Some(info) = Syscall::TABLE.iter().find(|info| info.name == call) else { continue };
        let table: BTreeSet<&str> = info.errors.iter().map(|errno| errno.name()).collect();
        let shared = of_paths(&sections, call);
        let tested =
            |errno: &str| section.tested.contains(errno) || shared.is_some_and(|paths| paths.tested.contains(errno));
        let untested = table.iter().filter(|errno| !tested(errno));
        faults.extend(untested.map(|errno| format!("{call}: {errno} is in the table, and nothing tests it")));
        let unknown = section.tested.iter().filter(|errno| !table.contains(errno.as_str()));
        faults.extend(unknown.map(|errno| format!("{call}: a test makes {errno}, which isn't in the table")));
    }
    assert!(faults.is_empty(), "{}:\n{}", faults.len(), faults.join("\n"));
}

/// So that a slip in a heading isn't taken for a call without errors.
#[test]
fn every_section_is_of_a_call() {
    let (sections, _) = sections();
    for call in sections.keys() {
        let known = Syscall::TABLE.iter().any(|info| info.name == call) || FUNCTIONS.contains(&call.as_str());
        assert!(known || call == PATHS, "{call} is no call");
    }
}

#[test]
fn faults_of_error_rows_are_found() {
    let test = "`tests/tests/suite/path.rs::one_can_go_deeper_than_a_path_can_tell`";
    let mut sources = Sources::default();
    let mut is_wrong = |cells: &[&str]| take(cells, &mut Section::default(), &mut sources).is_some();
    assert!(!is_wrong(&["ERANGE", "it is too small", test]));
    assert!(!is_wrong(&["EIO, EROFS", "the disk", "can't occur: there is no disk"]));
    assert!(is_wrong(&["ERANGE", "", test]));
    assert!(is_wrong(&["ERANGE", test]));
    assert!(is_wrong(&["EWRONG", "it is too small", test]));
    assert!(is_wrong(&["ERANGE", "it is too small", "soon"]));
    assert!(is_wrong(&["ERANGE", "it is too small", "can't occur: never"]));
    // The test is there, but it says nothing of this error.
    assert!(is_wrong(&["EXDEV", "it is elsewhere", "`tests/tests/suite/fifo.rs::without_waiting`"]));
}
