//! System V message queues (`msgget(2)`, `msgop(2)`, `msgctl(2)`).

use abi::*;
use harness::{fork, join, map, program, until_state};
use userland::sys::Action;
use userland::{Sys, handlers};

const KEY: i32 = 0x5eed;
const WAIT: MsgFlags = MsgFlags::empty();
const NOWAIT: MsgFlags = MsgFlags::IPC_NOWAIT;

handlers! { HANDLERS:
    NOTHING = nothing;
}

async fn nothing(_: Sys, _: SigInfo) {}

async fn private(sys: Sys) -> i32 {
    sys.msgget(IPC_PRIVATE, IpcFlags::from_bits_retain(0o600)).await.unwrap()
}

async fn set_capacity(sys: Sys, id: i32, bytes: u64) {
    sys.msg_set(id, IpcPerm { mode: 0o600, ..IpcPerm::default() }, bytes).await.unwrap();
}

async fn receive(sys: Sys, id: i32, kind: i64, flags: MsgFlags) -> Result<(i64, Vec<u8>), Errno> {
    let mut text = [0; 64];
    sys.msgrcv(id, &mut text, kind, flags).await.map(|(kind, count)| (kind, text[..count].to_vec()))
}

#[test]
fn messages_are_selected_by_type() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        for (kind, text) in [(3, "c"), (2, "b1"), (5, "e"), (2, "b2"), (1, "a")] {
            sys.msgsnd(id, kind, text.as_bytes(), NOWAIT).await.unwrap();
        }
        let copied = receive(sys, id, 2, NOWAIT | MsgFlags::MSG_COPY).await;
        assert_eq!(copied, Ok((5, b"e".to_vec())), "by its place");
        assert_eq!(sys.msg_stat(id).await.unwrap().qnum, 5);
        assert_eq!(receive(sys, id, 2, NOWAIT).await, Ok((2, b"b1".to_vec())));
        assert_eq!(receive(sys, id, 3, NOWAIT | MsgFlags::MSG_EXCEPT).await, Ok((5, b"e".to_vec())));
        assert_eq!(receive(sys, id, -2, NOWAIT).await, Ok((1, b"a".to_vec())));
        assert_eq!(receive(sys, id, -2, NOWAIT).await, Ok((2, b"b2".to_vec())));
        assert_eq!(receive(sys, id, -2, NOWAIT).await, Err(Errno::ENOMSG));
        assert_eq!(receive(sys, id, 0, NOWAIT).await, Ok((3, b"c".to_vec())));
        assert_eq!(sys.msg_stat(id).await.unwrap().cbytes, 0);
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_large_message_arrives_whole_across_pages() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        let sent: Vec<u8> = (0..8192).map(|i| (i * 7 + (i >> 8)) as u8).collect();
        sys.msgsnd(id, 9, &sent, NOWAIT).await.unwrap();
        let mut text = vec![0; 8192];
        assert_eq!(sys.msgrcv(id, &mut text, 0, NOWAIT).await, Ok((9, 8192)));
        assert!(text == sent);
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn the_first_receiver_that_wants_a_message_is_handed_it() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        let mut children = Vec::new();
        for (kind, expected) in [(7, "seven"), (0, "one"), (0, "two")] {
            let child = fork(sys, async move |sys| {
                assert_eq!(receive(sys, id, kind, WAIT).await.unwrap().1, expected.as_bytes());
            })
            .await;
            until_state(sys, child, 'S').await;
            children.push(child);
        }
        for (kind, text) in [(1, "one"), (2, "two"), (7, "seven")] {
            sys.msgsnd(id, kind, text.as_bytes(), WAIT).await.unwrap();
            // Handed over: nobody else finds it.
            assert_eq!(receive(sys, id, 0, NOWAIT).await, Err(Errno::ENOMSG));
        }
        for child in children {
            join(sys, child).await;
        }
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn a_sender_waits_until_its_message_fits() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        set_capacity(sys, id, 10).await;
        sys.msgsnd(id, 1, b"12345678", WAIT).await.unwrap();
        assert_eq!(sys.msgsnd(id, 1, b"123", NOWAIT).await, Err(Errno::EAGAIN));
        let large = fork(sys, async move |sys| sys.msgsnd(id, 2, b"1234567890", WAIT).await.unwrap()).await;
        until_state(sys, large, 'S').await;
        let small = fork(sys, async move |sys| sys.msgsnd(id, 3, b"123", WAIT).await.unwrap()).await;
        until_state(sys, small, 'S').await;
        assert_eq!(receive(sys, id, 1, WAIT).await, Ok((1, b"12345678".to_vec())));
        // One of them goes first; each arrives once.
        let mut kinds = vec![receive(sys, id, 0, WAIT).await.unwrap().0, receive(sys, id, 0, WAIT).await.unwrap().0];
        kinds.sort();
        assert_eq!(kinds, [2, 3]);
        join(sys, large).await;
        join(sys, small).await;
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn removal_ends_every_wait_with_eidrm() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        set_capacity(sys, id, 1).await;
        sys.msgsnd(id, 1, b"x", WAIT).await.unwrap();
        let receiver = fork(sys, async move |sys| {
            assert_eq!(receive(sys, id, 2, WAIT).await, Err(Errno::EIDRM));
            assert_eq!(receive(sys, id, 2, WAIT).await, Err(Errno::EINVAL));
        })
        .await;
        let sender = fork(sys, async move |sys| {
            assert_eq!(sys.msgsnd(id, 1, b"y", WAIT).await, Err(Errno::EIDRM));
        })
        .await;
        until_state(sys, receiver, 'S').await;
        until_state(sys, sender, 'S').await;
        sys.msg_remove(id).await.unwrap();
        join(sys, receiver).await;
        join(sys, sender).await;
        0
    })
    .succeeds();
}

