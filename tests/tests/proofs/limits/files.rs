//! Open files, pipes, descriptors, names.

use abi::{Errno, FcntlCommand, Fd, OpenFlags};
use harness::{PAGE, fork, join};
use kernel::limits::*;
use userland::sys::FileActions;
use userland::{Args, Sys};

use super::bystander::{Bystander, holders, let_go};
use super::queues::{QUEUE, holding};

/// Descriptions of the console that init and all others share.
pub(super) const CONSOLE_FILES: usize = 3;

/// Whichever of the two is met first: a pipe is two descriptions.
pub(super) async fn files_and_pipes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.mkfifo(b"/tmp/fifo", 0o600).await.unwrap();
    let full = |errno| matches!(errno, Errno::EMFILE | Errno::ENFILE);
    let (made, children) = holders(sys, PROCESSES, async |sys| {
        let mut made = 0;
        loop {
            match sys.pipe().await {
                Ok(_) => made += 1,
                Err(errno) => break assert!(full(errno), "{errno}"),
            }
        }
        made
    })
    .await;
    let (_, others) = holders(sys, PROCESSES - children.len(), async |sys| {
        let mut opened = 0;
        loop {
            match sys.open(b"/dev/null", OpenFlags::empty()).await {
                Ok(_) => opened += 1,
                Err(errno) => break assert!(full(errno), "{errno}"),
            }
        }
        opened
    })
    .await;
    assert_eq!(made as usize, PIPES.min((FILES - CONSOLE_FILES) / 2));
    if PIPES > (FILES - CONSOLE_FILES) / 2 {
        println!("FILES is met before PIPES");
    }
    assert_eq!(sys.pipe().await, Err(Errno::ENFILE));
    assert_eq!(sys.open(b"/tmp/fifo", OpenFlags::O_RDWR).await, Err(Errno::ENFILE));
    assert_eq!(sys.open(b"/dev/null", OpenFlags::O_RDWR).await, Err(Errno::ENFILE));
    assert_eq!(sys.mq_open(b"/one", QUEUE, 0o600, holding(1, 1)).await, Err(Errno::ENFILE));
    assert_eq!(sys.mq_unlink(b"/one").await, Err(Errno::ENOENT), "it wasn't made");
    assert_eq!(sys.shm_open(b"/one", QUEUE, 0o600).await, Err(Errno::ENFILE));
    assert_eq!(sys.shm_unlink(b"/one").await, Err(Errno::ENOENT), "it wasn't made");
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    let_go(sys, others).await;
    sys.unlink(b"/tmp/fifo").await.unwrap();
    sys.pipe().await.expect("there is room again");
    bystander.end(sys).await;
    0
}

pub(super) async fn descriptors(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let mut count = CONSOLE_FILES;
    while let Ok(fd) = sys.dup(Fd(0)).await {
        assert_eq!(fd, Fd(count as i32), "the lowest free number");
        count += 1;
    }
    assert_eq!(count, DESCRIPTORS);
    assert_eq!(sys.dup(Fd(0)).await, Err(Errno::EMFILE));
    assert_eq!(sys.fcntl(Fd(0), FcntlCommand::F_DUPFD, 0).await, Err(Errno::EMFILE));
    assert_eq!(sys.pipe().await, Err(Errno::EMFILE));
    assert_eq!(sys.dup2(Fd(0), Fd(DESCRIPTORS as i32)).await, Err(Errno::EBADF));
    let actions = FileActions::new().dup2(Fd(0), Fd(DESCRIPTORS as i32));
    assert_eq!(sys.posix_spawn(b"true", &actions, &[b"true"], &[]).await, Err(Errno::EBADF));
    sys.close(Fd(7)).await.expect("it is open");
    assert_eq!(sys.pipe().await, Err(Errno::EMFILE), "a pipe needs two");
    assert_eq!(sys.dup(Fd(0)).await, Ok(Fd(7)));
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

pub(super) async fn pipe_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (read, write) = sys.pipe().await.expect("there is room");
    let page = [b'p'; abi::PAGE_SIZE];
    for _ in 0..PIPE_PAGES {
        assert_eq!(sys.write(write, &page).await, Ok(page.len()));
    }
    let flags = abi::OpenFlags::O_NONBLOCK.bits();
    sys.fcntl(write, FcntlCommand::F_SETFL, flags.into()).await.expect("it is open");
    assert_eq!(sys.write(write, b"x").await, Err(Errno::EAGAIN));
    sys.fcntl(write, FcntlCommand::F_SETFL, 0).await.expect("it is open");
    let writer = fork(sys, async move |sys| assert_eq!(sys.write(write, b"x").await, Ok(1))).await;
    harness::until_state(sys, writer, 'S').await;
    bystander.goes_on(sys).await;
    let mut buffer = [0; abi::PAGE_SIZE];
    assert_eq!(sys.read(read, &mut buffer).await, Ok(buffer.len()));
    join(sys, writer).await;
    bystander.end(sys).await;
    0
}

