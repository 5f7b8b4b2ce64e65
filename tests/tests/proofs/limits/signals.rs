//! Sets of actions, queued signals and timers.

use abi::{Errno, In, Out, SigInfo, Signal, SignalNumber, SignalSet};
use harness::{fork, join, map};
use kernel::limits::*;
use userland::sys::{Action, Notification};
use userland::{Args, Sys};

use super::bystander::{Bystander, holders, let_go};

pub(super) async fn action_sets(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let (changed, children) = holders(sys, PROCESSES, async |sys| {
        let set = sys.sigaction(Signal::SIGUSR1, Some(Action::IGNORE)).await;
        assert_eq!(set, Ok(Action::DEFAULT));
        1
    })
    .await;
    assert_eq!(changed as usize, PROCESSES - 3, "every process there can be has a set of its own");
    bystander.goes_on(sys).await;
    let_go(sys, children).await;
    bystander.end(sys).await;
    0
}

pub(super) async fn queued_signals(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let page = map(sys, 1).await;
    let (own, set, info) = (sys.getpid().await, page, page + 64);
    sys.store::<u64>(set, SignalSet::all().bits()).await;
    sys.raw().rt_sigprocmask(abi::MaskHow::SIG_BLOCK, In::at(set), Out::NULL, 8).await.expect("it is readable");
    // A value with each, so that each is kept.
    sys.store::<i32>(info + 8, abi::SI_QUEUE).await;
    let realtime = SignalNumber(40);
    let mut sent = 0;
    let errno = loop {
        match sys.raw().rt_sigqueueinfo(own, realtime, In::<SigInfo>::at(info)).await {
            Ok(_) => sent += 1,
            Err(errno) => break errno,
        }
    };
    assert_eq!((sent, errno), (QUEUED_SIGNALS, Errno::EAGAIN));
    assert_eq!(sys.timer_create(abi::ClockId::CLOCK_MONOTONIC, None).await, Err(Errno::EAGAIN));
    // Other signals lose their details only.
    sys.kill(own, Some(Signal::SIGUSR1)).await.expect("it isn't lost");
    sys.store::<u64>(set, SignalSet::of(Signal::SIGUSR1).bits()).await;
    let taken = sys.raw().rt_sigtimedwait(In::at(set), Out::at(info), In::NULL, 8).await;
    assert_eq!(taken, Ok(Signal::SIGUSR1.number().into()));
    assert_eq!(sys.load::<i32>(info + 16).await, 0, "nobody knows who sent it");
    // So does the bystander's end, but it is reaped all the same.
    bystander.goes_on(sys).await;
    bystander.end(sys).await;
    sys.store::<u64>(set, 1 << 39).await;
    for _ in 0..sent {
        assert_eq!(sys.raw().rt_sigtimedwait(In::at(set), Out::NULL, In::NULL, 8).await, Ok(40));
    }
    sys.store::<i32>(info + 8, abi::SI_QUEUE).await;
    sys.raw().rt_sigqueueinfo(own, realtime, In::at(info)).await.expect("there is room again");
    0
}

pub(super) async fn timers(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let clock = abi::ClockId::CLOCK_MONOTONIC;
    // Without a signal they need no room for one.
    let mut made = Vec::new();
    let errno = loop {
        match sys.timer_create(clock, Some(Notification::None)).await {
            Ok(timer) => made.push(timer),
            Err(errno) => break errno,
        }
    };
    assert_eq!((made.len(), errno), (TIMERS, Errno::EAGAIN));
    let child = fork(sys, async move |sys| {
        assert_eq!(sys.timer_create(clock, None).await, Err(Errno::EAGAIN), "they are the whole system's");
    })
    .await;
    join(sys, child).await;
    bystander.goes_on(sys).await;
    sys.timer_delete(made[0]).await.expect("it exists");
    assert_eq!(sys.timer_create(clock, None).await, Ok(made[0]));
    bystander.end(sys).await;
    0
}
