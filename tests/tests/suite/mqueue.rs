//! POSIX message queues: order, waiting, what their descriptors share, and every error of their manual pages but those of
//! names (`mqueue_name.rs`) and of full tables (`proofs/limits.rs`). Notification is in `mqueue_notify.rs`.

use abi::{
    ClockId, DescriptorFlags, Errno, FcntlCommand, Fd, In, InBytes, Length, MqAttr, OpenFlags, Out, OutBytes, Pid,
    Resource, Rlimit, SigActionFlags, SigInfo, Signal, Timespec,
};
use harness::{PAGE, ends, fork, join, map, map_shared, program, signaled, until_state};
use userland::sys::{Action, Mqd};
use userland::{Sys, handlers, print};

const CREATE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);

fn holding(messages: i64, bytes: i64) -> Option<MqAttr> {
    Some(MqAttr { maxmsg: messages, msgsize: bytes, ..MqAttr::default() })
}

/// A queue of so many messages of 16 bytes.
async fn queue(sys: Sys, name: &[u8], messages: i64) -> Mqd {
    sys.mq_open(name, CREATE, 0o600, holding(messages, 16)).await.unwrap()
}

async fn receive(sys: Sys, queue: Mqd) -> String {
    let (bytes, priority) = sys.mq_receive(queue, 16).await.unwrap();
    format!("{}@{priority}", String::from_utf8_lossy(&bytes))
}

/// So many microseconds from now.
async fn after_us(sys: Sys, us: u64) -> Timespec {
    let now = sys.clock_gettime(ClockId::CLOCK_REALTIME).await.unwrap();
    Timespec::from_us(now.to_us().unwrap() + us)
}