pub(super) async fn pipe_pages_max(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (_, write) = sys.pipe().await.expect("there is room");
    let most = PIPE_PAGES_MAX as u64 * PAGE;
    assert_eq!(sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, most + 1).await, Err(Errno::EPERM));
    assert_eq!(sys.fcntl(write, FcntlCommand::F_GETPIPE_SZ, 0).await, Ok((PIPE_PAGES as u64 * PAGE) as i64));
    assert_eq!(sys.fcntl(write, FcntlCommand::F_SETPIPE_SZ, most).await, Ok(most as i64));
    let page = [b'p'; abi::PAGE_SIZE];
    for _ in 0..PIPE_PAGES_MAX {
        assert_eq!(sys.write(write, &page).await, Ok(page.len()));
    }
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    0
}

/// A path that is a byte too long isn't even looked for.
pub(super) async fn path_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    for (bytes, errno) in [(PATH_BYTES - 1, Errno::ENOENT), (PATH_BYTES, Errno::ENAMETOOLONG)] {
        let path = vec![b'p'; bytes];
        assert_eq!(sys.execve(&path, &[b"p"], &[]).await, errno);
        assert_eq!(sys.posix_spawn(&path, &FileActions::new(), &[b"p"], &[]).await, Err(errno));
        bystander.goes_on(sys).await;
    }
    bystander.end(sys).await;
    0
}

/// A name that is a byte too long.
pub(super) async fn name_bytes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let name = [b"/tmp/", &vec![b'n'; NAME_BYTES + 1][..]].concat();
    assert_eq!(sys.mkdir(&name, 0o700).await, Err(Errno::ENAMETOOLONG));
    bystander.goes_on(sys).await;
    assert_eq!(sys.mkdir(&name[..name.len() - 1], 0o700).await, Ok(()));
    assert_eq!(sys.rmdir(&name[..name.len() - 1]).await, Ok(()));
    bystander.end(sys).await;
    0
}

/// FIFOs until there is no inode left. Whoever has one open goes on.
pub(super) async fn inodes(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.chdir(b"/tmp").await.unwrap();
    let mut made = 0;
    let errno = loop {
        match sys.mkfifo(format!("fifo{made}").as_bytes(), 0o600).await {
            Ok(()) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert!(made > 0 && made < INODES);
    assert_eq!(errno, Errno::ENOSPC);
    assert_eq!(sys.mkdir(b"directory", 0o700).await, Err(Errno::ENOSPC));
    assert_eq!(sys.shm_open(b"/object", QUEUE, 0o600).await, Err(Errno::ENOSPC));
    assert_eq!(sys.mq_open(b"/queue", QUEUE, 0o600, holding(1, 1)).await, Err(Errno::ENOSPC));
    assert_eq!(sys.rename(b"fifo0", b"another").await, Ok(()));
    bystander.goes_on(sys).await;
    // One that is removed but open is still in use.
    let fd = sys.open(b"another", abi::OpenFlags::O_RDWR).await.unwrap();
    sys.unlink(b"another").await.unwrap();
    assert_eq!(sys.mkfifo(b"fifo0", 0o600).await, Err(Errno::ENOSPC));
    sys.close(fd).await.unwrap();
    assert_eq!(sys.mkfifo(b"fifo0", 0o600).await, Ok(()));
    for number in 0..made {
        sys.unlink(format!("fifo{number}").as_bytes()).await.unwrap();
    }
    bystander.end(sys).await;
    0
}

/// Links to one FIFO until there is no name left.
pub(super) async fn names(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    sys.chdir(b"/tmp").await.unwrap();
    sys.mkfifo(b"link0", 0o600).await.unwrap();
    let mut made = 1;
    let errno = loop {
        match sys.link(b"link0", format!("link{made}").as_bytes()).await {
            Ok(()) => made += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!(errno, Errno::ENOSPC);
    assert_eq!(sys.stat(b"link0").await.unwrap().nlink as usize, made);
    assert_eq!(sys.mkfifo(b"another", 0o600).await, Err(Errno::ENOSPC));
    assert_eq!(sys.mkdir(b"another", 0o700).await, Err(Errno::ENOSPC));
    assert_eq!(sys.shm_open(b"/another", QUEUE, 0o600).await, Err(Errno::ENOSPC));
    // A name that changes takes no other.
    assert_eq!(sys.rename(b"link0", b"another").await, Ok(()));
    assert_eq!(sys.rename(b"another", b"link0").await, Ok(()));
    bystander.goes_on(sys).await;
    for number in 0..made {
        sys.unlink(format!("link{number}").as_bytes()).await.unwrap();
    }
    bystander.end(sys).await;
    0
}

/// The console is given three times as much as it keeps. What it can't take yet isn't lost.
pub(super) async fn console_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = CONSOLE_PAGES * abi::PAGE_SIZE;
    let mut buffer = vec![0; most + 1000];
    assert_eq!(sys.read(Fd(0), &mut buffer[..1]).await, Ok(1));
    bystander.goes_on(sys).await;
    let mut total = 1;
    while let Ok(count @ 1..) = sys.read(Fd(0), &mut buffer).await {
        assert!(count <= most && buffer[..count].iter().all(|byte| *byte == b'c'));
        total += count;
    }
    assert_eq!(total, 3 * most + 5);
    bystander.end(sys).await;
    0
}
