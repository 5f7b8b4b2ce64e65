//! User and group ids: real, effective and saved (`credentials(7)`, `setresuid(2)`). Results as seen on Linux.

use abi::Errno::{EACCES, EINVAL, EPERM};
use abi::{IpcFlags, MsgCommand, Out};
use harness::{fork, join, program};
use userland::Sys;
use userland::sys::{Ids, UNCHANGED};

const ANY: u32 = UNCHANGED;

async fn user(sys: Sys) -> [u32; 3] {
    let Ids { real, effective, saved } = sys.getresuid().await.unwrap();
    assert_eq!((sys.getuid().await, sys.geteuid().await), (real, effective));
    [real, effective, saved]
}

async fn group(sys: Sys) -> [u32; 3] {
    let Ids { real, effective, saved } = sys.getresgid().await.unwrap();
    assert_eq!((sys.getgid().await, sys.getegid().await), (real, effective));
    [real, effective, saved]
}

#[test]
fn everything_starts_as_user_and_group_0() {
    program(&|sys, _| async move {
        assert_eq!((user(sys).await, group(sys).await), ([0; 3], [0; 3]));
        0
    })
    .succeeds();
}

#[test]
fn with_privilege_setuid_sets_all_three_for_ever() {
    program(&|sys, _| async move {
        assert_eq!(sys.setuid(ANY).await, Err(EINVAL));
        sys.setuid(1000).await.unwrap();
        assert_eq!(user(sys).await, [1000; 3]);
        assert_eq!(sys.setuid(0).await, Err(EPERM));
        assert_eq!(sys.setuid(1001).await, Err(EPERM));
        assert_eq!(sys.setuid(1000).await, Ok(()));
        0
    })
    .succeeds();
}

#[test]
fn privilege_can_be_put_aside_and_taken_again() {
    program(&|sys, _| async move {
        sys.setreuid(ANY, 1000).await.unwrap();
        assert_eq!(user(sys).await, [0, 1000, 1000]);
        assert_eq!(sys.setuid(1001).await, Err(EPERM));
        sys.setuid(0).await.unwrap();
        assert_eq!(user(sys).await, [0, 0, 1000]);
        0
    })
    .succeeds();
}

#[test]
fn without_privilege_setreuid_takes_what_linux_takes() {
    program(&|sys, _| async move {
        sys.setresuid(1, 2, 3).await.unwrap();
        assert_eq!(user(sys).await, [1, 2, 3]);
        sys.setreuid(2, ANY).await.unwrap();
        // The saved id follows the effective one when the real one is set.
        assert_eq!(user(sys).await, [2, 2, 2]);
        for (real, effective) in [(3, ANY), (ANY, 1), (1, 3)] {
            assert_eq!(sys.setreuid(real, effective).await, Err(EPERM));
        }
        assert_eq!(sys.setuid(2).await, Ok(()));
        assert_eq!(user(sys).await, [2, 2, 2]);
        0
    })
    .succeeds();
}

#[test]
fn the_saved_id_can_become_effective_but_setreuid_does_not_make_it_real() {
    program(&|sys, _| async move {
        sys.setresuid(1, 2, 3).await.unwrap();
        assert_eq!(sys.setreuid(3, ANY).await, Err(EPERM));
        assert_eq!(sys.setuid(3).await, Ok(()));
        assert_eq!(user(sys).await, [1, 3, 3]);
        assert_eq!(sys.setuid(1).await, Ok(()));
        assert_eq!(user(sys).await, [1, 1, 3]);
        assert_eq!(sys.setuid(2).await, Err(EPERM));
        0
    })
    .succeeds();
}

#[test]
fn setresuid_permutes_the_three_and_takes_nothing_else() {
    program(&|sys, _| async move {
        sys.setresuid(1, 2, 3).await.unwrap();
        for [real, effective, saved] in [[5, ANY, ANY], [ANY, 5, ANY], [ANY, ANY, 5], [1, 2, 0]] {
            assert_eq!(sys.setresuid(real, effective, saved).await, Err(EPERM));
            assert_eq!(user(sys).await, [1, 2, 3]);
        }
        sys.setresuid(3, 1, 2).await.unwrap();
        assert_eq!(user(sys).await, [3, 1, 2]);
        sys.setresuid(ANY, ANY, ANY).await.unwrap();
        assert_eq!(user(sys).await, [3, 1, 2]);
        sys.setresuid(2, 2, ANY).await.unwrap();
        assert_eq!(user(sys).await, [2, 2, 2]);
        0
    })
    .succeeds();
}

