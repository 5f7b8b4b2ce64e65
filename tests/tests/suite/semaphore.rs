//! System V semaphores (`semget(2)`, `semop(2)`, `semctl(2)`).

use abi::*;
use harness::{ends, fork, join, program, signaled, until_state};
use userland::sys::Action;
use userland::{Sys, handlers};

const KEY: i32 = 0x5eed;

handlers! { HANDLERS:
    NOTHING = nothing;
}

async fn nothing(_: Sys, _: SigInfo) {}

const fn op(number: u16, op: i16, flags: i16) -> SemOperation {
    SemOperation { number, op, flags }
}

/// A set with these values.
async fn set(sys: Sys, values: &[u16]) -> i32 {
    let id = sys.semget(IPC_PRIVATE, values.len() as i32, IpcFlags::from_bits_retain(0o600)).await.unwrap();
    sys.sem_set_values(id, values).await.unwrap();
    id
}

async fn remove(sys: Sys, id: i32) {
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.unwrap();
}

#[test]
fn several_operations_happen_together_or_not_at_all() {
    program(&|sys, _| async move {
        let id = set(sys, &[1, 0, 5]).await;
        assert_eq!(sys.semop(id, &[op(0, -1, 0), op(2, -2, 0), op(1, -1, IPC_NOWAIT)]).await, Err(Errno::EAGAIN));
        assert_eq!(sys.sem_values(id, 3).await.unwrap(), [1, 0, 5]);
        assert_eq!(sys.semop(id, &[op(1, 0, 0), op(1, 3, 0), op(1, -1, 0), op(0, -1, 0)]).await, Ok(()));
        assert_eq!(sys.sem_values(id, 3).await.unwrap(), [0, 2, 5]);
        let me = sys.getpid().await.0;
        assert_eq!(sys.semctl(id, 1, SemCommand::GETPID, 0).await, Ok(me));
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn waiters_are_counted_and_go_on_when_they_can() {
    program(&|sys, _| async move {
        let id = set(sys, &[1, 0]).await;
        let operations: [&[SemOperation]; 3] = [&[op(0, 0, 0)], &[op(1, -2, 0)], &[op(1, -1, 0), op(0, 0, 0)]];
        let mut children = Vec::new();
        for operations in operations {
            let child = fork(sys, async move |sys| assert_eq!(sys.semop(id, operations).await, Ok(()))).await;
            until_state(sys, child, 'S').await;
            children.push(child);
        }
        assert_eq!(sys.semctl(id, 0, SemCommand::GETZCNT, 0).await, Ok(1));
        assert_eq!(sys.semctl(id, 1, SemCommand::GETNCNT, 0).await, Ok(2));
        sys.semop(id, &[op(0, -1, 0)]).await.unwrap();
        join(sys, children[0]).await;
        sys.semctl(id, 1, SemCommand::SETVAL, 3).await.unwrap();
        join(sys, children[1]).await;
        join(sys, children[2]).await;
        assert_eq!(sys.sem_values(id, 2).await.unwrap(), [0, 0]);
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn what_a_process_did_is_undone_at_its_end() {
    program(&|sys, _| async move {
        let id = set(sys, &[3, 0]).await;
        let holder = fork(sys, async move |sys| {
            sys.semop(id, &[op(0, -2, SEM_UNDO), op(1, 4, SEM_UNDO)]).await.unwrap();
            sys.nanosleep(Timespec { sec: 1000, nsec: 0 }).await.unwrap();
        })
        .await;
        until_state(sys, holder, 'S').await;
        while sys.sem_values(id, 2).await.unwrap() != [1, 4] {
            sys.sched_yield().await;
        }
        let waiter = fork(sys, async move |sys| assert_eq!(sys.semop(id, &[op(0, -3, 0)]).await, Ok(()))).await;
        until_state(sys, waiter, 'S').await;
        // What is set can't be undone.
        sys.semctl(id, 1, SemCommand::SETVAL, 1).await.unwrap();
        sys.kill(holder, Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, holder, signaled(Signal::SIGKILL)).await;
        join(sys, waiter).await;
        assert_eq!(sys.sem_values(id, 2).await.unwrap(), [0, 1]);
        assert_eq!(sys.semctl(id, 0, SemCommand::GETPID, 0).await, Ok(waiter.0));
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn an_undo_stays_within_the_bounds_of_a_value_and_isnt_inherited() {
    program(&|sys, _| async move {
        let id = set(sys, &[0]).await;
        let child = fork(sys, async move |sys| {
            sys.semop(id, &[op(0, 5, SEM_UNDO)]).await.unwrap();
            let grandchild = fork(sys, async |_| ()).await;
            join(sys, grandchild).await;
            assert_eq!(sys.semctl(id, 0, SemCommand::GETVAL, 0).await, Ok(5));
            sys.semop(id, &[op(0, -3, 0)]).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.semctl(id, 0, SemCommand::GETVAL, 0).await, Ok(0));
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn a_wait_ends_with_its_time_its_set_or_a_signal() {
    program(&|sys, _| async move {
        let id = set(sys, &[0]).await;
        let take = [op(0, -1, SEM_UNDO)];
        let timeout = Timespec { sec: 0, nsec: 5_000_000 };
        assert_eq!(sys.semtimedop(id, &take, timeout).await, Err(Errno::EAGAIN));
        assert_eq!(sys.semtimedop(id, &take, Timespec::default()).await, Err(Errno::EAGAIN));
        assert_eq!(sys.semtimedop(id, &take, Timespec { sec: -1, nsec: 0 }).await, Err(Errno::EINVAL));
        let interrupted = fork(sys, async move |sys| {
            let action = Action::catch(NOTHING).with_flags(SigActionFlags::SA_RESTART);
            sys.sigaction(Signal::SIGUSR1, Some(action)).await.unwrap();
            assert_eq!(sys.semop(id, &take).await, Err(Errno::EINTR));
        })
        .await;
        until_state(sys, interrupted, 'S').await;
        sys.kill(interrupted, Some(Signal::SIGUSR1)).await.unwrap();
        join(sys, interrupted).await;
        let orphaned = fork(sys, async move |sys| {
            let long = Timespec { sec: 1000, nsec: 0 };
            assert_eq!(sys.semtimedop(id, &[op(0, -1, 0), op(0, 0, 0)], long).await, Err(Errno::EIDRM));
            assert_eq!(sys.semop(id, &take).await, Err(Errno::EINVAL));
        })
        .await;
        until_state(sys, orphaned, 'S').await;
        remove(sys, id).await;
        join(sys, orphaned).await;
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn semop_fails_as_its_page_says() {
    program(&|sys, _| async move {
        let id = set(sys, &[32767, 0]).await;
        assert_eq!(sys.semop(id, &[]).await, Err(Errno::EINVAL));
        assert_eq!(sys.semop(id + 1, &[op(0, 1, 0)]).await, Err(Errno::EINVAL));
        assert_eq!(sys.semop(-1, &[op(0, 1, 0)]).await, Err(Errno::EINVAL));
        assert_eq!(sys.semop(id, &[op(1, 1, 0); 501]).await, Err(Errno::E2BIG));
        assert_eq!(sys.semop(id, &[op(1, 1, 0), op(2, 1, 0)]).await, Err(Errno::EFBIG));
        assert_eq!(sys.semop(id, &[op(0, 1, 0)]).await, Err(Errno::ERANGE));
        assert_eq!(sys.semop(id, &[op(1, 20000, SEM_UNDO), op(1, -20000, 0)]).await, Ok(()));
        assert_eq!(sys.semop(id, &[op(1, 20000, SEM_UNDO)]).await, Err(Errno::ERANGE), "too much to undo");
        assert_eq!(sys.semop(id, &[op(1, -1, IPC_NOWAIT)]).await, Err(Errno::EAGAIN));
        assert_eq!(sys.raw().semop(id, InArray::at(8), Length(1)).await, Err(Errno::EFAULT));
        let child = fork(sys, async move |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.semop(id, &[op(1, 1, 0)]).await, Err(Errno::EACCES));
            assert_eq!(sys.semop(id, &[op(1, 0, 0)]).await, Err(Errno::EACCES));
        })
        .await;
        join(sys, child).await;
        remove(sys, id).await;
        0
    })
    .succeeds();
}

#[test]
fn semget_and_semctl_fail_as_their_pages_say() {
    program(&|sys, _| async move {
        let flags = IpcFlags::from_bits_retain;
        assert_eq!(sys.semget(KEY, 1, flags(0)).await, Err(Errno::ENOENT));
        for count in [-1, 0, 32001] {
            assert_eq!(sys.semget(KEY, count, IpcFlags::IPC_CREAT).await, Err(Errno::EINVAL));
        }
        let id = sys.semget(KEY, 2, IpcFlags::IPC_CREAT | flags(0o600)).await.unwrap();
        assert_eq!(sys.semget(KEY, 2, IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL).await, Err(Errno::EEXIST));
        assert_eq!(sys.semget(KEY, 3, flags(0)).await, Err(Errno::EINVAL));
        assert_eq!(sys.semget(KEY, 0, flags(0)).await, Ok(id));
        use SemCommand as C;
        for (what, number, command) in
            [(-1, 0, C::GETVAL), (id + 1, 0, C::GETVAL), (id, 2, C::GETVAL), (id, -1, C::SETVAL)]
        {
            assert_eq!(sys.semctl(what, number, command, 0).await, Err(Errno::EINVAL));
        }
        assert_eq!(sys.semctl(id, 0, SemCommand(99), 0).await, Err(Errno::EINVAL));
        for value in [-1, 32768] {
            assert_eq!(sys.semctl(id, 0, C::SETVAL, value).await, Err(Errno::ERANGE));
        }
        assert_eq!(sys.sem_set_values(id, &[1, 32768]).await, Err(Errno::ERANGE));
        assert_eq!(sys.sem_values(id, 2).await.unwrap(), [0, 0], "a failed call changes nothing");
        for command in [C::IPC_STAT, C::IPC_SET, C::GETALL, C::SETALL, C::IPC_INFO] {
            assert_eq!(sys.semctl(id, 0, command, 8).await, Err(Errno::EFAULT), "{command:?}");
        }
        let child = fork(sys, async move |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.semget(KEY, 1, flags(0o600)).await, Err(Errno::EACCES));
            for command in [C::GETVAL, C::SETVAL] {
                assert_eq!(sys.semctl(id, 0, command, 0).await, Err(Errno::EACCES));
            }
            assert_eq!(sys.sem_stat(id).await, Err(Errno::EACCES));
            assert_eq!(sys.semctl(id, 0, C::IPC_RMID, 0).await, Err(Errno::EPERM));
            assert_eq!(sys.sem_set(id, IpcPerm::default()).await, Err(Errno::EPERM));
            assert_eq!(sys.sem_stat_slot(0).await.unwrap().0, id);
        })
        .await;
        join(sys, child).await;
        sys.sem_set(id, IpcPerm { uid: 5, mode: 0o666, ..IpcPerm::default() }).await.unwrap();
        let stat = sys.sem_stat(id).await.unwrap();
        assert_eq!((stat.perm.uid, stat.perm.mode, stat.nsems), (5, 0o666, 2));
        assert_eq!(sys.sem_info(C::SEM_INFO).await.unwrap().1.semusz, 1);
        remove(sys, id).await;
        0
    })
    .succeeds();
}
