//! System V shared memory (`shmget(2)`, `shmop(2)`, `shmctl(2)`).

use abi::*;
use harness::{PAGE, fork, join, map, program, signaled};
use userland::Sys;

const KEY: i32 = 0x5eed;

fn flags(bits: u32) -> IpcFlags {
    IpcFlags::from_bits_retain(bits)
}

fn create(mode: u32) -> IpcFlags {
    IpcFlags::IPC_CREAT | flags(mode)
}

async fn remove(sys: Sys, id: i32) {
    sys.shmctl(id, ShmCommand::IPC_RMID).await.unwrap();
}

#[test]
fn what_one_process_stores_another_loads() {
    program(&|sys, _| async move {
        let id = sys.shmget(KEY, 2 * PAGE as usize, create(0o600)).await.unwrap();
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.shmget(KEY, 0, flags(0)).await, Ok(id));
            let address = sys.shmat(id, 0, ShmFlags::empty()).await.unwrap();
            sys.store::<u32>(address + PAGE, 42).await;
        })
        .await;
        join(sys, child).await;
        let address = sys.shmat(id, 0, ShmFlags::SHM_RDONLY).await.unwrap();
        assert_eq!(sys.load::<u32>(address + PAGE).await, 42);
        sys.shmdt(address).await.unwrap();
        remove(sys, id).await;
        assert_eq!(sys.shmget(KEY, 0, flags(0)).await, Err(Errno::ENOENT));
        0
    })
    .succeeds();
}

#[test]
fn fork_exec_exit_and_detach_keep_the_count_of_attachments() {
    program(&|sys, _| async move {
        let id = sys.shmget(IPC_PRIVATE, 1, flags(0o600)).await.unwrap();
        let count = async || sys.shm_stat(id).await.unwrap().nattch;
        let address = sys.shmat(id, 0, ShmFlags::empty()).await.unwrap();
        assert_eq!(count().await, 1);
        let me = sys.getpid().await.0;
        let child = fork(sys, async move |sys| {
            let stat = sys.shm_stat(id).await.unwrap();
            assert_eq!((stat.nattch, stat.cpid, stat.lpid, stat.segsz), (2, me, me, 1));
            panic!("{:?}", sys.execve(b"true", &[b"true"], &[]).await);
        })
        .await;
        join(sys, child).await;
        let stat = sys.shm_stat(id).await.unwrap();
        assert_eq!((stat.nattch, stat.lpid), (1, child.0), "a process that is gone is named");
        // Removed, it lives on until the last detach.
        remove(sys, id).await;
        assert_eq!(sys.shm_stat(id).await.unwrap().perm.mode, SHM_DEST | 0o600);
        let again = sys.shmat(id, 0, ShmFlags::empty()).await.unwrap();
        sys.store::<u8>(again, 7).await;
        assert_eq!(sys.load::<u8>(address).await, 7);
        sys.shmdt(address).await.unwrap();
        sys.shmdt(again).await.unwrap();
        assert_eq!(sys.shm_stat(id).await, Err(Errno::EINVAL));
        0
    })
    .succeeds();
}