#[test]
fn seteuid_and_setegid_set_the_effective_id_alone() {
    program(&|sys, _| async move {
        sys.setresgid(4, 5, 6).await.unwrap();
        sys.setresuid(1, 2, 3).await.unwrap();
        for (uid, gid) in [(1, 4), (3, 6), (ANY, ANY), (9, 9)] {
            let expected = match uid {
                ANY => Err(EINVAL),
                9 => Err(EPERM),
                _ => Ok(()),
            };
            assert_eq!((sys.seteuid(uid).await, sys.setegid(gid).await), (expected, expected));
            let effective = if expected.is_ok() { (uid, gid) } else { (3, 6) };
            assert_eq!((user(sys).await, group(sys).await), ([1, effective.0, 3], [4, effective.1, 6]));
        }
        0
    })
    .succeeds();
}

#[test]
fn groups_follow_the_same_rules_judged_by_the_user() {
    program(&|sys, _| async move {
        assert_eq!(sys.setgid(ANY).await, Err(EINVAL));
        sys.setresgid(1, 2, 3).await.unwrap();
        assert_eq!(group(sys).await, [1, 2, 3]);
        // Still user 0.
        sys.setregid(9, ANY).await.unwrap();
        assert_eq!(group(sys).await, [9, 2, 2]);
        sys.setresgid(1, 2, 3).await.unwrap();
        sys.setuid(1000).await.unwrap();
        for [real, effective, saved] in [[5, ANY, ANY], [ANY, 0, ANY]] {
            assert_eq!(sys.setresgid(real, effective, saved).await, Err(EPERM));
        }
        assert_eq!(sys.setregid(3, ANY).await, Err(EPERM));
        assert_eq!(sys.setgid(9).await, Err(EPERM));
        sys.setgid(3).await.unwrap();
        assert_eq!(group(sys).await, [1, 3, 3]);
        sys.setregid(ANY, 1).await.unwrap();
        assert_eq!(group(sys).await, [1, 1, 3]);
        0
    })
    .succeeds();
}

#[test]
fn children_have_their_parent_s_ids() {
    program(&|sys, _| async move {
        sys.setresgid(4, 5, 6).await.unwrap();
        sys.setresuid(1, 2, 3).await.unwrap();
        let child = fork(sys, async |sys| {
            assert_eq!((user(sys).await, group(sys).await), ([1, 2, 3], [4, 5, 6]));
            sys.setresuid(1, 1, 1).await.unwrap();
        })
        .await;
        join(sys, child).await;
        assert_eq!(user(sys).await, [1, 2, 3]);
        0
    })
    .succeeds();
}

#[test]
fn the_effective_ids_decide_about_shared_objects() {
    program(&|sys, _| async move {
        let (key, create) = (77, IpcFlags::IPC_CREAT | IpcFlags::from_bits_retain(0o640));
        let id = sys.raw().msgget(key, create).await.unwrap();
        // Owner 0 and group 0, who may only read.
        for (user, group, read, write) in [
            ([1000, 0, 0], [9, 9, 9], true, true),
            ([0, 1000, 1000], [9, 0, 9], true, false),
            ([0, 1000, 0], [0, 9, 0], false, false),
        ] {
            let child = fork(sys, async |sys| {
                sys.setresgid(group[0], group[1], group[2]).await.unwrap();
                sys.setresuid(user[0], user[1], user[2]).await.unwrap();
                let may = async |mode| sys.raw().msgget(key, IpcFlags::from_bits_retain(mode)).await;
                assert_eq!(may(0o400).await, if read { Ok(id) } else { Err(EACCES) });
                assert_eq!(may(0o600).await, if write { Ok(id) } else { Err(EACCES) });
            })
            .await;
            join(sys, child).await;
        }
        sys.raw().msgctl(id as i32, MsgCommand::IPC_RMID, Out::NULL).await.unwrap();
        0
    })
    .seeds(1)
    .succeeds();
}

#[test]
fn umask_gives_the_former_and_keeps_nine_bits() {
    program(&|sys, _| async move {
        assert_eq!(sys.umask(0o7777).await, 0o022);
        assert_eq!(sys.umask(0).await, 0o777);
        let child = fork(sys, async |sys| assert_eq!(sys.umask(0o11).await, 0)).await;
        join(sys, child).await;
        assert_eq!(sys.umask(0o22).await, 0);
        0
    })
    .succeeds();
}