#[test]
fn a_handler_interrupts_both_whatever_sa_restart_says() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        set_capacity(sys, id, 1).await;
        sys.msgsnd(id, 1, b"x", WAIT).await.unwrap();
        for sends in [false, true] {
            let child = fork(sys, async move |sys| {
                let action = Action::catch(NOTHING).with_flags(SigActionFlags::SA_RESTART);
                sys.sigaction(Signal::SIGUSR1, Some(action)).await.unwrap();
                let ended = match sends {
                    true => sys.msgsnd(id, 1, b"y", WAIT).await,
                    false => receive(sys, id, 2, WAIT).await.map(drop),
                };
                assert_eq!(ended, Err(Errno::EINTR));
            })
            .await;
            until_state(sys, child, 'S').await;
            sys.kill(child, Some(Signal::SIGUSR1)).await.unwrap();
            join(sys, child).await;
        }
        assert_eq!(sys.msg_stat(id).await.unwrap().qnum, 1);
        sys.msg_remove(id).await.unwrap();
        0
    })
    .handlers(HANDLERS)
    .succeeds();
}

#[test]
fn calls_fail_as_their_pages_say() {
    program(&|sys, _| async move {
        let flags = IpcFlags::from_bits_retain;
        assert_eq!(sys.msgget(KEY, flags(0)).await, Err(Errno::ENOENT));
        let id = sys.msgget(KEY, IpcFlags::IPC_CREAT | flags(0o600)).await.unwrap();
        assert_eq!(sys.msgget(KEY, IpcFlags::IPC_CREAT | IpcFlags::IPC_EXCL).await, Err(Errno::EEXIST));
        for (what, kind, bytes) in [(-1, 1, 1), (id + 1, 1, 1), (id, 0, 1), (id, -1, 1), (id, 1, 8193)] {
            assert_eq!(sys.msgsnd(what, kind, &vec![0; bytes], NOWAIT).await, Err(Errno::EINVAL));
        }
        assert_eq!(receive(sys, -1, 0, NOWAIT).await, Err(Errno::EINVAL));
        assert_eq!(receive(sys, id + 1, 0, NOWAIT).await, Err(Errno::EINVAL));
        assert_eq!(receive(sys, id, 0, MsgFlags::MSG_COPY).await, Err(Errno::EINVAL), "it needs IPC_NOWAIT");
        let both = MsgFlags::MSG_COPY | MsgFlags::MSG_EXCEPT | NOWAIT;
        assert_eq!(receive(sys, id, 0, both).await, Err(Errno::EINVAL));
        assert_eq!(receive(sys, id, 0, NOWAIT).await, Err(Errno::ENOMSG));
        sys.msgsnd(id, 4, b"four", NOWAIT).await.unwrap();
        let mut short = [0; 3];
        assert_eq!(sys.msgrcv(id, &mut short, 0, NOWAIT).await, Err(Errno::E2BIG));
        assert_eq!(sys.msgrcv(id, &mut short, 0, NOWAIT | MsgFlags::MSG_NOERROR).await, Ok((4, 3)));
        let child = fork(sys, async move |sys| {
            sys.setuid(1000).await.unwrap();
            assert_eq!(sys.msgget(KEY, flags(0o600)).await, Err(Errno::EACCES));
            assert_eq!(sys.msgsnd(id, 1, b"x", NOWAIT).await, Err(Errno::EACCES));
            assert_eq!(receive(sys, id, 0, NOWAIT).await, Err(Errno::EACCES));
            assert_eq!(sys.msg_stat(id).await, Err(Errno::EACCES));
            assert_eq!(sys.msg_remove(id).await, Err(Errno::EPERM));
            assert_eq!(sys.msg_stat_slot(0).await.unwrap().0, id);
            let own = private(sys).await;
            let perm = IpcPerm { uid: 1000, mode: 0o600, ..IpcPerm::default() };
            assert_eq!(sys.msg_set(own, perm, 16385).await, Err(Errno::EPERM));
            sys.msg_set(own, perm, 16384).await.unwrap();
            sys.msg_remove(own).await.unwrap();
        })
        .await;
        join(sys, child).await;
        let command = MsgCommand(99);
        assert_eq!(sys.raw().msgctl(id, command, Out::NULL).await, Err(Errno::EINVAL));
        assert_eq!(sys.raw().msgctl(id, MsgCommand::IPC_SET, Out::NULL).await, Err(Errno::EFAULT));
        sys.msg_remove(id).await.unwrap();
        assert_eq!(sys.msg_remove(id).await, Err(Errno::EINVAL));
        0
    })
    .succeeds();
}

