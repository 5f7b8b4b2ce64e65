//! A System V queue with room for two messages: two senders of three types, a receiver of one type, and one of the lower
//! ones.

use abi::{Errno, IPC_PRIVATE, IpcFlags, MsgFlags};
use harness::{fork, map_shared};
use userland::Sys;

use super::{any_sleeps, dead, dismiss, exited, fates, killed, sleeps};

/// Messages of one sender: one of each type.
const EACH: u8 = 3;
/// Bytes that a queue holds: those of two messages.
const ROOM: u64 = 4;
/// What the receivers ask for, and how many messages that are.
const RECEIVERS: [(i64, usize); 2] = [(3, 2), (-2, 4)];

pub(super) async fn exchange(sys: Sys) {
    let id = sys.msgget(IPC_PRIVATE, IpcFlags::from_bits_retain(0o600)).await.expect("there is room");
    let perm = sys.msg_stat(id).await.expect("it is there").perm;
    sys.msg_set(id, perm, ROOM).await.expect("it is mine");
    let arrived = map_shared(sys, 1).await;
    let mut players = Vec::new();
    for sender in 0..2 {
        players.push(fork(sys, async move |sys| send(sys, id, sender).await).await);
    }
    for (kind, count) in RECEIVERS {
        let receive = async move |sys| {
            for _ in 0..count {
                receive(sys, id, kind, MsgFlags::empty(), arrived).await.expect("it waits for it");
            }
        };
        players.push(fork(sys, receive).await);
    }
    let fates = fates(sys, &players).await;
    let (senders, receivers) = fates.split_at(2);
    let used = sys.msg_stat(id).await.expect("it is there").cbytes;
    assert!(!any_sleeps(senders) || used + 2 > ROOM, "a sender sleeps beside room: {fates:?}");
    for fate in &fates {
        assert!(killed(*fate) || exited(*fate, 0) || sleeps(*fate) && dead(&fates) > 0, "{fates:?}");
    }
    dismiss(sys, &players, &fates).await;
    for ((kind, _), fate) in RECEIVERS.iter().zip(receivers) {
        let left = receive(sys, id, *kind, MsgFlags::IPC_NOWAIT, arrived).await;
        assert!(!sleeps(*fate) || left == Err(Errno::ENOMSG), "a receiver sleeps over a message: {fates:?}");
    }
    while receive(sys, id, 0, MsgFlags::IPC_NOWAIT, arrived).await.is_ok() {}
    let mut lost = 0;
    for (sender, fate) in (0..).zip(senders) {
        for number in 0..EACH {
            let count = sys.load::<u8>(place(arrived, sender, number)).await;
            assert!(count <= 1, "message {number} of {sender} arrived {count} times");
            lost += usize::from(exited(*fate, 0) && count == 0);
        }
    }
    assert!(lost <= dead(receivers), "{lost} messages are lost: {fates:?}");
    sys.msg_remove(id).await.expect("it is mine");
}

fn place(arrived: u64, sender: u8, number: u8) -> u64 {
    arrived + u64::from(sender) * u64::from(EACH) + u64::from(number)
}

async fn send(sys: Sys, id: i32, sender: u8) {
    for number in 0..EACH {
        // Not all send in the same order.
        let kind = 1 + i64::from((number + sender) % EACH);
        sys.msgsnd(id, kind, &[sender, number], MsgFlags::empty()).await.expect("it waits for room");
    }
}

/// Receives a message, and notes it.
async fn receive(sys: Sys, id: i32, kind: i64, flags: MsgFlags, arrived: u64) -> Result<(), Errno> {
    let mut message = [0; 2];
    let (of, _) = sys.msgrcv(id, &mut message, kind, flags).await?;
    assert!(kind == 0 || of == kind || kind < 0 && of <= -kind, "{kind} was asked for, and {of} came");
    sys.fetch_add::<u8>(place(arrived, message[0], message[1]), 1).await;
    Ok(())
}