#[test]
fn parts_of_an_attachment_count_and_are_detached_together() {
    program(&|sys, _| async move {
        let id = sys.shmget(IPC_PRIVATE, 5 * PAGE as usize, flags(0o600)).await.unwrap();
        let address = sys.shmat(id, 0, ShmFlags::empty()).await.unwrap();
        sys.mprotect(address + PAGE, PAGE as usize, Protection::PROT_READ).await.unwrap();
        assert_eq!(sys.shm_stat(id).await.unwrap().nattch, 3);
        sys.munmap(address, PAGE as usize).await.unwrap();
        assert_eq!(sys.shm_stat(id).await.unwrap().nattch, 2);
        sys.munmap(address + 3 * PAGE, PAGE as usize).await.unwrap();
        assert_eq!(sys.shm_stat(id).await.unwrap().nattch, 3);
        sys.shmdt(address).await.unwrap();
        assert_eq!(sys.shm_stat(id).await.unwrap().nattch, 0);
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn a_read_only_attachment_stays_so() {
    program(&|sys, _| async move {
        let id = sys.shmget(IPC_PRIVATE, 1, flags(0o600)).await.unwrap();
        let address = sys.shmat(id, 0, ShmFlags::SHM_RDONLY).await.unwrap();
        let writable = Protection::PROT_READ | Protection::PROT_WRITE;
        assert_eq!(sys.mprotect(address, PAGE as usize, writable).await, Err(Errno::EACCES));
        let child = fork(sys, async move |sys| sys.store::<u8>(address, 1).await).await;
        harness::ends(sys, child, signaled(Signal::SIGSEGV)).await;
        sys.shmdt(address).await.unwrap();
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn shmget_fails_as_its_page_says() {
    program(&|sys, _| async move {
        assert_eq!(sys.shmget(KEY, 1, flags(0)).await, Err(Errno::ENOENT));
        assert_eq!(sys.shmget(KEY, 0, create(0)).await, Err(Errno::EINVAL));
        let limits = sys.shm_limits().await.unwrap();
        assert_eq!(sys.shmget(KEY, limits.shmmax as usize + 1, create(0)).await, Err(Errno::EINVAL));
        assert_eq!(sys.shmget(KEY, limits.shmmax as usize, create(0)).await, Err(Errno::ENOMEM));
        let id = sys.shmget(KEY, 100, create(0o600)).await.unwrap();
        assert_eq!(sys.shmget(KEY, 101, flags(0)).await, Err(Errno::EINVAL));
        assert_eq!(sys.shmget(KEY, 1, create(0) | IpcFlags::IPC_EXCL).await, Err(Errno::EEXIST));
        assert_eq!(sys.shmget(KEY, limits.shmmax as usize, flags(0)).await, Err(Errno::EINVAL));
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.shmget(KEY, 1, flags(0o400)).await, Err(Errno::EACCES));
            // Who asks for no right gets the identifier.
            sys.shmget(KEY, 1, flags(0)).await.unwrap();
        })
        .await;
        join(sys, child).await;
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn shmat_and_shmdt_fail_as_their_page_says() {
    program(&|sys, _| async move {
        let none = ShmFlags::empty();
        let id = sys.shmget(KEY, 1, create(0o604)).await.unwrap();
        let page = map(sys, 1).await;
        for (what, address, flags) in [
            (-1, 0, none),
            (id + 1, 0, none),
            (id, page, none),
            (id, page + 1, none),
            (id, 0, ShmFlags::SHM_REMAP),
            (id, 8, ShmFlags::SHM_REMAP | ShmFlags::SHM_RND),
        ] {
            assert_eq!(sys.shmat(what, address, flags).await, Err(Errno::EINVAL), "{what} {address:#x} {flags:?}");
        }
        assert_eq!(sys.shmat(id, PAGE, none).await, Err(Errno::EPERM), "too low");
        assert_eq!(sys.shmat(id, page + 9, ShmFlags::SHM_REMAP | ShmFlags::SHM_RND).await, Ok(page));
        sys.shmdt(page).await.unwrap();
        assert_eq!(sys.shmdt(page).await, Err(Errno::EINVAL));
        assert_eq!(sys.shmdt(page + 1).await, Err(Errno::EINVAL));
        let child = fork(sys, async move |sys| {
            sys.setgid(1000).await.unwrap();
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.shmat(id, 0, none).await, Err(Errno::EACCES));
            sys.shmat(id, 0, ShmFlags::SHM_RDONLY).await.unwrap();
        })
        .await;
        join(sys, child).await;
        let limit = Rlimit { cur: 0, max: u64::MAX };
        sys.setrlimit(Resource::RLIMIT_AS, limit).await.unwrap();
        assert_eq!(sys.raw().shmat(id, Address(0), none).await, Err(Errno::ENOMEM));
        sys.raw().shmctl(id, ShmCommand::IPC_RMID, Out::NULL).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn shmctl_fails_as_its_page_says() {
    program(&|sys, _| async move {
        let id = sys.shmget(KEY, 1, create(0o600)).await.unwrap();
        for (what, command) in [(-1, ShmCommand::IPC_STAT), (id, ShmCommand(99)), (id + 1, ShmCommand::IPC_RMID)] {
            assert_eq!(sys.shmctl(what, command).await, Err(Errno::EINVAL));
        }
        let nobody = IpcPerm { uid: u32::MAX, ..IpcPerm::default() };
        assert_eq!(sys.shm_set(id, nobody).await, Err(Errno::EINVAL));
        assert_eq!(sys.shmctl(id, ShmCommand::IPC_STAT).await, Err(Errno::EFAULT));
        assert_eq!(sys.shmctl(id, ShmCommand::IPC_SET).await, Err(Errno::EFAULT));
        let child = fork(sys, async move |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.shm_stat(id).await, Err(Errno::EACCES));
            for command in [ShmCommand::IPC_RMID, ShmCommand::SHM_LOCK, ShmCommand::SHM_UNLOCK] {
                assert_eq!(sys.shmctl(id, command).await, Err(Errno::EPERM));
            }
            assert_eq!(sys.shm_set(id, IpcPerm::default()).await, Err(Errno::EPERM));
            let (found, stat) = sys.shm_stat_slot(0).await.unwrap();
            assert_eq!((found, stat.perm.key), (id, KEY));
        })
        .await;
        join(sys, child).await;
        sys.shmctl(id, ShmCommand::SHM_LOCK).await.unwrap();
        assert_eq!(sys.shm_stat(id).await.unwrap().perm.mode, SHM_LOCKED | 0o600);
        sys.shmctl(id, ShmCommand::SHM_UNLOCK).await.unwrap();
        sys.shm_set(id, IpcPerm { uid: 1000, gid: 7, mode: 0o640, ..IpcPerm::default() }).await.unwrap();
        let perm = sys.shm_stat(id).await.unwrap().perm;
        assert_eq!((perm.uid, perm.gid, perm.cuid, perm.mode), (1000, 7, 0, 0o640));
        let (_, usage) = sys.shm_info().await.unwrap();
        assert_eq!((usage.used_ids, usage.tot), (1, 1));
        remove(sys, id).await;
        0
    })
    .succeeds();
}
