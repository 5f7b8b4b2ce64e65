//! A process beside the one that fills a table, and children that hold on to something.

use abi::{Pid, Signal, Timespec};
use harness::{PAGE, ends, fork, join, map_shared, signaled};
use userland::Sys;
use userland::sys::Forked;

/// A process beside the one that fills a table. It works on whatever it is asked, in memory that it has touched before, so
/// that it needs no more of anything.
pub(super) struct Bystander {
    pid: Pid,
    /// Two words of shared memory: what it is asked, and what it answers.
    words: u64,
}

impl Bystander {
    const END: u32 = u32::MAX;

    pub(super) async fn new(sys: Sys) -> Bystander {
        let words = map_shared(sys, 1).await;
        sys.store::<u64>(words, 0).await;
        let pid = fork(sys, async move |sys| {
            let mut done = 0;
            loop {
                let asked = sys.load::<u32>(words).await;
                if asked == Bystander::END {
                    return;
                }
                if asked != done {
                    assert!(sys.getppid().await.0 > 0);
                    sys.store::<u32>(words + 4, asked).await;
                    done = asked;
                }
                sys.sched_yield().await;
            }
        })
        .await;
        let bystander = Bystander { pid, words };
        bystander.goes_on(sys).await;
        bystander
    }

    /// It still does what it is asked.
    pub(super) async fn goes_on(&self, sys: Sys) {
        let asked = sys.load::<u32>(self.words + 4).await + 1;
        sys.store::<u32>(self.words, asked).await;
        while sys.load::<u32>(self.words + 4).await != asked {
            sys.sched_yield().await;
        }
    }

    pub(super) async fn end(self, sys: Sys) {
        sys.store::<u32>(self.words, Bystander::END).await;
        join(sys, self.pid).await;
    }
}

/// Forks children that hold on to something until they are told to end. Each says what it has got; the sum of it, and the
/// children. `most` is how many there may be; no child is made when one said that it got nothing.
pub(super) async fn holders(sys: Sys, most: usize, hold: impl AsyncFn(Sys) -> u32) -> (u32, Vec<Pid>) {
    let said = map_shared(sys, 1).await;
    sys.store::<u64>(said, 0).await;
    let (mut sum, mut children) = (0, Vec::new());
    while children.len() < most {
        let child = match sys.fork().await {
            Ok(Forked::Parent(child)) => child,
            Ok(Forked::Child) => {
                let got = hold(sys).await;
                sys.store::<u32>(said, got).await;
                sys.store::<u32>(said + 4, 1).await;
                loop {
                    let _ = sys.nanosleep(Timespec { sec: 1 << 44, nsec: 0 }).await;
                }
            }
            Err(_) => break,
        };
        children.push(child);
        while sys.load::<u32>(said + 4).await == 0 {
            sys.sched_yield().await;
        }
        sys.store::<u32>(said + 4, 0).await;
        let got = sys.load::<u32>(said).await;
        sum += got;
        if got == 0 {
            break;
        }
    }
    sys.munmap(said, PAGE as usize).await.expect("it is mapped");
    (sum, children)
}

pub(super) async fn let_go(sys: Sys, children: Vec<Pid>) {
    for child in children {
        sys.kill(child, Some(Signal::SIGKILL)).await.expect("it is mine");
        ends(sys, child, signaled(Signal::SIGKILL)).await;
    }
}