#[test]
fn the_highest_priority_goes_first_and_of_those_the_oldest() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/order", 6).await;
        for (text, priority) in [("a", 3), ("b", 0), ("c", 32_767), ("d", 3), ("e", 0), ("f", 3)] {
            sys.mq_send(queue, text.as_bytes(), priority).await.unwrap();
        }
        let mut order = Vec::new();
        for _ in 0..6 {
            order.push(receive(sys, queue).await);
        }
        assert_eq!(order, ["c@32767", "a@3", "d@3", "f@3", "b@0", "e@0"]);
        sys.mq_unlink(b"/order").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn long_messages_and_empty_ones_come_back_as_they_went() {
    program(&|sys, _| async move {
        let queue = sys.mq_open(b"/long", CREATE, 0o600, None).await.unwrap();
        let attributes = sys.mq_getattr(queue).await.unwrap();
        assert_eq!((attributes.maxmsg, attributes.msgsize, attributes.curmsgs), (10, 8192, 0));
        for length in [0, 1, 4095, 4096, 4097, 8192] {
            let bytes: Vec<u8> = (0..length).map(|i: usize| (i * 7 + i / 256) as u8).collect();
            sys.mq_send(queue, &bytes, 5).await.unwrap();
            assert_eq!(sys.mq_receive(queue, 8192).await, Ok((bytes, 5)));
        }
        sys.mq_unlink(b"/long").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn sizes_and_priorities_are_checked() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/sizes", 2).await;
        assert_eq!(sys.mq_send(queue, &[0; 17], 0).await, Err(Errno::EMSGSIZE));
        assert_eq!(sys.mq_send(queue, &[0; 16], 32_768).await, Err(Errno::EINVAL));
        assert_eq!(sys.mq_send(queue, &[0; 16], u32::MAX).await, Err(Errno::EINVAL));
        sys.mq_send(queue, b"short", 0).await.unwrap();
        // Even though the message would fit.
        assert_eq!(sys.mq_receive(queue, 15).await, Err(Errno::EMSGSIZE));
        assert_eq!(receive(sys, queue).await, "short@0");
        // The priority is looked at before the descriptor, the descriptor before the size.
        assert_eq!(sys.mq_send(Fd(40), &[0; 99], 32_768).await, Err(Errno::EINVAL));
        assert_eq!(sys.mq_send(Fd(40), &[0; 99], 0).await, Err(Errno::EBADF));
        sys.mq_unlink(b"/sizes").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn only_what_is_open_for_it_sends_and_receives() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/modes", 2).await;
        let receives = sys.mq_open(b"/modes", OpenFlags::empty(), 0, None).await.unwrap();
        let sends = sys.mq_open(b"/modes", OpenFlags::O_WRONLY, 0, None).await.unwrap();
        assert_eq!(sys.mq_send(receives, b"x", 0).await, Err(Errno::EBADF));
        assert_eq!(sys.mq_receive(sends, 16).await, Err(Errno::EBADF));
        sys.mq_send(sends, b"x", 0).await.unwrap();
        assert_eq!(receive(sys, receives).await, "x@0");
        let (read, write) = sys.pipe().await.unwrap();
        for other in [read, write, Fd(40), Fd(-1)] {
            assert_eq!(sys.mq_send(other, b"x", 0).await, Err(Errno::EBADF));
            assert_eq!(sys.mq_receive(other, 16).await, Err(Errno::EBADF));
            assert_eq!(sys.mq_getattr(other).await, Err(Errno::EBADF));
            assert_eq!(sys.mq_setattr(other, MqAttr::default()).await, Err(Errno::EBADF));
            assert_eq!(sys.mq_notify(other, None).await, Err(Errno::EBADF));
        }
        // A message has a priority, so it isn't written; not even one of no bytes.
        assert_eq!(sys.write(queue, b"x").await, Err(Errno::EINVAL));
        assert_eq!(sys.write(queue, b"").await, Err(Errno::EINVAL));
        assert_eq!(sys.write(receives, b"x").await, Err(Errno::EBADF));
        assert_eq!(sys.read(sends, &mut [0; 8]).await, Err(Errno::EBADF));
        sys.mq_unlink(b"/modes").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn o_nonblock_belongs_to_the_open_description() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/nonblock", 1).await;
        let copy = sys.dup(queue).await.unwrap();
        let other = sys.mq_open(b"/nonblock", OpenFlags::O_RDWR, 0, None).await.unwrap();
        let nonblock = i64::from(OpenFlags::O_NONBLOCK.bits());
        let new = MqAttr { flags: nonblock, maxmsg: 99, msgsize: 99, curmsgs: 99, ..MqAttr::default() };
        let old = sys.mq_setattr(queue, new).await.unwrap();
        assert_eq!((old.flags, old.maxmsg, old.msgsize, old.curmsgs), (0, 1, 16, 0));
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.mq_receive(queue, 16).await, Err(Errno::EAGAIN));
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.mq_getattr(copy).await.unwrap().flags, nonblock);
        assert_eq!(sys.mq_getattr(other).await.unwrap().flags, 0);
        assert_eq!(sys.mq_receive(copy, 16).await, Err(Errno::EAGAIN));
        sys.mq_send(copy, b"x", 0).await.unwrap();
        assert_eq!(sys.mq_send(copy, b"y", 0).await, Err(Errno::EAGAIN));
        let attributes = sys.mq_getattr(other).await.unwrap();
        assert_eq!((attributes.maxmsg, attributes.msgsize, attributes.curmsgs), (1, 16, 1));
        let unknown = MqAttr { flags: 1, ..MqAttr::default() };
        assert_eq!(sys.mq_setattr(queue, unknown).await, Err(Errno::EINVAL));
        // The flags are looked at before the descriptor.
        assert_eq!(sys.mq_setattr(Fd(40), unknown).await, Err(Errno::EINVAL));
        let again = sys.mq_open(b"/nonblock", OpenFlags::O_WRONLY | OpenFlags::O_NONBLOCK, 0, None).await.unwrap();
        assert_eq!(sys.mq_send(again, b"z", 0).await, Err(Errno::EAGAIN));
        sys.mq_unlink(b"/nonblock").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_descriptor_of_a_queue_is_one_like_others() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/descriptor", 2).await;
        // As on Linux, it is closed on exec without being asked.
        assert_eq!(sys.fcntl(queue, FcntlCommand::F_GETFD, 0).await, Ok(DescriptorFlags::FD_CLOEXEC.bits().into()));
        assert_eq!(sys.fcntl(queue, FcntlCommand::F_GETFL, 0).await, Ok(OpenFlags::O_RDWR.bits().into()));
        let high = sys.fcntl(queue, FcntlCommand::F_DUPFD, 20).await.unwrap();
        assert_eq!(high, 20);
        sys.close(queue).await.unwrap();
        assert_eq!(sys.mq_getattr(queue).await, Err(Errno::EBADF));
        sys.mq_send(Fd(20), b"through the copy", 1).await.unwrap();
        assert_eq!(receive(sys, Fd(20)).await, "through the copy@1");
        assert_eq!(sys.fcntl(Fd(20), FcntlCommand::F_GETPIPE_SZ, 0).await, Err(Errno::EBADF));
        sys.mq_unlink(b"/descriptor").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_queue_outlives_its_processes_and_an_unlinked_one_its_name() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let queue = queue(sys, b"/lives", 2).await;
            sys.mq_send(queue, b"left behind", 4).await.unwrap();
        })
        .await;
        join(sys, child).await;
        let old = sys.mq_open(b"/lives", OpenFlags::O_RDWR, 0, None).await.unwrap();
        sys.mq_unlink(b"/lives").await.unwrap();
        assert_eq!(sys.mq_open(b"/lives", OpenFlags::O_RDWR, 0, None).await, Err(Errno::ENOENT));
        assert_eq!(sys.mq_unlink(b"/lives").await, Err(Errno::ENOENT));
        let new = queue(sys, b"/lives", 5).await;
        assert_eq!(receive(sys, old).await, "left behind@4");
        sys.mq_send(old, b"still there", 0).await.unwrap();
        assert_eq!(sys.mq_getattr(new).await.unwrap().curmsgs, 0);
        let child = fork(sys, async move |sys| assert_eq!(receive(sys, old).await, "still there@0")).await;
        join(sys, child).await;
        sys.mq_send(old, b"goes with it", 0).await.unwrap();
        sys.close(old).await.unwrap();
        sys.mq_unlink(b"/lives").await.unwrap();
        0
    })
    .succeeds();
}