#[test]
fn a_bad_pointer_for_the_result_loses_the_message() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        let page = map(sys, 1).await;
        sys.store::<i64>(page, 1).await;
        sys.raw().msgsnd(id, In::at(page), Length(4), NOWAIT).await.unwrap();
        assert_eq!(sys.raw().msgsnd(id, In::at(8), Length(4), NOWAIT).await, Err(Errno::EFAULT));
        assert_eq!(sys.raw().msgrcv(id, Out::at(8), Length(4), 0, NOWAIT).await, Err(Errno::EFAULT));
        assert_eq!(sys.msg_stat(id).await.unwrap().qnum, 0);
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}

/// As seen on Linux: `MSG_NOERROR` shortens what is received, and no copy.
#[test]
fn a_copy_that_does_not_fit_is_einval_even_with_noerror() {
    program(&|sys, _| async move {
        let id = private(sys).await;
        sys.msgsnd(id, 1, b"abc", NOWAIT).await.unwrap();
        let copies = NOWAIT | MsgFlags::MSG_COPY;
        let mut small = [0; 2];
        assert_eq!(sys.msgrcv(id, &mut small, 0, copies | MsgFlags::MSG_NOERROR).await, Err(Errno::EINVAL));
        assert_eq!(sys.msgrcv(id, &mut small, 0, copies).await, Err(Errno::E2BIG));
        assert_eq!(receive(sys, id, 0, copies | MsgFlags::MSG_NOERROR).await, Ok((1, b"abc".to_vec())));
        assert_eq!(sys.msgrcv(id, &mut small, 0, NOWAIT | MsgFlags::MSG_NOERROR).await, Ok((1, 2)));
        sys.msg_remove(id).await.unwrap();
        0
    })
    .succeeds();
}
