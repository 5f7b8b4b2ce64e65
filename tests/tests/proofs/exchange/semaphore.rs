//! System V semaphores: three workers take turns, all of whose operations are undone when they end; one waits until nobody is
//! at work. Whoever is killed, the others go on, and the values are what they were.

use abi::{IPC_PRIVATE, IpcFlags, SEM_UNDO, SemCommand, SemOperation, Timespec};
use harness::{fork, map_shared};
use userland::Sys;

use super::{GIVE_UP_US, dead, exited, fates, killed};

/// Who may work; how many do; tools, of which each takes two.
const VALUES: [u16; 3] = [1, 0, 3];
const WORKERS: usize = 3;
/// How often each works.
const TIMES: u64 = 2;

const fn op(number: u16, op: i16) -> SemOperation {
    SemOperation { number, op, flags: SEM_UNDO }
}

const BEGIN: [SemOperation; 3] = [op(0, -1), op(1, 1), op(2, -2)];
const END: [SemOperation; 3] = [op(2, 2), op(1, -1), op(0, 1)];
const NOBODY_WORKS: [SemOperation; 1] = [op(1, 0)];

/// Places of the shared page: a count without a lock of its own, and how often it was counted up for sure.
const COUNT: u64 = 0;
const DONE: u64 = 8;

pub(super) async fn exchange(sys: Sys) {
    let id = sys.semget(IPC_PRIVATE, 3, IpcFlags::from_bits_retain(0o600)).await.expect("there is room");
    sys.sem_set_values(id, &VALUES).await.expect("it is mine");
    let page = map_shared(sys, 1).await;
    let mut players = Vec::new();
    for _ in 0..WORKERS {
        players.push(fork(sys, async move |sys| work(sys, id, page).await).await);
    }
    let observer = fork(sys, async move |sys| {
        sys.semop(id, &NOBODY_WORKS).await.expect("it waits for it");
        let soon = Timespec::from_us(GIVE_UP_US);
        sys.semtimedop(id, &NOBODY_WORKS, soon).await.expect("nobody works for so long");
    });
    players.push(observer.await);
    let fates = fates(sys, &players).await;
    assert!(fates.iter().all(|fate| killed(*fate) || exited(*fate, 0)), "someone is stuck: {fates:?}");
    assert_eq!(sys.sem_values(id, 3).await.expect("it is mine"), VALUES, "{fates:?}");
    let (count, done) = (sys.load::<u64>(page + COUNT).await, sys.load::<u64>(page + DONE).await);
    assert!(done <= count && count <= done + dead(&fates) as u64, "{count} where {done} were counted: {fates:?}");
    let least = TIMES * fates[..WORKERS].iter().filter(|fate| exited(**fate, 0)).count() as u64;
    assert!(done >= least, "{done} where at least {least} were to be counted");
    sys.semctl(id, 0, SemCommand::IPC_RMID, 0).await.expect("it is mine");
}

async fn work(sys: Sys, id: i32, page: u64) {
    for _ in 0..TIMES {
        sys.semop(id, &BEGIN).await.expect("it waits for its turn");
        let count = sys.load::<u64>(page + COUNT).await;
        sys.store::<u64>(page + COUNT, count + 1).await;
        sys.fetch_add::<u64>(page + DONE, 1).await;
        sys.semop(id, &END).await.expect("nothing holds it up");
    }
}
