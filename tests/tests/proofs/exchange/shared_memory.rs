//! Shared memory: one makes it, another finds it, each leaves the other a word. They look for each other's now and then,
//! and give up in the end.

use abi::{Errno, IpcFlags, MapFlags, OpenFlags, Protection, ShmCommand, ShmFlags, Timespec};
use harness::{PAGE, fork};
use userland::Sys;

use super::{Fate, GAVE_UP, dead, exited, fates, killed};

const OBJECT: &[u8] = b"/exchange";
const KEY: i32 = 0x5eed;
const PAGES: usize = 2;
const BYTES: usize = PAGES * abi::PAGE_SIZE;

/// How often one looks for the other's work, and how long it sleeps in between.
const LOOKS: usize = 20;
const PAUSE_US: u64 = 3000;

/// Where the words are, each in a page of its own.
const QUESTION: u64 = 16;
const ANSWER: u64 = PAGE + 16;

async fn pause(sys: Sys) {
    let _ = sys.nanosleep(Timespec::from_us(PAUSE_US)).await;
}

/// Waits for a word that isn't 0, if it ever comes.
async fn word(sys: Sys, address: u64) -> u32 {
    for _ in 0..LOOKS {
        match sys.load::<u32>(address).await {
            0 => pause(sys).await,
            word => return word,
        }
    }
    match sys.exit(GAVE_UP.into()).await {}
}

/// All have ended, and given up only for those who were killed.
fn judge(fates: &[Fate]) {
    let fine = |fate| killed(fate) || exited(fate, 0) || exited(fate, GAVE_UP) && dead(fates) > 0;
    assert!(fates.iter().all(|fate| fine(*fate)), "{fates:?}");
}

/// Through a name: it is unlinked while it is in use.
pub(super) async fn posix(sys: Sys) {
    let maker = fork(sys, async |sys| {
        let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
        let fd = sys.shm_open(OBJECT, flags, 0o600).await.expect("the name is free");
        sys.ftruncate(fd, BYTES as i64).await.expect("it may be as long");
        let at = map_object(sys, fd).await;
        sys.store::<u32>(at + QUESTION, 20).await;
        assert_eq!(word(sys, at + ANSWER).await, 21);
    })
    .await;
    let finder = fork(sys, async |sys| {
        let at = map_object(sys, find(sys).await).await;
        let question = word(sys, at + QUESTION).await;
        sys.store::<u32>(at + ANSWER, question + 1).await;
        sys.shm_unlink(OBJECT).await.expect("it is there");
    })
    .await;
    judge(&fates(sys, &[maker, finder]).await);
    let _ = sys.shm_unlink(OBJECT).await;
}

async fn map_object(sys: Sys, fd: abi::Fd) -> u64 {
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let at = sys.mmap_fd(BYTES, protection, MapFlags::MAP_SHARED, fd, 0).await.expect("there is room");
    sys.close(fd).await.expect("it is open");
    at
}

/// The object, once it is there and has its length.
async fn find(sys: Sys) -> abi::Fd {
    for _ in 0..LOOKS {
        if let Ok(fd) = sys.shm_open(OBJECT, OpenFlags::O_RDWR, 0).await {
            if sys.fstat(fd).await.expect("it is open").size > 0 {
                return fd;
            }
            sys.close(fd).await.expect("it is open");
        }
        pause(sys).await;
    }
    match sys.exit(GAVE_UP.into()).await {}
}

/// Through a key: a child inherits the attachment, and the segment is removed while it is attached.
pub(super) async fn system_v(sys: Sys) {
    // Grandchildren too: whoever is left alone is waited for here.
    sys.set_child_subreaper(true).await.expect("anyone may be one");
    let maker = fork(sys, async |sys| {
        let flags = IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL | IpcFlags::from_bits_retain(0o600);
        let id = sys.shmget(KEY, BYTES, flags).await.expect("the key is free");
        let at = sys.shmat(id, 0, ShmFlags::empty()).await.expect("there is room");
        // Whose end the referee is to see, so its parent doesn't wait for it.
        fork(sys, async move |sys| sys.store::<u32>(at + QUESTION, 20).await).await;
        assert_eq!(word(sys, at + ANSWER).await, 21);
        sys.shmctl(id, ShmCommand::IPC_RMID).await.expect("it is mine");
        sys.shmdt(at).await.expect("it is attached");
    })
    .await;
    let finder = fork(sys, async |sys| {
        let at = attach(sys).await;
        let question = word(sys, at + QUESTION).await;
        sys.store::<u32>(at + ANSWER, question + 1).await;
    })
    .await;
    let mut fates = fates(sys, &[maker, finder]).await;
    while let Ok((_, status)) = sys.wait().await {
        fates.push(Some(status));
    }
    judge(&fates);
    match sys.shmget(KEY, 0, IpcFlags::empty()).await {
        // Whoever would have removed it didn't come to it. Nobody holds it any more.
        Ok(id) => {
            assert!(!exited(fates[0], 0), "{fates:?}");
            assert_eq!(sys.shm_stat(id).await.expect("it is there").nattch, 0, "{fates:?}");
            sys.shmctl(id, ShmCommand::IPC_RMID).await.expect("it is mine");
        }
        Err(errno) => assert_eq!(errno, Errno::ENOENT),
    }
    // And it is gone, whoever has removed it.
    assert_eq!(sys.shm_info().await.expect("anyone may ask").1.used_ids, 0, "{fates:?}");
}

/// The segment, once it is there.
async fn attach(sys: Sys) -> u64 {
    for _ in 0..LOOKS {
        if let Ok(id) = sys.shmget(KEY, 0, IpcFlags::empty()).await
            && let Ok(at) = sys.shmat(id, 0, ShmFlags::empty()).await
        {
            return at;
        }
        pause(sys).await;
    }
    match sys.exit(GAVE_UP.into()).await {}
}
