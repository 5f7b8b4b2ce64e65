//! What counts as a lost update. The programs here order their accesses by waiting for each other, so that it doesn't depend
//! on who is chosen to run.

use abi::{IPC_PRIVATE, IpcFlags, ShmCommand, ShmFlags, SigInfo, Signal};
use harness::{PAGE, fork, join, map_shared, table};
use sim::chooser::Default as PolicyDecides;
use sim::lost_updates::LostUpdate;
use userland::handler::Handler;
use userland::sys::Action;
use userland::{Args, Program, Sys, handlers, statics};

use super::Lab;

statics! { BYTES: SHARED: u64; }

handlers! { HANDLERS: ADDS = adds; LOADS = loads; STORES = stores; }

async fn adds(sys: Sys, _: SigInfo) {
    let address = SHARED.load(sys).await;
    increment(sys, address).await;
}

async fn loads(sys: Sys, _: SigInfo) {
    let address = SHARED.load(sys).await;
    sys.load::<u64>(address).await;
}

async fn stores(sys: Sys, _: SigInfo) {
    let address = SHARED.load(sys).await;
    sys.store(address, 1_u64).await;
}

/// What is found in a run of this program, which must end with 0.
#[track_caller]
fn found<F, Fut>(main: &'static F) -> Vec<LostUpdate>
where
    F: Fn(Sys, Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    let handlers: &'static [Handler] = HANDLERS;
    let tested = Program::new("tested", "", main).with_handlers(handlers).with_statics(BYTES);
    Lab::new(table(&[tested]), &["tested"]).run(&mut PolicyDecides).lost
}

#[track_caller]
fn one<F, Fut>(main: &'static F) -> LostUpdate
where
    F: Fn(Sys, Args) -> Fut + Sync,
    Fut: Future<Output = i32> + 'static,
{
    let mut all = found(main);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

async fn increment(sys: Sys, address: u64) {
    let value: u64 = sys.load(address).await;
    sys.store(address, value + 1).await;
}

/// A child does this, and has done it when this returns.
async fn meanwhile(sys: Sys, what: impl AsyncFnOnce(Sys)) {
    let child = fork(sys, what).await;
    join(sys, child).await;
}

#[test]
fn a_store_over_what_was_not_seen_is_shown_with_its_four_lines() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 1).await + 16;
        let value: u32 = sys.load(at).await;
        // With the outer `sys`: what is handed in stands on the line that forks.
        meanwhile(sys, async |_| {
            for _ in 0..2 {
                let value: u32 = sys.load(at).await;
                sys.store(at, value + 5).await;
            }
        })
        .await;
        sys.store(at, value + 1).await;
        0
    });
    let line = line!() - 13;
    let accesses = [&lost.winner.load, &lost.lost.load, &lost.lost.store, &lost.winner.store];
    let lines = accesses.map(|seen| seen.access.line.line() - line);
    assert_eq!(lines, [1, 5, 6, 10]);
    assert!(accesses.iter().all(|seen| seen.access.line.file().ends_with("lost_update/found.rs")));
    assert_eq!(accesses.map(|seen| seen.value), [0, 0, 5, 1]);
    assert_eq!((lost.bytes, lost.found, lost.unseen), (4, 10, 2));
    assert_eq!((lost.winner.who().pid, lost.lost.who().pid), (1, 2));
    assert!(accesses.map(|seen| seen.access.step).is_sorted());

    let shown = lost.to_string();
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[0], format!("lost update of 4 bytes at {:#x}", lost.address));
    assert_eq!(lost.address % PAGE, 16);
    let cells: Vec<Vec<&str>> =
        lines[2..6].iter().map(|line| line.split_whitespace().skip(2).take(2).collect()).collect();
    assert_eq!(cells, [["load", "0"], ["load", "0"], ["store", "5"], ["store", "1"]]);
    let column = |line: &str, what: &str| line.find(what).unwrap();
    assert_eq!(column(lines[2], "load"), column(lines[1], "1 tested"));
    assert_eq!(column(lines[3], "load"), column(lines[1], "2 tested"));
    assert_eq!(lines[6].trim(), "1 loaded 0 and stored 1 where 10 was: 2 updates unseen");
}

#[test]
fn what_was_loaded_before_a_fork_both_have_loaded() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        let value: u64 = sys.load(at).await;
        meanwhile(sys, async |sys| sys.store(at, value + 1).await).await;
        sys.store(at, value + 1).await;
        0
    });
    assert_eq!(lost.winner.load.access, lost.lost.load.access);
    assert_eq!((lost.lost.load.access.who.pid, lost.lost.store.access.who.pid), (1, 2));
    assert!(lost.to_string().contains("load 0 as 1, before fork"), "{lost}");
}

#[test]
fn an_atomic_addition_can_be_lost_to_a_plain_store() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        let value: u64 = sys.load(at).await;
        meanwhile(sys, async |sys| {
            sys.fetch_add(at, 3_u64).await;
        })
        .await;
        sys.store(at, value + 1).await;
        0
    });
    assert_eq!(lost.lost.load.access, lost.lost.store.access);
    assert!(lost.to_string().contains("fetch_add 0 -> 3"), "{lost}");
}

#[test]
fn the_place_is_the_same_wherever_it_is_mapped() {
    let lost = one(&|sys, _| async move {
        let segment = sys.shmget(IPC_PRIVATE, 8, IpcFlags::from_bits_retain(0o600)).await.unwrap();
        let one = sys.shmat(segment, 0, ShmFlags::empty()).await.unwrap();
        let other = sys.shmat(segment, 0, ShmFlags::empty()).await.unwrap();
        sys.shmctl(segment, ShmCommand::IPC_RMID).await.unwrap();
        let value: u64 = sys.load(one).await;
        meanwhile(sys, async |sys| increment(sys, other).await).await;
        sys.store(one, value + 1).await;
        0
    });
    assert_eq!((lost.bytes, lost.unseen), (8, 1));
}

