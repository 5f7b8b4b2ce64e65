//! Exchanges between processes, one over each means of communication, made so that any player may be killed at any step.
//!
//! `exchange NAME`: a *referee* makes what is needed, starts the players, gives them all the time they want, and then looks.
//! Whoever still sleeps must have a reason that can be seen: a queue that is empty, a FIFO that nobody opens. The referee ends
//! the sleepers, checks what the exchange has come to without those who were killed, and takes away what it has made. An
//! assertion that fails ends it, so its status tells whether all was as it should be.
//!
//! | question | file |
//! | --- | --- |
//! | FIFOs, and who waits to open one | `fifo.rs` |
//! | POSIX message queues, and `mq_notify` | `mqueue.rs` |
//! | System V message queues | `message_queue.rs` |
//! | System V semaphores, and `SEM_UNDO` | `semaphore.rs` |
//! | POSIX and System V shared memory | `shared_memory.rs` |

mod fifo;
mod message_queue;
mod mqueue;
mod semaphore;
mod shared_memory;

use abi::{Pid, Signal, Timespec, WaitOptions, WaitStatus};
use harness::{ends, signaled};
use userland::{Args, Sys};

/// Long after everything that goes on by itself is over.
const PATIENCE_US: u64 = 60_000_000;
/// When players that don't wait for ever give up; before the referee looks.
const GIVE_UP_US: u64 = 10_000_000;
/// The status of a player that gave up.
const GAVE_UP: u8 = 9;

/// How a player ended; `None`: it still sleeps, when nothing more will happen.
type Fate = Option<WaitStatus>;

/// All exchanges that there are.
pub(crate) async fn main(sys: Sys, args: Args) -> i32 {
    match args.text(1).as_ref() {
        "fifo" => fifo::exchange(sys).await,
        "mqueue" => mqueue::messages(sys).await,
        "notify" => mqueue::notify(sys).await,
        "message-queue" => message_queue::exchange(sys).await,
        "semaphore" => semaphore::exchange(sys).await,
        "posix-memory" => shared_memory::posix(sys).await,
        "system-v-memory" => shared_memory::system_v(sys).await,
        _ => return 1,
    }
    0
}

/// Waits until nothing goes on any more; how each of these children has ended.
async fn fates(sys: Sys, players: &[Pid]) -> Vec<Fate> {
    sys.nanosleep(Timespec::from_us(PATIENCE_US)).await.expect("nobody interrupts it");
    let mut fates = Vec::new();
    for player in players {
        let waited = sys.waitpid(*player, WaitOptions::WNOHANG).await.expect("it is a child");
        fates.push(waited.map(|(_, status)| status));
    }
    fates
}

/// Ends those who still sleep.
async fn dismiss(sys: Sys, players: &[Pid], fates: &[Fate]) {
    for (player, _) in players.iter().zip(fates).filter(|(_, fate)| sleeps(**fate)) {
        sys.kill(*player, Some(Signal::SIGKILL)).await.expect("it is mine");
        ends(sys, *player, signaled(Signal::SIGKILL)).await;
    }
}

fn sleeps(fate: Fate) -> bool {
    fate.is_none()
}

fn killed(fate: Fate) -> bool {
    fate == Some(signaled(Signal::SIGKILL))
}

fn exited(fate: Fate, code: u8) -> bool {
    fate == Some(WaitStatus::Exited(code))
}

/// How many of these were killed.
fn dead(fates: &[Fate]) -> usize {
    fates.iter().filter(|fate| killed(**fate)).count()
}

/// Whether any of these still sleeps.
fn any_sleeps(fates: &[Fate]) -> bool {
    fates.iter().any(|fate| sleeps(*fate))
}
