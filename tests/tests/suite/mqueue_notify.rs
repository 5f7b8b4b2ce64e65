//! `mq_notify(3)`: who is told of a message, once, and when the asking ends.

use abi::{Errno, FcntlCommand, Fd, In, MqAttr, OpenFlags, SI_MESGQ, SIGEV_THREAD, SigEvent, SigInfo, Signal};
use harness::{fork, join, map, program, until_state};
use userland::sys::{Action, Mqd, Notify};
use userland::{Args, Sys, handlers, print, println};

handlers! { HANDLERS: ON_MESSAGE = on_message; }

async fn on_message(sys: Sys, info: SigInfo) {
    let code = if info.code == SI_MESGQ { "SI_MESGQ" } else { "?" };
    println!(sys, "{} {code} from {} user {} value {}", info.signo, info.pid, info.uid, info.status).await;
}

const TOLD: Option<Notify> = Some(Notify::Signal(Signal::SIGUSR1, 7));

/// A queue without a name, and a handler for its signal.
async fn queue(sys: Sys) -> Mqd {
    sys.sigaction(Signal::SIGUSR1, Some(Action::catch(ON_MESSAGE))).await.unwrap();
    let attributes = MqAttr { maxmsg: 2, msgsize: 16, ..MqAttr::default() };
    let flags = OpenFlags::O_CREAT | OpenFlags::O_RDWR;
    let queue = sys.mq_open(b"/notify", flags, 0o600, Some(attributes)).await.unwrap();
    sys.mq_unlink(b"/notify").await.unwrap();
    queue
}

#[test]
fn a_message_in_an_empty_queue_is_told_of_once() {
    program(&|sys, _| async move {
        let queue = queue(sys).await;
        sys.mq_notify(queue, TOLD).await.unwrap();
        let child = fork(sys, async move |sys| {
            sys.setuid(1000).await.unwrap();
            sys.mq_send(queue, b"one", 0).await.unwrap();
            // It isn't asked for any more, and the queue isn't empty either.
            sys.mq_send(queue, b"two", 0).await.unwrap();
        })
        .await;
        join(sys, child).await;
        // Not for a queue that isn't empty when it is asked for.
        sys.mq_notify(queue, TOLD).await.unwrap();
        sys.mq_receive(queue, 16).await.unwrap();
        sys.mq_send(queue, b"three", 0).await.unwrap();
        println!(sys, "not yet").await;
        sys.mq_receive(queue, 16).await.unwrap();
        sys.mq_receive(queue, 16).await.unwrap();
        sys.mq_send(queue, b"four", 0).await.unwrap();
        println!(sys, "told").await;
        0
    })
    .handlers(HANDLERS)
    .prints("10 SI_MESGQ from 4 user 1000 value 7\nnot yet\n10 SI_MESGQ from 3 user 0 value 7\ntold\n");
}

#[test]
fn nobody_is_told_of_a_message_that_somebody_waits_for() {
    program(&|sys, _| async move {
        let queue = queue(sys).await;
        sys.mq_notify(queue, TOLD).await.unwrap();
        let child = fork(sys, async move |sys| drop(sys.mq_receive(queue, 16).await.unwrap())).await;
        until_state(sys, child, 'S').await;
        sys.mq_send(queue, b"for the child", 0).await.unwrap();
        join(sys, child).await;
        println!(sys, "still waiting").await;
        sys.mq_send(queue, b"for nobody", 0).await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .prints("still waiting\n10 SI_MESGQ from 3 user 0 value 7\n");
}

#[test]
fn only_one_process_is_told() {
    program(&|sys, _| async move {
        let queue = queue(sys).await;
        sys.mq_notify(queue, Some(Notify::None)).await.unwrap();
        assert_eq!(sys.mq_notify(queue, TOLD).await, Err(Errno::EBUSY));
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.mq_notify(queue, TOLD).await, Err(Errno::EBUSY));
            // It isn't the child's to take back, nor does the child's closing take it back.
            assert_eq!(sys.mq_notify(queue, None).await, Ok(()));
            assert_eq!(sys.mq_notify(queue, TOLD).await, Err(Errno::EBUSY));
            sys.close(queue).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.mq_notify(queue, TOLD).await, Err(Errno::EBUSY));
        // A message ends even what asks for nothing.
        sys.mq_send(queue, b"x", 0).await.unwrap();
        assert_eq!(sys.mq_notify(queue, TOLD).await, Ok(()));
        assert_eq!(sys.mq_notify(queue, None).await, Ok(()));
        assert_eq!(sys.mq_notify(queue, None).await, Ok(()));
        assert_eq!(sys.mq_notify(queue, TOLD).await, Ok(()));
        // Closing any descriptor of the queue does, even a copy.
        let copy = sys.dup(queue).await.unwrap();
        sys.close(copy).await.unwrap();
        assert_eq!(sys.mq_notify(queue, TOLD).await, Ok(()));
        sys.mq_notify(queue, None).await.unwrap();
        let child = fork(sys, async move |sys| sys.mq_notify(queue, TOLD).await.unwrap()).await;
        join(sys, child).await;
        // The end of a process does.
        assert_eq!(sys.mq_notify(queue, TOLD).await, Ok(()));
        0
    })
    .handlers(HANDLERS)
    .prints("");
}

#[test]
fn what_is_asked_for_is_checked_before_the_descriptor() {
    program(&|sys, _| async move {
        let queue = queue(sys).await;
        let place = map(sys, 1).await;
        let ask = async |fd: Fd, notify: i32, signo: i32| {
            sys.store::<i32>(place + 8, signo).await;
            sys.store::<i32>(place + 12, notify).await;
            sys.raw().mq_notify(fd, In::<SigEvent>::at(place)).await
        };
        for (notify, signo) in [(0, 65), (0, -1), (9, 10), (SIGEV_THREAD, 10)] {
            assert_eq!(ask(Fd(40), notify, signo).await, Err(Errno::EINVAL), "{notify} {signo}");
        }
        assert_eq!(ask(Fd(40), 0, 10).await, Err(Errno::EBADF));
        assert_eq!(sys.raw().mq_notify(Fd(40), In::at(8)).await, Err(Errno::EFAULT));
        // Signal 0 is taken, and is none.
        assert_eq!(ask(queue, 0, 0).await, Ok(0));
        sys.mq_send(queue, b"x", 0).await.unwrap();
        assert_eq!(ask(queue, 0, 10).await, Ok(0));
        0
    })
    .handlers(HANDLERS)
    .prints("");
}

async fn executed(sys: Sys, args: Args) -> i32 {
    let queue = Fd(args.text(1).parse().unwrap());
    // It has asked before it became this program, so nobody else can; but it isn't told.
    assert_eq!(sys.mq_notify(queue, TOLD).await, Err(Errno::EBUSY));
    sys.mq_send(queue, b"x", 0).await.unwrap();
    assert_eq!(sys.mq_notify(queue, TOLD).await, Ok(()));
    print!(sys, "not told").await;
    0
}

#[test]
fn a_new_program_is_not_told_what_the_old_one_asked_for() {
    program(&|sys, _| async move {
        let queue = queue(sys).await;
        sys.fcntl(queue, FcntlCommand::F_SETFD, 0).await.unwrap();
        sys.mq_notify(queue, TOLD).await.unwrap();
        let number = queue.0.to_string();
        let errno = sys.execve(b"executed", &[b"executed", number.as_bytes()], &[]).await;
        println!(sys, "{errno}").await;
        1
    })
    .with("executed", &executed)
    .handlers(HANDLERS)
    .prints("not told");
}
