//! `ftok(3)`: keys from names of files.

use abi::{Errno, IpcFlags};
use harness::{fork, join, program};
use userland::libc::ftok;

#[test]
fn a_file_and_a_number_make_a_key() {
    program(&|sys, _| async move {
        sys.mkfifo(b"/tmp/one", 0o600).await.unwrap();
        sys.mkfifo(b"/tmp/other", 0o600).await.unwrap();
        let stat = sys.stat(b"/tmp/one").await.unwrap();
        // As glibc puts it together; seen on a real machine: device 6, inode 4 and 'A' are 0x41060004.
        let low = (stat.dev as i32 & 0xff) << 16 | (stat.ino as i32 & 0xffff);
        assert_eq!(ftok(sys, b"/tmp/one", b'A'.into()).await, Ok(0x4100_0000 | low));
        assert_eq!(ftok(sys, b"/tmp/one", 0x1ff).await, Ok(0xff00_0000_u32 as i32 | low), "its low 8 bits count");
        assert_eq!(ftok(sys, b"/tmp/one", 0).await, Ok(low));
        assert_ne!(ftok(sys, b"/tmp/one", 1).await, ftok(sys, b"/tmp/other", 1).await);
        sys.link(b"/tmp/one", b"/tmp/same").await.unwrap();
        assert_eq!(ftok(sys, b"/tmp/one", 1).await, ftok(sys, b"/tmp/same", 1).await);
        assert_eq!(ftok(sys, b"/tmp/none", 1).await, Err(Errno::ENOENT));
        assert_eq!(ftok(sys, b"/tmp/one/x", 1).await, Err(Errno::ENOTDIR));
        for name in [&b"/tmp/one"[..], b"/tmp/other", b"/tmp/same"] {
            sys.unlink(name).await.unwrap();
        }
        0
    })
    .succeeds();
}

#[test]
fn processes_that_know_the_file_meet_at_the_key() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let key = ftok(sys, b"/dev/../tmp", b'q'.into()).await.unwrap();
            let queue = sys.msgget(key, IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o600)).await.unwrap();
            sys.msgsnd(queue, 1, b"met", abi::MsgFlags::empty()).await.unwrap();
        })
        .await;
        join(sys, child).await;
        let queue = sys.msgget(ftok(sys, b"/tmp", b'q'.into()).await.unwrap(), IpcFlags::empty()).await.unwrap();
        let mut text = [0; 3];
        assert_eq!(sys.msgrcv(queue, &mut text, 0, abi::MsgFlags::empty()).await, Ok((1, 3)));
        assert_eq!(&text, b"met");
        sys.msg_remove(queue).await.unwrap();
        0
    })
    .succeeds();
}
