//! A signal that arrives when a `read` has just succeeded with data.

use abi::{Errno, SigActionFlags, SigInfo, Signal};
use harness::signals::{handled, note_signal, realtime, share_notes};
use harness::{fork, join, program};
use userland::sys::Action;
use userland::{Args, Sys, handlers};

use super::outcomes;

handlers! { HANDLERS: READS_TOO = reads_too; }

const SIGNAL: Signal = realtime(0);

/// Uses the place on the stack to which the interrupted call was given its data, and more of it.
async fn reads_too(sys: Sys, info: SigInfo) {
    let (read, write) = sys.pipe().await.unwrap();
    sys.write(write, &[b'x'; 16]).await.unwrap();
    let mut bytes = [0; 16];
    assert_eq!(sys.read(read, &mut bytes).await, Ok(16));
    assert_eq!(bytes, [b'x'; 16]);
    sys.close(read).await.unwrap();
    sys.close(write).await.unwrap();
    note_signal(sys, info).await;
}

async fn reader(sys: Sys, args: Args) -> i32 {
    share_notes(sys).await;
    let flags = if args.text(1) == "restart" { SigActionFlags::SA_RESTART } else { SigActionFlags::empty() };
    sys.sigaction(SIGNAL, Some(Action::catch(READS_TOO).with_flags(flags))).await.unwrap();
    let me = sys.getpid().await;
    let (read, write) = sys.pipe().await.unwrap();
    let writer = fork(sys, async |sys| {
        for word in [b"one.", b"two."] {
            sys.write(write, word).await.unwrap();
            sys.kill(me, Some(SIGNAL)).await.unwrap();
        }
    })
    .await;
    sys.close(write).await.unwrap();
    let mut all = Vec::new();
    loop {
        let mut bytes = [0; 8];
        match sys.read(read, &mut bytes).await {
            Ok(0) => break,
            Ok(count) => all.extend_from_slice(&bytes[..count]),
            Err(errno) => assert_eq!((errno, flags.is_empty()), (Errno::EINTR, true)),
        }
    }
    assert_eq!(all, b"one.two.");
    assert_eq!(handled(sys, SIGNAL).await, 2);
    join(sys, writer).await;
    0
}

#[test]
fn what_was_read_is_there_after_the_handler() {
    for flags in ["none", "restart"] {
        outcomes(program(&reader).handlers(HANDLERS).argument(flags), [""]);
    }
}
