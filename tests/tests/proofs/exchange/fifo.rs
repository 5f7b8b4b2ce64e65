//! Two writers and two readers meet at a FIFO of one page.

use abi::{FcntlCommand, OpenFlags, Signal};
use harness::{PAGE, fork, map_shared, signaled};
use userland::Sys;

use super::{dead, dismiss, exited, fates, killed, sleeps};

const FIFO: &[u8] = b"/tmp/exchange";
/// Writes of one writer.
const WRITES: usize = 2;
/// Bytes of one: two don't fit into a page.
const BYTES: usize = 2500;

/// Who has opened the FIFO is noted at the page's bytes, how much was read behind them.
const RECEIVED: u64 = 8;

pub(super) async fn exchange(sys: Sys) {
    sys.mkfifo(FIFO, 0o600).await.expect("the name is free");
    let notes = map_shared(sys, 1).await;
    let mut players = Vec::new();
    for player in 0..4 {
        players.push(fork(sys, async move |sys| play(sys, player, notes).await).await);
    }
    let fates = fates(sys, &players).await;
    let (readers, writers) = fates.split_at(2);
    for (player, fate) in (0..).zip(&fates) {
        // Whoever has come in finds its way out: the end of the file, room, or a broken pipe.
        assert!(
            !sleeps(*fate) || sys.load::<u8>(notes + player).await == 0,
            "player {player} sleeps within: {fates:?}"
        );
    }
    // Each would have let the other in.
    let waits = |fates: &[_]| fates.iter().any(|fate| sleeps(*fate));
    assert!(!(waits(readers) && waits(writers)), "they wait for each other: {fates:?}");
    let is_fine = |fate| sleeps(fate) || killed(fate) || exited(fate, 0);
    assert!(readers.iter().all(|fate| is_fine(*fate)), "{fates:?}");
    let broken = |fate| dead(readers) > 0 && fate == Some(signaled(Signal::SIGPIPE));
    assert!(writers.iter().all(|fate| is_fine(*fate) || broken(*fate)), "{fates:?}");
    if dead(&fates) == 0 {
        let written = writers.iter().filter(|fate| exited(**fate, 0)).count() * WRITES * BYTES;
        assert_eq!(sys.load::<u64>(notes + RECEIVED).await, written as u64);
    }
    dismiss(sys, &players, &fates).await;
    sys.unlink(FIFO).await.expect("it is there");
}

async fn play(sys: Sys, player: u64, notes: u64) {
    let reads = player < 2;
    let flags = if reads { OpenFlags::empty() } else { OpenFlags::O_WRONLY };
    let fd = sys.open(FIFO, flags).await.expect("it is there");
    sys.store::<u8>(notes + player, 1).await;
    let _ = sys.fcntl(fd, FcntlCommand::F_SETPIPE_SZ, PAGE).await;
    if !reads {
        for _ in 0..WRITES {
            assert_eq!(sys.write(fd, &[7; BYTES]).await, Ok(BYTES));
        }
        return;
    }
    let mut buffer = [0; BYTES];
    while let Ok(count @ 1..) = sys.read(fd, &mut buffer).await {
        sys.fetch_add::<u64>(notes + RECEIVED, count as u64).await;
    }
}