#[test]
fn of_many_bytes_those_are_lost_that_had_changed() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 3).await + PAGE - 20;
        let mut bytes = [0; 64];
        sys.load_bytes(at, &mut bytes).await;
        meanwhile(sys, async |sys| {
            let mut bytes = [0; 64];
            sys.load_bytes(at, &mut bytes).await;
            bytes[20] = 7;
            bytes[50] = 8;
            sys.store_bytes(at, &bytes).await;
        })
        .await;
        bytes[3] = 1;
        sys.store_bytes(at, &bytes).await;
        0
    });
    // Two words, each of eight bytes.
    assert_eq!((lost.bytes, lost.found, lost.winner.store.value), (16, 7, 0));
}

#[test]
fn copies_load_and_store() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        sys.copy_bytes(at, at + 64, 8).await;
        meanwhile(sys, async |sys| increment(sys, at).await).await;
        sys.copy_bytes(at + 64, at, 8).await;
        0
    });
    assert_eq!((lost.winner.load.access.operation, lost.found), ("copy_bytes", 1));
}

#[test]
fn a_handler_comes_in_between_as_another_process_does() {
    let lost = one(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        SHARED.store(sys, at).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ADDS))).await.unwrap();
        let value: u64 = sys.load(at).await;
        let me = sys.getpid().await;
        sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
        sys.store(at, value + 1).await;
        0
    });
    assert_eq!((lost.lost.who().handlers, lost.winner.who().handlers), (1, 0));
    assert!(lost.to_string().contains("1 tested, in a handler"), "{lost}");
}

#[test]
fn nothing_is_lost_where_everybody_has_seen_what_was_there() {
    let all = found(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        // It loads anew before it stores.
        sys.load::<u64>(at).await;
        meanwhile(sys, async |sys| increment(sys, at).await).await;
        increment(sys, at).await;
        // The other stores without having loaded: that is no update.
        let child = fork(sys, async |sys| {
            sys.load::<u64>(at + 64).await;
            sys.store(at + 64, 1_u64).await;
            sys.store(at + 64, 2_u64).await;
        })
        .await;
        join(sys, child).await;
        sys.store(at + 64, 3_u64).await;
        // What was there is there again.
        let value: u64 = sys.load(at).await;
        meanwhile(sys, async |sys| {
            increment(sys, at).await;
            let value: u64 = sys.load(at).await;
            sys.store(at, value - 1).await;
        })
        .await;
        sys.store(at, value + 1).await;
        // What lies beside it is another place.
        let value: u32 = sys.load(at + 32).await;
        meanwhile(sys, async |sys| {
            let value: u32 = sys.load(at + 36).await;
            sys.store(at + 36, value + 1).await;
        })
        .await;
        sys.store(at + 32, value + 1).await;
        assert_eq!((sys.load::<u64>(at).await, sys.load::<u64>(at + 32).await), (3, 0x1_0000_0001));
        0
    });
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn locks_are_no_lost_updates() {
    let all = found(&|sys, _| async move {
        let lock = map_shared(sys, 1).await;
        // Given back by a plain store, while another tries in vain.
        assert_eq!(sys.swap(lock, 1_u32).await, 0);
        meanwhile(sys, async |sys| {
            assert_eq!(sys.load::<u32>(lock).await, 1);
            assert_eq!(sys.swap(lock, 1_u32).await, 1);
            assert_eq!(sys.compare_exchange(lock, 0_u32, 1).await, Err(1));
        })
        .await;
        sys.store(lock, 0_u32).await;
        assert_eq!(sys.compare_exchange(lock, 0_u32, 1).await, Ok(0));
        meanwhile(sys, async |sys| assert_eq!(sys.fetch_or(lock, 1_u32).await, 1)).await;
        sys.store(lock, 0_u32).await;
        0
    });
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn a_frame_that_was_given_back_is_another_place() {
    let all = found(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        sys.load::<u64>(at).await;
        sys.munmap(at, PAGE as usize).await.unwrap();
        // It gets the frame that is free again, most likely at the same address.
        assert_eq!(map_shared(sys, 1).await, at);
        meanwhile(sys, async |sys| increment(sys, at).await).await;
        sys.store(at, 5_u64).await;
        0
    });
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn what_a_handler_had_loaded_the_next_one_has_not() {
    let all = found(&|sys, _| async move {
        let at = map_shared(sys, 1).await;
        SHARED.store(sys, at).await;
        sys.sigaction(Signal::SIGUSR1, Some(Action::catch(LOADS))).await.unwrap();
        sys.sigaction(Signal::SIGUSR2, Some(Action::catch(STORES))).await.unwrap();
        let me = sys.getpid().await;
        sys.kill(me, Some(Signal::SIGUSR1)).await.unwrap();
        meanwhile(sys, async |sys| increment(sys, at).await).await;
        sys.kill(me, Some(Signal::SIGUSR2)).await.unwrap();
        0
    });
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn private_memory_is_not_shared() {
    let all = found(&|sys, _| async move {
        let at = harness::map(sys, 1).await;
        let value: u64 = sys.load(at).await;
        meanwhile(sys, async |sys| increment(sys, at).await).await;
        sys.store(at, value + 1).await;
        0
    });
    assert!(all.is_empty(), "{all:#?}");
}
