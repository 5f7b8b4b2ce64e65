//! Names of POSIX message queues: what `mq_open` and `mq_unlink` refuse, and queues as files in `/dev/mqueue`.

use abi::{AT_FDCWD, AtFlags, Errno, Fd, Layout, MqAttr, OpenFlags, Out, Path, S_IFMT, S_IFREG, Signal, Stat};
use harness::{fork, join, map, program};
use userland::Sys;
use userland::sys::{Mqd, Notify};

const CREATE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);
const EXCLUSIVE: OpenFlags = CREATE.union(OpenFlags::O_EXCL);
const SMALL: Option<MqAttr> = Some(MqAttr { flags: 0, maxmsg: 2, msgsize: 16, curmsgs: 0, rest: [0; 4] });

async fn make(sys: Sys, name: &[u8], mode: u32) -> Mqd {
    sys.mq_open(name, CREATE, mode, SMALL).await.unwrap()
}

#[test]
fn a_name_is_a_slash_and_what_a_file_may_be_called() {
    program(&|sys, _| async move {
        let long = [b"/".as_slice(), &[b'x'; 256]].concat();
        let longest = &long[..256];
        let refused: [(&[u8], Errno); 8] = [
            (b"no-slash", Errno::EINVAL),
            (b"", Errno::EINVAL),
            (b"/", Errno::ENOENT),
            (b"//two", Errno::EACCES),
            (b"/two/parts", Errno::EACCES),
            (b"/.", Errno::EACCES),
            (b"/..", Errno::EACCES),
            (&long, Errno::ENAMETOOLONG),
        ];
        for (name, errno) in refused {
            assert_eq!(sys.mq_open(name, CREATE, 0o600, SMALL).await, Err(errno));
            assert_eq!(sys.mq_unlink(name).await, Err(errno));
        }
        assert_eq!(sys.mq_open(longest, OpenFlags::O_RDWR, 0, None).await, Err(Errno::ENOENT));
        make(sys, longest, 0o600).await;
        assert_eq!(sys.mq_unlink(longest).await, Ok(()));
        assert_eq!(sys.mq_unlink(longest).await, Err(Errno::ENOENT));
        // Much longer than any path.
        let page = map(sys, 2).await;
        sys.store_bytes(page, &[b'x'; 5000]).await;
        assert_eq!(sys.raw().mq_unlink(Path(page)).await, Err(Errno::ENAMETOOLONG));
        0
    })
    .succeeds();
}

