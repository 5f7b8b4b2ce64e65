//! POSIX message queues.

use abi::{Errno, MqAttr, OpenFlags, Resource, Rlimit};
use kernel::limits::*;
use userland::{Args, Sys};

use super::bystander::Bystander;

/// Flags and attributes of a new message queue.
pub(super) const QUEUE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);

pub(super) fn holding(messages: usize, bytes: usize) -> Option<MqAttr> {
    Some(MqAttr { maxmsg: messages as i64, msgsize: bytes as i64, ..MqAttr::default() })
}

pub(super) async fn mqueues(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let name = |number: usize| format!("/{number}").into_bytes();
    let mut made = 0;
    loop {
        match sys.mq_open(&name(made), QUEUE, 0o600, holding(1, 1)).await {
            Ok(queue) => sys.close(queue).await.expect("it is open"),
            Err(errno) => {
                assert_eq!(errno, Errno::ENOSPC);
                break;
            }
        }
        made += 1;
    }
    if made < MQUEUES {
        assert!(INODES.min(NAMES) - made < 20);
        println!("INODES is met before MQUEUES");
    }
    bystander.goes_on(sys).await;
    sys.mq_unlink(&name(0)).await.expect("it is there");
    sys.mq_open(&name(made), QUEUE, 0o600, holding(1, 1)).await.expect("there is room again");
    for number in 1..=made {
        sys.mq_unlink(&name(number)).await.expect("it is there");
    }
    bystander.end(sys).await;
    0
}

pub(super) async fn mqueue_messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let none = sys.setrlimit(Resource::RLIMIT_MSGQUEUE, Rlimit { cur: u64::MAX, max: u64::MAX }).await;
    none.expect("init is privileged");
    for (messages, bytes) in [(MQUEUE_MESSAGES + 1, 1), (1, MQUEUE_MESSAGE_BYTES + 1)] {
        assert_eq!(sys.mq_open(b"/full", QUEUE, 0o600, holding(messages, bytes)).await, Err(Errno::EINVAL));
    }
    let attributes = holding(MQUEUE_MESSAGES, MQUEUE_MESSAGE_BYTES);
    let queue = sys.mq_open(b"/full", QUEUE | OpenFlags::O_NONBLOCK, 0o600, attributes).await.expect("there is room");
    sys.mq_unlink(b"/full").await.expect("it is there");
    for priority in 0..MQUEUE_MESSAGES {
        assert_eq!(sys.mq_send(queue, &vec![7; MQUEUE_MESSAGE_BYTES], priority as u32).await, Ok(()));
    }
    assert_eq!(sys.mq_send(queue, b"", 0).await, Err(Errno::EAGAIN));
    assert_eq!(sys.mq_send(queue, &vec![7; MQUEUE_MESSAGE_BYTES + 1], 0).await, Err(Errno::EMSGSIZE));
    bystander.goes_on(sys).await;
    let received = sys.mq_receive(queue, MQUEUE_MESSAGE_BYTES).await.map(|(bytes, priority)| (bytes.len(), priority));
    assert_eq!(received, Ok((MQUEUE_MESSAGE_BYTES, MQUEUE_MESSAGES as u32 - 1)));
    assert_eq!(sys.mq_send(queue, b"", 0).await, Ok(()));
    bystander.end(sys).await;
    0
}

pub(super) async fn mq_messages(sys: Sys, _: Args) -> i32 {
    let bystander = Bystander::new(sys).await;
    let none = sys.setrlimit(Resource::RLIMIT_MSGQUEUE, Rlimit { cur: u64::MAX, max: u64::MAX }).await;
    none.expect("init is privileged");
    let (mut sent, mut made) = (0, 0);
    let flags = QUEUE | OpenFlags::O_NONBLOCK;
    'queues: loop {
        let name = format!("/{made}").into_bytes();
        let queue = sys.mq_open(&name, flags, 0o600, holding(MQUEUE_MESSAGES, 1)).await.expect("there is room");
        made += 1;
        loop {
            match sys.mq_send(queue, b"", 0).await {
                Ok(()) => sent += 1,
                Err(Errno::EAGAIN) => break,
                Err(errno) => {
                    assert_eq!(errno, Errno::ENOMEM);
                    break 'queues;
                }
            }
        }
        sys.close(queue).await.expect("it is open");
    }
    assert_eq!(sent, MQ_MESSAGES);
    bystander.goes_on(sys).await;
    let first = sys.mq_open(b"/0", flags, 0, None).await.expect("it is there");
    sys.mq_receive(first, 1).await.expect("it is full");
    sys.mq_send(first, b"", 0).await.expect("there is room again");
    for number in 0..made {
        sys.mq_unlink(format!("/{number}").as_bytes()).await.expect("it is there");
    }
    bystander.end(sys).await;
    0
}
