//! `fork(2)`: two processes where there was one.

use abi::WaitStatus;
use harness::{fork, join, program};
use userland::sys::Forked;

#[test]
fn it_returns_the_child_s_id_to_the_parent_and_0_to_the_child() {
    program(&|sys, _| async move {
        let me = sys.getpid().await;
        match sys.fork().await {
            Ok(Forked::Child) => {
                assert_eq!(sys.getppid().await, me);
                assert_ne!(sys.getpid().await, me);
                4
            }
            Ok(Forked::Parent(child)) => {
                assert_eq!(sys.wait().await, Ok((child, WaitStatus::Exited(4))));
                0
            }
            Err(errno) => panic!("{errno}"),
        }
    })
    .succeeds();
}

#[test]
fn a_child_of_a_child() {
    program(&|sys, _| async move {
        let child = fork(sys, async |sys| {
            let grandchild = fork(sys, async |_| ()).await;
            join(sys, grandchild).await;
        })
        .await;
        join(sys, child).await;
        0
    })
    .succeeds();
}
