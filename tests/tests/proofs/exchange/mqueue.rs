//! POSIX message queues: two senders and two receivers at a queue of one message; and one who asks to be told.

use abi::{ClockId, MaskHow, MqAttr, OpenFlags, Pid, SI_MESGQ, Signal, SignalSet, Timespec};
use harness::{fork, map_shared};
use userland::Sys;
use userland::sys::{Mqd, Notify};

use super::{GAVE_UP, GIVE_UP_US, any_sleeps, dead, dismiss, exited, fates, killed, sleeps};

const QUEUE: &[u8] = b"/exchange";
/// Messages of one sender.
const EACH: u8 = 3;
/// For ever, or longer than the exchange takes.
const FOREVER_US: u64 = 1 << 40;

async fn queue(sys: Sys) -> Mqd {
    let attributes = MqAttr { maxmsg: 1, msgsize: 2, ..MqAttr::default() };
    let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
    let queue = sys.mq_open(QUEUE, flags, 0o600, Some(attributes)).await.expect("the name is free");
    sys.mq_unlink(QUEUE).await.expect("it is there");
    queue
}

async fn messages_in(sys: Sys, queue: Mqd) -> i64 {
    sys.mq_getattr(queue).await.expect("it is open").curmsgs
}

async fn in_us(sys: Sys, us: u64) -> Timespec {
    let now = sys.clock_gettime(ClockId::CLOCK_REALTIME).await.ok().and_then(Timespec::to_us);
    Timespec::from_us(now.expect("the clock runs") + us)
}

/// One sender and one receiver wait for ever, the others for some time.
pub(super) async fn messages(sys: Sys) {
    let queue = queue(sys).await;
    let arrived = map_shared(sys, 1).await;
    let mut players = Vec::new();
    for player in 0..4u8 {
        let until = in_us(sys, if player % 2 == 0 { FOREVER_US } else { GIVE_UP_US }).await;
        let play = async move |sys: Sys| match player < 2 {
            true => send(sys, queue, player, until).await,
            false => receive(sys, queue, arrived, until).await,
        };
        players.push(fork(sys, play).await);
    }
    let fates = fates(sys, &players).await;
    let (senders, receivers) = fates.split_at(2);
    let count = messages_in(sys, queue).await;
    assert!(!any_sleeps(senders) || count == 1, "a sender sleeps beside room: {fates:?}");
    assert!(!any_sleeps(receivers) || count == 0, "a receiver sleeps over a message: {fates:?}");
    for fate in &fates {
        let gave_up = sleeps(*fate) || exited(*fate, GAVE_UP);
        assert!(killed(*fate) || exited(*fate, 0) || gave_up && dead(&fates) > 0, "{fates:?}");
    }
    dismiss(sys, &players, &fates).await;
    while messages_in(sys, queue).await > 0 {
        let (message, _) = sys.mq_receive(queue, 2).await.expect("there is one");
        note(sys, arrived, &message).await;
    }
    let mut lost = 0;
    for (sender, fate) in (0..).zip(senders) {
        for number in 0..EACH {
            let count = sys.load::<u8>(place(arrived, sender, number)).await;
            assert!(count <= 1, "message {number} of {sender} arrived {count} times");
            lost += usize::from(exited(*fate, 0) && count == 0);
        }
    }
    // Whoever was killed may have had one in hand.
    assert!(lost <= dead(receivers), "{lost} messages are lost: {fates:?}");
}

fn place(arrived: u64, sender: u8, number: u8) -> u64 {
    arrived + u64::from(sender) * u64::from(EACH) + u64::from(number)
}

async fn note(sys: Sys, arrived: u64, message: &[u8]) {
    let [sender, number] = message[..] else { panic!("a message has two bytes") };
    sys.fetch_add::<u8>(place(arrived, sender, number), 1).await;
}

async fn send(sys: Sys, queue: Mqd, sender: u8, until: Timespec) {
    for number in 0..EACH {
        if sys.mq_timedsend(queue, &[sender, number], number.into(), until).await.is_err() {
            sys.exit(GAVE_UP.into()).await;
        }
    }
}

async fn receive(sys: Sys, queue: Mqd, arrived: u64, until: Timespec) {
    for _ in 0..EACH {
        match sys.mq_timedreceive(queue, 2, until).await {
            Ok((message, _)) => note(sys, arrived, &message).await,
            Err(_) => sys.exit(GAVE_UP.into()).await,
        }
    }
}

/// One asks to be told of each of two messages that another sends, and takes them.
pub(super) async fn notify(sys: Sys) {
    let queue = queue(sys).await;
    let asker = fork(sys, async move |sys| {
        let told = SignalSet::of(Signal::SIGUSR1);
        sys.sigprocmask(Some((MaskHow::SIG_BLOCK, told))).await.expect("it may be blocked");
        for _ in 0..2 {
            sys.mq_notify(queue, Some(Notify::Signal(Signal::SIGUSR1, 7))).await.expect("nobody else asks");
            if messages_in(sys, queue).await == 0 {
                let info = sys.sigtimedwait(told, None).await.expect("nothing else comes");
                assert_eq!(info.code, SI_MESGQ);
            }
            sys.mq_receive(queue, 2).await.expect("there is one");
            sys.mq_notify(queue, None).await.expect("it may be taken back");
        }
    })
    .await;
    let sender = fork(sys, async move |sys| {
        for number in 0..2 {
            sys.mq_send(queue, &[number], 0).await.expect("it is taken");
        }
    })
    .await;
    let players: [Pid; 2] = [asker, sender];
    let fates = fates(sys, &players).await;
    let in_queue = messages_in(sys, queue).await;
    assert!(!sleeps(fates[0]) || killed(fates[1]) && in_queue == 0, "it wasn't told: {fates:?}");
    assert!(!sleeps(fates[1]) || killed(fates[0]) && in_queue == 1, "a sender sleeps beside room: {fates:?}");
    assert!(fates.iter().all(|fate| sleeps(*fate) || killed(*fate) || exited(*fate, 0)), "{fates:?}");
    dismiss(sys, &players, &fates).await;
    // Whoever asked is gone, and its asking with it.
    assert_eq!(sys.mq_notify(queue, Some(Notify::Signal(Signal::SIGUSR1, 8))).await, Ok(()));
}