#[test]
fn o_excl_wants_a_new_queue() {
    program(&|sys, _| async move {
        assert_eq!(sys.mq_open(b"/new", OpenFlags::O_RDWR | OpenFlags::O_EXCL, 0o600, SMALL).await, Err(Errno::ENOENT));
        sys.mq_open(b"/new", EXCLUSIVE, 0o600, SMALL).await.unwrap();
        assert_eq!(sys.mq_open(b"/new", EXCLUSIVE, 0o600, SMALL).await, Err(Errno::EEXIST));
        // Without O_CREAT it has no meaning.
        sys.mq_open(b"/new", OpenFlags::O_RDWR | OpenFlags::O_EXCL, 0o600, SMALL).await.unwrap();
        // An access mode that is none is refused only for a queue that exists, as on Linux; it allows nothing.
        let neither = OpenFlags::from_bits_retain(3);
        assert_eq!(sys.mq_open(b"/new", neither, 0, None).await, Err(Errno::EINVAL));
        let odd = sys.mq_open(b"/odd", neither | OpenFlags::O_CREAT, 0o600, SMALL).await.unwrap();
        assert_eq!(sys.mq_send(odd, b"x", 0).await, Err(Errno::EBADF));
        assert_eq!(sys.mq_receive(odd, 16).await, Err(Errno::EBADF));
        sys.mq_unlink(b"/new").await.unwrap();
        sys.mq_unlink(b"/odd").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn modes_owners_and_the_umask_say_who_may_open() {
    program(&|sys, _| async move {
        sys.umask(0o022).await;
        make(sys, b"/all", 0o666).await;
        make(sys, b"/mine", 0o600).await;
        make(sys, b"/group", 0o620).await;
        let child = fork(sys, async |sys| {
            sys.setgid(1000).await.unwrap();
            sys.setuid(1000).await.unwrap();
            // The umask has left others the right to receive.
            sys.mq_open(b"/all", OpenFlags::empty(), 0, None).await.unwrap();
            for flags in [OpenFlags::O_WRONLY, OpenFlags::O_RDWR] {
                assert_eq!(sys.mq_open(b"/all", flags, 0, None).await, Err(Errno::EACCES));
            }
            for flags in [OpenFlags::empty(), OpenFlags::O_WRONLY, CREATE] {
                assert_eq!(sys.mq_open(b"/mine", flags, 0, None).await, Err(Errno::EACCES));
            }
            assert_eq!(sys.mq_open(b"/mine", EXCLUSIVE, 0, None).await, Err(Errno::EEXIST));
            // The directory is sticky: Linux says EPERM, where POSIX says EACCES.
            assert_eq!(sys.mq_unlink(b"/all").await, Err(Errno::EPERM));
            // Who makes a queue has it open as asked for, whatever its mode.
            let own = sys.mq_open(b"/own", CREATE, 0, SMALL).await.unwrap();
            sys.mq_send(own, b"x", 0).await.unwrap();
            assert_eq!(sys.mq_open(b"/own", OpenFlags::empty(), 0, None).await, Err(Errno::EACCES));
            sys.mq_unlink(b"/own").await.unwrap();
        })
        .await;
        join(sys, child).await;
        for name in [b"/all".as_slice(), b"/mine", b"/group"] {
            sys.mq_unlink(name).await.unwrap();
        }
        0
    })
    .succeeds();
}

#[test]
fn a_queue_is_a_file_in_dev_mqueue() {
    program(&|sys, _| async move {
        let queue = make(sys, b"/file", 0o640).await;
        sys.mq_send(queue, b"hello", 7).await.unwrap();
        let page = map(sys, 1).await;
        let (file, directory, known) = (Path(page), Path(page + 64), page + 128);
        sys.store_bytes(file.0, b"/dev/mqueue/file\0").await;
        sys.store_bytes(directory.0, b"/dev/mqueue\0").await;
        sys.raw().newfstatat(AT_FDCWD, file, Out::at(known), AtFlags::empty()).await.unwrap();
        let mut bytes = [0; Stat::SIZE];
        sys.load_bytes(known, &mut bytes).await;
        let stat = Stat::load(&bytes);
        assert_eq!((stat.mode & S_IFMT, stat.mode & 0o7777, stat.size, stat.nlink), (S_IFREG, 0o640, 80, 1));
        let opened = sys.raw().openat(AT_FDCWD, file, OpenFlags::O_RDWR, 0).await.unwrap();
        let opened = Fd(opened as i32);
        let mut line = [0; 100];
        // The size of the file, and not that of the line.
        assert_eq!(sys.readable_bytes(opened).await, Ok(80));
        let length = sys.read(opened, &mut line).await.unwrap();
        assert_eq!(sys.readable_bytes(opened).await, Ok(80 - length));
        let text = "QSIZE:5          NOTIFY:0     SIGNO:0     NOTIFY_PID:0     \n";
        assert_eq!(str::from_utf8(&line[..length]), Ok(text));
        assert_eq!(sys.read(opened, &mut line).await, Ok(0));
        // What was opened so is the queue.
        sys.mq_notify(queue, Some(Notify::Signal(Signal::SIGUSR1, 0))).await.unwrap();
        assert_eq!(sys.mq_receive(opened, 16).await, Ok((b"hello".to_vec(), 7)));
        let length = sys.read(queue, &mut line).await.unwrap();
        let text = format!("QSIZE:0          NOTIFY:0     SIGNO:10    NOTIFY_PID:{:<6}\n", sys.getpid().await.0);
        assert_eq!(str::from_utf8(&line[..length]), Ok(text.as_str()));
        // Its directory stays where it is.
        assert_eq!(sys.raw().unlinkat(AT_FDCWD, directory, AtFlags::AT_REMOVEDIR).await, Err(Errno::EBUSY));
        sys.raw().unlinkat(AT_FDCWD, file, AtFlags::empty()).await.unwrap();
        assert_eq!(sys.mq_open(b"/file", OpenFlags::O_RDWR, 0, None).await, Err(Errno::ENOENT));
        0
    })
    .succeeds();
}

/// As on Linux, where they have a file system of their own, in which nothing else can be made.
#[test]
fn only_queues_live_among_queues() {
    program(&|sys, _| async move {
        make(sys, b"/q", 0o600).await;
        sys.mkfifo(b"/f", 0o600).await.unwrap();
        sys.mkdir(b"/d", 0o700).await.unwrap();
        let (queue, other) = (&b"/dev/mqueue/q"[..], &b"/dev/mqueue/r"[..]);
        assert_eq!(sys.mkdir(other, 0o700).await, Err(Errno::EPERM));
        assert_eq!(sys.mkdir(queue, 0o700).await, Err(Errno::EEXIST));
        assert_eq!(sys.mkfifo(other, 0o600).await, Err(Errno::EPERM));
        for (old, new, errno) in [
            (queue, other, Errno::EPERM),
            (queue, b"/r", Errno::EXDEV),
            (b"/f", other, Errno::EXDEV),
            (queue, b"/f", Errno::EXDEV),
        ] {
            assert_eq!(sys.rename(old, new).await, Err(errno), "rename {old:?} {new:?}");
            let errno = if new == b"/f" { Errno::EEXIST } else { errno };
            assert_eq!(sys.link(old, new).await, Err(errno), "link {old:?} {new:?}");
        }
        assert_eq!(sys.rename(b"/d", other).await, Err(Errno::EXDEV));
        assert_eq!(sys.rename(queue, queue).await, Ok(()));
        assert_eq!(sys.mq_unlink(b"/q").await, Ok(()));
        sys.unlink(b"/f").await.unwrap();
        sys.rmdir(b"/d").await.unwrap();
        0
    })
    .succeeds();
}