/// Children that block in this one after the other.
async fn blocked(sys: Sys, count: u32, what: impl AsyncFn(Sys, u32)) -> Vec<Pid> {
    let mut children = Vec::new();
    for number in 0..count {
        let child = fork(sys, async |sys| what(sys, number).await).await;
        until_state(sys, child, 'S').await;
        children.push(child);
    }
    children
}

#[test]
fn receivers_are_served_first_come_first_served() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/receivers", 2).await;
        let got = map_shared(sys, 1).await;
        let children = blocked(sys, 4, async |sys, number| {
            let (bytes, _) = sys.mq_receive(queue, 16).await.unwrap();
            sys.store::<u8>(got + u64::from(number), bytes[0]).await;
        })
        .await;
        // More than the queue holds, without waiting: each goes straight to a receiver, whatever its priority.
        for (byte, priority) in [(b'a', 0), (b'b', 9), (b'c', 5), (b'd', 7)] {
            sys.mq_send(queue, &[byte], priority).await.unwrap();
            assert_eq!(sys.mq_getattr(queue).await.unwrap().curmsgs, 0);
        }
        for child in children {
            join(sys, child).await;
        }
        let mut bytes = [0; 4];
        sys.load_bytes(got, &mut bytes).await;
        assert_eq!(&bytes, b"abcd");
        sys.mq_unlink(b"/receivers").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn senders_are_served_first_come_first_served() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/senders", 1).await;
        sys.mq_send(queue, b"first", 0).await.unwrap();
        let children = blocked(sys, 4, async |sys, number| {
            // The last one is the most urgent, but it came last.
            sys.mq_send(queue, &[b'a' + number as u8], number).await.unwrap();
        })
        .await;
        assert_eq!(receive(sys, queue).await, "first@0");
        for expected in ["a@0", "b@1", "c@2", "d@3"] {
            // The room was taken at once.
            assert!(sys.mq_getattr(queue).await.unwrap().curmsgs == 1);
            assert_eq!(receive(sys, queue).await, expected);
        }
        for child in children {
            join(sys, child).await;
        }
        sys.mq_unlink(b"/senders").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn waiting_ends_at_a_point_in_time() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/times", 1).await;
        let until = after_us(sys, 50_000).await;
        assert_eq!(sys.mq_timedreceive(queue, 16, until).await, Err(Errno::ETIMEDOUT));
        assert!(sys.clock_gettime(ClockId::CLOCK_REALTIME).await.unwrap().to_us() >= until.to_us());
        // What has passed, or is 0, doesn't matter as long as nobody has to wait.
        sys.mq_timedsend(queue, b"x", 0, until).await.unwrap();
        assert_eq!(sys.mq_timedsend(queue, b"y", 0, Timespec::default()).await, Err(Errno::ETIMEDOUT));
        let until = after_us(sys, 50_000).await;
        assert_eq!(sys.mq_timedsend(queue, b"y", 0, until).await, Err(Errno::ETIMEDOUT));
        assert_eq!(sys.mq_timedreceive(queue, 16, Timespec::default()).await, Ok((b"x".to_vec(), 0)));
        // A time that is none is refused in any case, and before all else.
        for bad in [(-1, 0), (0, -1), (0, 1_000_000_000)] {
            let bad = Timespec { sec: bad.0, nsec: bad.1 };
            assert_eq!(sys.mq_timedsend(queue, b"z", 0, bad).await, Err(Errno::EINVAL));
            assert_eq!(sys.mq_timedreceive(Fd(40), 16, bad).await, Err(Errno::EINVAL));
        }
        assert_eq!(sys.mq_getattr(queue).await.unwrap().curmsgs, 0);
        sys.mq_unlink(b"/times").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn whose_time_is_over_leaves_the_middle_of_a_queue() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/middle", 1).await;
        let until = after_us(sys, 200_000).await;
        let children = blocked(sys, 3, async |sys, number| match number {
            1 => assert_eq!(sys.mq_timedreceive(queue, 16, until).await, Err(Errno::ETIMEDOUT)),
            _ => assert_eq!(receive(sys, queue).await, format!("for {number}@0")),
        })
        .await;
        join(sys, children[1]).await;
        sys.mq_send(queue, b"for 0", 0).await.unwrap();
        sys.mq_send(queue, b"for 2", 0).await.unwrap();
        join(sys, children[0]).await;
        join(sys, children[2]).await;
        sys.mq_unlink(b"/middle").await.unwrap();
        0
    })
    .succeeds();
}

