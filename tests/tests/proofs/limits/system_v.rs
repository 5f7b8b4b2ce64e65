//! System V objects.

use abi::{Errno, IPC_PRIVATE, IpcFlags, IpcPerm, MsgFlags, SEM_UNDO, SemCommand, SemOperation, ShmCommand};
use harness::{fork, join};
use kernel::limits::*;
use userland::{Args, Sys};

use super::bystander::Bystander;

/// Makes objects until there are too many; their identifiers.
pub(super) async fn fill(most: usize, errno: Errno, make: impl AsyncFn() -> Result<i32, Errno>) -> Vec<i32> {
    let mut made = Vec::new();
    loop {
        match make().await {
            Ok(id) => made.push(id),
            Err(error) => {
                assert_eq!(error, errno);
                assert_eq!(made.len(), most);
                return made;
            }
        }
    }
}

/// Segments of a page, until there are too many of them or of shared objects. The bystander has an object.
pub(super) async fn segments(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.shmget(IPC_PRIVATE, 1, IpcFlags::empty()).await;
    let objects_left = OBJECTS - 1;
    if SEGMENTS > objects_left {
        println!("OBJECTS is met before SEGMENTS");
    }
    let errno = if SEGMENTS > objects_left { Errno::ENOMEM } else { Errno::ENOSPC };
    let made = fill(SEGMENTS.min(objects_left), errno, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.shmctl(id, ShmCommand::IPC_RMID).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

pub(super) async fn segment_pages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let all = SEGMENT_PAGES * abi::PAGE_SIZE;
    let make = async |size| sys.shmget(IPC_PRIVATE, size, IpcFlags::empty()).await;
    assert_eq!(make(all + 1).await, Err(Errno::EINVAL));
    // Half of them can be had, whatever else takes frames.
    let half = make(all / 2).await.expect("there is room");
    assert_eq!(make(all - all / 2 + abi::PAGE_SIZE).await, Err(Errno::ENOSPC));
    bystander.goes_on(sys).await;
    sys.shmctl(half, ShmCommand::IPC_RMID).await.expect("it is mine");
    let again = make(all / 2).await.expect("there is room again");
    sys.shmctl(again, ShmCommand::IPC_RMID).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

pub(super) async fn message_queues(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.msgget(IPC_PRIVATE, IpcFlags::empty()).await;
    let made = fill(MSG_QUEUES, Errno::ENOSPC, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.msg_remove(id).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

pub(super) async fn messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let id = sys.msgget(IPC_PRIVATE, IpcFlags::empty()).await.expect("there is room");
    let perm = IpcPerm { mode: 0o600, ..IpcPerm::default() };
    sys.msg_set(id, perm, MESSAGES as u64 * 2).await.expect("user 0 may");
    fill(MESSAGES, Errno::ENOMEM, async || sys.msgsnd(id, 1, b"", MsgFlags::empty()).await.map(|()| 0)).await;
    bystander.goes_on(sys).await;
    assert_eq!(sys.msgrcv(id, &mut [], 0, MsgFlags::empty()).await, Ok((1, 0)));
    sys.msgsnd(id, 1, b"", MsgFlags::empty()).await.expect("there is room again");
    sys.msg_remove(id).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

pub(super) async fn semaphore_sets(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let make = async || sys.semget(IPC_PRIVATE, 1, IpcFlags::empty()).await;
    let made = fill(SEM_SETS.min(SEMAPHORES), Errno::ENOSPC, make).await;
    bystander.goes_on(sys).await;
    for id in made {
        sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    }
    bystander.end(sys).await;
    0
}

pub(super) async fn semaphores(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = SEMAPHORES.min(SEMAPHORES_IN_SET) as i32;
    let make = async |count| sys.semget(IPC_PRIVATE, count, IpcFlags::empty()).await;
    let large = make(most / 2).await.expect("there is room");
    assert_eq!(make(SEMAPHORES as i32 - most / 2 + 1).await, Err(Errno::ENOSPC));
    bystander.goes_on(sys).await;
    sys.semctl(large, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    let again = make(most / 2).await.expect("there is room again");
    sys.semctl(again, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

/// One process undoes something to each of many semaphores.
pub(super) async fn undos(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let most = SEM_UNDOS.min(SEMAPHORES - 1);
    let id = sys.semget(IPC_PRIVATE, most as i32 + 1, IpcFlags::empty()).await.expect("there is room");
    let add =
        async |number: usize| sys.semop(id, &[SemOperation { number: number as u16, op: 1, flags: SEM_UNDO }]).await;
    for number in 0..most {
        assert_eq!(add(number).await, Ok(()));
    }
    if SEM_UNDOS < SEMAPHORES {
        assert_eq!(add(most).await, Err(Errno::ENOMEM));
        assert_eq!(sys.semctl(id, most as i32, SemCommand::GETVAL, 0).await, Ok(0), "a failed call changes nothing");
    }
    bystander.goes_on(sys).await;
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    bystander.end(sys).await;
    0
}

/// Processes that each wait with as many operations as there may be in a call.
pub(super) async fn waiting_operations(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let id = sys.semget(IPC_PRIVATE, 1, IpcFlags::empty()).await.expect("there is room");
    let in_call = SEM_OPERATIONS_IN_CALL.min(SEM_OPERATIONS);
    let take = SemOperation { number: 0, op: -1, flags: 0 };
    let mut children = Vec::new();
    while (children.len() + 1) * in_call <= SEM_OPERATIONS {
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.semop(id, &vec![take; in_call]).await, Err(Errno::EIDRM));
        })
        .await;
        harness::until_state(sys, child, 'S').await;
        children.push(child);
    }
    let left = SEM_OPERATIONS - children.len() * in_call;
    assert_eq!(sys.semop(id, &vec![take; left + 1]).await, Err(Errno::ENOMEM));
    bystander.goes_on(sys).await;
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
    for child in children {
        join(sys, child).await;
    }
    bystander.end(sys).await;
    0
}