handlers! { HANDLERS: ON_SIGNAL = on_signal; }

async fn on_signal(sys: Sys, _: SigInfo) {
    print!(sys, "!").await;
}

#[test]
fn a_caught_signal_interrupts_both_or_restarts_them() {
    program(&|sys, _| async move {
        let (empty, full) = (queue(sys, b"/empty", 1).await, queue(sys, b"/full", 1).await);
        sys.mq_send(full, b"full", 0).await.unwrap();
        let children = blocked(sys, 4, async |sys, number| {
            let action = Action::catch(ON_SIGNAL);
            let flags = if number < 2 { SigActionFlags::empty() } else { SigActionFlags::SA_RESTART };
            sys.sigaction(Signal::SIGUSR1, Some(action.with_flags(flags))).await.unwrap();
            match number {
                0 => assert_eq!(sys.mq_receive(empty, 16).await, Err(Errno::EINTR)),
                1 => assert_eq!(sys.mq_send(full, b"never", 0).await, Err(Errno::EINTR)),
                2 => assert_eq!(receive(sys, empty).await, "for the patient@0"),
                _ => assert_eq!(sys.mq_send(full, b"later", 0).await, Ok(())),
            }
        })
        .await;
        for &child in &children {
            sys.kill(child, Some(Signal::SIGUSR1)).await.unwrap();
        }
        join(sys, children[0]).await;
        join(sys, children[1]).await;
        sys.mq_send(empty, b"for the patient", 0).await.unwrap();
        assert_eq!(receive(sys, full).await, "full@0");
        assert_eq!(receive(sys, full).await, "later@0");
        join(sys, children[2]).await;
        join(sys, children[3]).await;
        sys.mq_unlink(b"/empty").await.unwrap();
        sys.mq_unlink(b"/full").await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .prints("!!!!");
}

#[test]
fn whoever_is_killed_while_it_waits_has_sent_and_received_nothing() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/killed", 1).await;
        sys.mq_send(queue, b"before", 0).await.unwrap();
        let children = blocked(sys, 2, async |sys, number| {
            sys.mq_send(queue, &[b'a' + number as u8], 0).await.unwrap();
        })
        .await;
        sys.kill(children[0], Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, children[0], signaled(Signal::SIGKILL)).await;
        assert_eq!(receive(sys, queue).await, "before@0");
        assert_eq!(receive(sys, queue).await, "b@0");
        join(sys, children[1]).await;
        let children = blocked(sys, 2, async |sys, _| assert_eq!(receive(sys, queue).await, "after@0")).await;
        sys.kill(children[0], Some(Signal::SIGKILL)).await.unwrap();
        ends(sys, children[0], signaled(Signal::SIGKILL)).await;
        sys.mq_send(queue, b"after", 0).await.unwrap();
        join(sys, children[1]).await;
        sys.mq_unlink(b"/killed").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn whoever_is_stopped_while_it_waits_stands_last_when_it_goes_on() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/stopped", 1).await;
        let got = map_shared(sys, 1).await;
        let children = blocked(sys, 2, async |sys, number| {
            let (bytes, _) = sys.mq_receive(queue, 16).await.unwrap();
            sys.store::<u8>(got + u64::from(number), bytes[0]).await;
        })
        .await;
        sys.kill(children[0], Some(Signal::SIGSTOP)).await.unwrap();
        until_state(sys, children[0], 'T').await;
        sys.kill(children[0], Some(Signal::SIGCONT)).await.unwrap();
        until_state(sys, children[0], 'S').await;
        sys.mq_send(queue, b"1", 0).await.unwrap();
        sys.mq_send(queue, b"2", 0).await.unwrap();
        for child in children {
            join(sys, child).await;
        }
        let mut bytes = [0; 2];
        sys.load_bytes(got, &mut bytes).await;
        assert_eq!(&bytes, b"21");
        sys.mq_unlink(b"/stopped").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_bad_address_for_the_result_is_noticed_when_the_message_is_gone() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/efault", 3).await;
        for text in ["1", "2", "3"] {
            sys.mq_send(queue, text.as_bytes(), 0).await.unwrap();
        }
        let page = map(sys, 2).await;
        sys.munmap(page + PAGE, PAGE as usize).await.unwrap();
        let receive_to = |address: u64, priority: u64| {
            let (message, priority) = (OutBytes(address), Out::at(priority));
            sys.raw().mq_timedreceive(queue, message, Length(16), priority, In::NULL)
        };
        assert_eq!(receive_to(8, page).await, Err(Errno::EFAULT));
        assert_eq!(receive_to(page, 8).await, Err(Errno::EFAULT));
        assert_eq!(receive_to(page, 0).await, Ok(1));
        assert_eq!(sys.load::<u8>(page).await, b'3');
        assert_eq!(sys.mq_getattr(queue).await.unwrap().curmsgs, 0);
        // What is to be sent is read before anything happens; of no bytes none is.
        let send_from =
            |address: u64, length: u64| sys.raw().mq_timedsend(queue, InBytes(address), Length(length), 0, In::NULL);
        assert_eq!(send_from(page + PAGE - 8, 16).await, Err(Errno::EFAULT));
        assert_eq!(send_from(8, 0).await, Ok(0));
        assert_eq!(sys.mq_getattr(queue).await.unwrap().curmsgs, 1);
        sys.mq_unlink(b"/efault").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_message_for_who_waits_arrives_wherever_it_and_its_priority_lie() {
    program(&|sys, _| async move {
        let queue = queue(sys, b"/places", 1).await;
        let (private, shared) = (map(sys, 3).await, map_shared(sys, 3).await);
        // Pages that nobody has touched; the end of a page; a page that sender and receiver share, where the places overlap or the
        // priority lies in the message that is sent.
        let places = [
            (private, private + 16),
            (private + PAGE - 8, private + 2 * PAGE),
            (private, private + 2 * PAGE - 2),
            (private, 0),
            (private + 4, private),
            (shared, shared + 64),
            (shared + 104, shared + 96),
            (shared + PAGE, shared + 104),
            (private, shared + 104),
            (shared + PAGE - 8, private),
        ];
        for (number, (buffer, priority)) in places.into_iter().enumerate() {
            for touched in [false, true] {
                let child = blocked(sys, 1, async |sys, _| {
                    if touched {
                        for page in 0..3 {
                            sys.store(private + page * PAGE, 0_u8).await;
                        }
                    }
                    let (to, urgency) = (OutBytes(buffer), Out::at(priority));
                    let length = sys.raw().mq_timedreceive(queue, to, Length(16), urgency, In::NULL).await;
                    let mut message = [0; 16];
                    sys.load_bytes(buffer, &mut message).await;
                    assert_eq!((length, &message), (Ok(16), b"0123456789abcdef"), "{number}");
                    if priority != 0 {
                        let mut urgency = [0; 4];
                        sys.load_bytes(priority, &mut urgency).await;
                        assert_eq!(u32::from_le_bytes(urgency), 77, "{number}");
                    }
                })
                .await;
                sys.store_bytes(shared + 96, b"0123456789abcdef").await;
                let message = InBytes(shared + 96);
                assert_eq!(sys.raw().mq_timedsend(queue, message, Length(16), 77, In::NULL).await, Ok(0));
                join(sys, child[0]).await;
            }
        }
        sys.mq_unlink(b"/places").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn attributes_are_within_limits_for_everybody() {
    program(&|sys, _| async move {
        for (messages, bytes) in [(0, 8), (-1, 8), (11, 8), (1, 0), (1, -1), (1, 8193), (i64::MAX, i64::MAX)] {
            let opened = sys.mq_open(b"/limits", CREATE, 0o600, holding(messages, bytes)).await;
            assert_eq!(opened, Err(Errno::EINVAL), "{messages} messages of {bytes} bytes");
        }
        let queue = sys.mq_open(b"/limits", CREATE, 0o600, holding(10, 8192)).await.unwrap();
        // Nobody looks at those of a queue that exists.
        let again = sys.mq_open(b"/limits", OpenFlags::O_CREAT, 0o600, holding(-1, -1)).await.unwrap();
        assert_eq!(sys.mq_getattr(again).await, sys.mq_getattr(queue).await);
        sys.mq_unlink(b"/limits").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_user_has_so_many_bytes_in_queues() {
    program(&|sys, _| async move {
        let limit = Rlimit { cur: 1000, max: 1000 };
        sys.setrlimit(Resource::RLIMIT_MSGQUEUE, limit).await.unwrap();
        // Each message counts 96 bytes besides its own.
        assert_eq!(sys.mq_open(b"/a", CREATE, 0o600, holding(2, 405)).await, Err(Errno::EMFILE));
        let first = sys.mq_open(b"/a", CREATE, 0o600, holding(4, 104)).await.unwrap();
        assert_eq!(sys.mq_open(b"/b", CREATE, 0o600, holding(2, 5)).await, Err(Errno::EMFILE));
        sys.mq_open(b"/b", CREATE, 0o600, holding(2, 4)).await.unwrap();
        assert_eq!(sys.mq_open(b"/c", CREATE, 0o600, holding(1, 1)).await, Err(Errno::EMFILE));
        // Another user has bytes of its own, and what was made counts for who made it.
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            sys.mq_open(b"/c", CREATE, 0o600, holding(4, 104)).await.unwrap();
            assert_eq!(sys.mq_open(b"/d", CREATE, 0o600, holding(4, 104)).await, Err(Errno::EMFILE));
        })
        .await;
        join(sys, child).await;
        sys.mq_unlink(b"/a").await.unwrap();
        assert_eq!(sys.mq_open(b"/d", CREATE, 0o600, holding(4, 104)).await, Err(Errno::EMFILE));
        sys.close(first).await.unwrap();
        sys.mq_open(b"/d", CREATE, 0o600, holding(4, 104)).await.unwrap();
        for name in [b"/b", b"/c", b"/d"] {
            sys.mq_unlink(name).await.unwrap();
        }
        0
    })
    .succeeds();
}

#[test]
fn a_full_table_of_descriptors_refuses_a_queue() {
    program(&|sys, _| async move {
        queue(sys, b"/full", 1).await;
        while sys.dup(Fd(0)).await.is_ok() {}
        assert_eq!(sys.mq_open(b"/full", OpenFlags::O_RDWR, 0, None).await, Err(Errno::EMFILE));
        // The name is read before, and nothing is made.
        assert_eq!(sys.mq_open(b"/", CREATE, 0o600, None).await, Err(Errno::ENOENT));
        assert_eq!(sys.mq_open(b"/another", CREATE, 0o600, None).await, Err(Errno::EMFILE));
        sys.close(Fd(5)).await.unwrap();
        assert_eq!(sys.mq_open(b"/another", OpenFlags::O_RDWR, 0, None).await, Err(Errno::ENOENT));
        sys.mq_unlink(b"/full").await.unwrap();
        0
    })
    .succeeds();
}
