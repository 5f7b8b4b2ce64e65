//! POSIX shared memory: lengths, mappings and their ends, reading and writing, and every error of its manual pages.

use abi::{Errno, FcntlCommand, Fd, Length, MapFlags, MsyncFlags, OpenFlags, OutBytes, Protection, Signal};
use harness::{PAGE, ends, fork, join, program, signaled};
use userland::Sys;

const CREATE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);
const BOTH: Protection = Protection::PROT_READ.union(Protection::PROT_WRITE);

/// An object of so many pages that has no name any more.
async fn object(sys: Sys, pages: u64) -> Fd {
    let object = sys.shm_open(b"/object", CREATE, 0o600).await.unwrap();
    sys.shm_unlink(b"/object").await.unwrap();
    sys.ftruncate(object, (pages * PAGE) as i64).await.unwrap();
    object
}

async fn mapped(sys: Sys, object: Fd, pages: u64, flags: MapFlags) -> u64 {
    sys.mmap_fd((pages * PAGE) as usize, BOTH, flags, object, 0).await.unwrap()
}

#[test]
fn processes_that_open_the_same_name_share_its_memory() {
    program(&|sys, _| async move {
        let object = sys.shm_open(b"/together", CREATE, 0o600).await.unwrap();
        assert_eq!(sys.fcntl(object, FcntlCommand::F_GETFD, 0).await, Ok(1));
        sys.ftruncate(object, 2 * PAGE as i64).await.unwrap();
        let here = mapped(sys, object, 2, MapFlags::MAP_SHARED).await;
        let child = fork(sys, async move |sys| {
            let other = sys.shm_open(b"together", OpenFlags::O_RDWR, 0).await.unwrap();
            let there = sys.mmap_fd(PAGE as usize, BOTH, MapFlags::MAP_SHARED, other, PAGE).await.unwrap();
            sys.store::<u32>(there, 77).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u32>(here + PAGE).await, 77);
        // A mapping outlives the descriptor and the name.
        sys.close(object).await.unwrap();
        sys.shm_unlink(b"/together").await.unwrap();
        assert_eq!(sys.shm_open(b"/together", OpenFlags::O_RDWR, 0).await, Err(Errno::ENOENT));
        assert_eq!(sys.load::<u32>(here + PAGE).await, 77);
        let child = fork(sys, async move |sys| sys.store::<u32>(here, 78).await).await;
        join(sys, child).await;
        assert_eq!(sys.load::<u32>(here).await, 78);
        0
    })
    .succeeds();
}

#[test]
fn a_private_mapping_keeps_what_it_writes_to_itself() {
    program(&|sys, _| async move {
        let object = object(sys, 2).await;
        let shared = mapped(sys, object, 2, MapFlags::MAP_SHARED).await;
        sys.store::<u32>(shared, 1).await;
        sys.store::<u32>(shared + PAGE, 2).await;
        let private = mapped(sys, object, 2, MapFlags::MAP_PRIVATE).await;
        assert_eq!(sys.load::<u32>(private).await, 1);
        sys.store::<u32>(private, 10).await;
        sys.store::<u32>(private + PAGE, 20).await;
        assert_eq!((sys.load::<u32>(shared).await, sys.load::<u32>(shared + PAGE).await), (1, 2));
        let child = fork(sys, async move |sys| {
            assert_eq!(sys.load::<u32>(private).await, 10);
            sys.store::<u32>(private, 100).await;
            sys.store::<u32>(shared, 5).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!((sys.load::<u32>(private).await, sys.load::<u32>(shared).await), (10, 5));
        0
    })
    .succeeds();
}

#[test]
fn an_access_behind_the_end_is_sigbus() {
    program(&|sys, _| async move {
        let object = object(sys, 1).await;
        let shared = mapped(sys, object, 3, MapFlags::MAP_SHARED).await;
        sys.ftruncate(object, PAGE as i64 + 1).await.unwrap();
        // Part of the page is there, so all of it is.
        sys.store::<u8>(shared + 2 * PAGE - 1, 9).await;
        for flags in [MapFlags::MAP_SHARED, MapFlags::MAP_PRIVATE] {
            let there = mapped(sys, object, 3, flags).await;
            let child = fork(sys, async move |sys| _ = sys.load::<u8>(there + 2 * PAGE).await).await;
            ends(sys, child, signaled(Signal::SIGBUS)).await;
            let child = fork(sys, async move |sys| sys.store::<u8>(there + 2 * PAGE, 1).await).await;
            ends(sys, child, signaled(Signal::SIGBUS)).await;
        }
        // To a call it is a bad address.
        let (read, write) = sys.pipe().await.unwrap();
        sys.write(write, b"x").await.unwrap();
        let result = sys.raw().read(read, OutBytes(shared + 2 * PAGE), Length(1)).await;
        assert_eq!(result, Err(Errno::EFAULT));
        0
    })
    .succeeds();
}

#[test]
fn what_is_cut_off_is_gone_from_every_mapping() {
    program(&|sys, _| async move {
        let object = object(sys, 2).await;
        let shared = mapped(sys, object, 2, MapFlags::MAP_SHARED).await;
        let private = mapped(sys, object, 2, MapFlags::MAP_PRIVATE).await;
        for page in [0, PAGE] {
            sys.store::<u64>(shared + page, u64::MAX).await;
            sys.store::<u64>(shared + page + 100, u64::MAX).await;
        }
        sys.store::<u8>(private + PAGE, 1).await;
        sys.ftruncate(object, 100).await.unwrap();
        for gone in [shared + PAGE, private + PAGE] {
            let child = fork(sys, async move |sys| _ = sys.load::<u8>(gone).await).await;
            ends(sys, child, signaled(Signal::SIGBUS)).await;
        }
        assert_eq!(sys.load::<u64>(shared).await, u64::MAX);
        assert_eq!(sys.load::<u64>(shared + 100).await, 0);
        sys.ftruncate(object, 2 * PAGE as i64).await.unwrap();
        assert_eq!(sys.load::<u64>(shared + PAGE).await, 0);
        assert_eq!(sys.load::<u64>(private + PAGE).await, 0);
        0
    })
    .succeeds();
}

#[test]
fn what_is_cut_off_is_gone_from_every_process_that_maps_it_and_from_no_other() {
    program(&|sys, _| async move {
        let object = object(sys, 3).await;
        let shared = mapped(sys, object, 3, MapFlags::MAP_SHARED).await;
        let private = mapped(sys, object, 3, MapFlags::MAP_PRIVATE).await;
        for page in [shared, private] {
            sys.store::<u8>(page + 2 * PAGE, 1).await;
        }
        // Its ends are mappings of their own now.
        sys.munmap(shared + PAGE, PAGE as usize).await.unwrap();
        let (ready_read, ready) = sys.pipe().await.unwrap();
        let (go, go_write) = sys.pipe().await.unwrap();
        let wait = async move |sys: Sys| {
            sys.write(ready, b"x").await.unwrap();
            sys.read(go, &mut [0]).await.unwrap();
        };
        let mapper = fork(sys, async move |sys| {
            wait(sys).await;
            sys.load::<u8>(shared + 2 * PAGE).await;
        })
        .await;
        let with_a_copy = fork(sys, async move |sys| {
            sys.munmap(shared, 3 * PAGE as usize).await.unwrap();
            sys.store::<u8>(private + 2 * PAGE, 9).await;
            wait(sys).await;
            sys.load::<u8>(private + 2 * PAGE).await;
        })
        .await;
        let with_other_memory = fork(sys, async move |sys| {
            let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED;
            for place in [shared, private] {
                sys.mmap(place, 3 * PAGE as usize, BOTH, flags).await.unwrap();
                sys.store::<u8>(place + 2 * PAGE, 7).await;
            }
            wait(sys).await;
            assert_eq!((sys.load::<u8>(shared + 2 * PAGE).await, sys.load::<u8>(private + 2 * PAGE).await), (7, 7));
        })
        .await;
        for _ in 0..3 {
            sys.read(ready_read, &mut [0]).await.unwrap();
        }
        sys.ftruncate(object, PAGE as i64).await.unwrap();
        sys.write(go_write, b"xxx").await.unwrap();
        ends(sys, mapper, signaled(Signal::SIGBUS)).await;
        ends(sys, with_a_copy, signaled(Signal::SIGBUS)).await;
        join(sys, with_other_memory).await;
        assert_eq!((sys.load::<u8>(shared).await, sys.load::<u8>(private).await), (0, 0));
        0
    })
    .succeeds();
}

#[test]
fn an_object_is_read_and_written_like_a_file() {
    program(&|sys, _| async move {
        let object = object(sys, 0).await;
        let text: Vec<u8> = (0..9000_u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(sys.write(object, &text).await, Ok(9000));
        let shared = mapped(sys, object, 3, MapFlags::MAP_SHARED).await;
        assert_eq!(sys.load::<u8>(shared + 8999).await, text[8999]);
        let mut back = vec![0; 9500];
        assert_eq!(sys.read(object, &mut back).await, Ok(0));
        assert_eq!(sys.readable_bytes(object).await, Ok(0));
        assert_eq!(sys.raw().lseek(object, 5000, abi::Whence::SEEK_SET).await, Ok(5000));
        assert_eq!(sys.readable_bytes(object).await, Ok(4000));
        assert_eq!(sys.read(object, &mut back).await, Ok(4000));
        assert_eq!(back[..4000], text[5000..]);
        // A hole reads as zeros.
        assert_eq!(sys.raw().lseek(object, 5000, abi::Whence::SEEK_END).await, Ok(14_000));
        assert_eq!(sys.write(object, b"end").await, Ok(3));
        sys.raw().lseek(object, 9000, abi::Whence::SEEK_SET).await.unwrap();
        assert_eq!(sys.read(object, &mut back).await, Ok(5003));
        assert!(back[..5000].iter().all(|byte| *byte == 0) && &back[5000..5003] == b"end");
        // From its own page to itself.
        sys.raw().lseek(object, 10, abi::Whence::SEEK_SET).await.unwrap();
        assert_eq!(sys.raw().write(object, abi::InBytes(shared), Length(20)).await, Ok(20));
        let mut bytes = [0; 20];
        sys.load_bytes(shared + 10, &mut bytes).await;
        assert_eq!(bytes, text[..20]);
        0
    })
    .succeeds();
}

#[test]
fn access_modes_hold_for_mappings_too() {
    program(&|sys, _| async move {
        let writes = object(sys, 1).await;
        let reads = sys.shm_open(b"/reads", OpenFlags::O_CREAT, 0o600).await.unwrap();
        let only_writes = sys.shm_open(b"/reads", OpenFlags::O_WRONLY, 0).await.unwrap();
        sys.ftruncate(only_writes, PAGE as i64).await.unwrap();
        assert_eq!(sys.ftruncate(reads, 1).await, Err(Errno::EINVAL));
        let (shared, private) = (MapFlags::MAP_SHARED, MapFlags::MAP_PRIVATE);
        let page = PAGE as usize;
        assert_eq!(sys.mmap_fd(page, BOTH, shared, reads, 0).await, Err(Errno::EACCES));
        assert_eq!(sys.mmap_fd(page, Protection::PROT_READ, shared, only_writes, 0).await, Err(Errno::EACCES));
        assert_eq!(sys.mmap_fd(page, BOTH, private, only_writes, 0).await, Err(Errno::EACCES));
        let there = sys.mmap_fd(page, Protection::PROT_READ, shared, reads, 0).await.unwrap();
        assert_eq!(sys.mprotect(there, page, BOTH).await, Err(Errno::EACCES));
        let there = sys.mmap_fd(page, BOTH, private, reads, 0).await.unwrap();
        sys.store::<u8>(there, 1).await;
        let there = sys.mmap_fd(page, Protection::PROT_READ, shared, writes, 0).await.unwrap();
        assert_eq!(sys.mprotect(there, page, BOTH).await, Ok(()));
        sys.shm_unlink(b"/reads").await.unwrap();
        0
    })
    .succeeds();
}

#[test]
fn names_are_checked_by_the_library_and_modes_by_the_kernel() {
    program(&|sys, _| async move {
        for bad in [b"".as_slice(), b"/", b"/a/b", b"//", b"/.", b"/.."] {
            assert_eq!(sys.shm_open(bad, CREATE, 0o600).await, Err(Errno::EINVAL));
            assert_eq!(sys.shm_unlink(bad).await, Err(Errno::EINVAL));
        }
        let long = [b'x'; 256];
        assert_eq!(sys.shm_open(&long, CREATE, 0o600).await, Err(Errno::ENAMETOOLONG));
        assert_eq!(sys.shm_open(&long[1..], OpenFlags::O_RDWR, 0).await, Err(Errno::ENOENT));
        assert_eq!(sys.shm_open(b"/none", OpenFlags::O_RDWR, 0).await, Err(Errno::ENOENT));
        assert_eq!(sys.shm_unlink(b"/none").await, Err(Errno::ENOENT));
        sys.umask(0o022).await;
        let mine = sys.shm_open(b"/mine", CREATE | OpenFlags::O_EXCL, 0o666).await.unwrap();
        sys.ftruncate(mine, 10).await.unwrap();
        assert_eq!(sys.shm_open(b"/mine", CREATE | OpenFlags::O_EXCL, 0o666).await, Err(Errno::EEXIST));
        let child = fork(sys, async |sys| {
            sys.setuid(1000).await.unwrap();
            sys.shm_open(b"/mine", OpenFlags::empty(), 0).await.unwrap();
            assert_eq!(sys.shm_open(b"/mine", OpenFlags::O_RDWR, 0).await, Err(Errno::EACCES));
            assert_eq!(sys.shm_unlink(b"/mine").await, Err(Errno::EACCES));
        })
        .await;
        join(sys, child).await;
        let mut bytes = [1; 20];
        assert_eq!(sys.read(mine, &mut bytes).await, Ok(10));
        sys.shm_open(b"/mine", OpenFlags::O_RDWR | OpenFlags::O_TRUNC, 0).await.unwrap();
        sys.raw().lseek(mine, 0, abi::Whence::SEEK_SET).await.unwrap();
        assert_eq!(sys.read(mine, &mut bytes).await, Ok(0));
        sys.shm_unlink(b"/mine").await.unwrap();
        while sys.dup(Fd(0)).await.is_ok() {}
        assert_eq!(sys.shm_open(b"/more", CREATE, 0o600).await, Err(Errno::EMFILE));
        0
    })
    .succeeds();
}

#[test]
fn lengths_ranges_and_flags_are_checked() {
    program(&|sys, _| async move {
        let object = object(sys, 1).await;
        assert_eq!(sys.ftruncate(object, -1).await, Err(Errno::EINVAL));
        assert_eq!(sys.ftruncate(object, i64::MAX).await, Err(Errno::EFBIG));
        assert_eq!(sys.ftruncate(Fd(40), 1).await, Err(Errno::EBADF));
        let (read, write) = sys.pipe().await.unwrap();
        assert_eq!(sys.ftruncate(write, 1).await, Err(Errno::EINVAL));
        let (page, shared) = (PAGE as usize, MapFlags::MAP_SHARED);
        assert_eq!(sys.mmap_fd(page, BOTH, shared, Fd(40), 0).await, Err(Errno::EBADF));
        assert_eq!(sys.mmap_fd(page, Protection::PROT_READ, shared, read, 0).await, Err(Errno::ENODEV));
        assert_eq!(sys.mmap_fd(page, BOTH, MapFlags::empty(), object, 0).await, Err(Errno::EINVAL));
        assert_eq!(sys.mmap_fd(page, BOTH, shared, object, 1).await, Err(Errno::EINVAL));
        assert_eq!(sys.mmap_fd(0, BOTH, shared, object, 0).await, Err(Errno::EINVAL));
        assert_eq!(sys.mmap_fd(page, BOTH, shared, object, u64::MAX - 4095).await, Err(Errno::EOVERFLOW));
        let there = sys.mmap_fd(page, BOTH, shared, object, 0).await.unwrap();
        assert_eq!(sys.msync(there, page, MsyncFlags::MS_SYNC | MsyncFlags::MS_INVALIDATE).await, Ok(()));
        assert_eq!(sys.msync(there + 1, 1, MsyncFlags::MS_SYNC).await, Err(Errno::EINVAL));
        assert_eq!(sys.msync(there, page, MsyncFlags::MS_SYNC | MsyncFlags::MS_ASYNC).await, Err(Errno::EINVAL));
        assert_eq!(sys.msync(there, page, MsyncFlags::from_bits_retain(8)).await, Err(Errno::EINVAL));
        sys.munmap(there, page).await.unwrap();
        assert_eq!(sys.msync(there, page, MsyncFlags::MS_ASYNC).await, Err(Errno::ENOMEM));
        0
    })
    .succeeds();
}

#[test]
fn zeros_can_be_mapped() {
    program(&|sys, _| async move {
        let page = PAGE as usize;
        let zero = sys.open(b"/dev/zero", OpenFlags::O_RDWR).await.unwrap();
        // Private: memory of one's own. Shared: with one's descendants, and with nobody else who maps it.
        let private = sys.mmap_fd(page, BOTH, MapFlags::MAP_PRIVATE, zero, 0).await.unwrap();
        let shared = mapped(sys, zero, 2, MapFlags::MAP_SHARED).await;
        let other = mapped(sys, zero, 2, MapFlags::MAP_SHARED).await;
        sys.close(zero).await.unwrap();
        let child = fork(sys, async move |sys| {
            sys.store::<u32>(private, 1).await;
            sys.store::<u32>(shared + PAGE, 2).await;
        })
        .await;
        join(sys, child).await;
        assert_eq!(sys.load::<u32>(private).await, 0);
        assert_eq!(sys.load::<u32>(shared + PAGE).await, 2);
        assert_eq!(sys.load::<u32>(other + PAGE).await, 0);
        for address in [shared, other] {
            sys.munmap(address, 2 * page).await.unwrap();
        }
        0
    })
    .succeeds();
}

#[test]
fn mappings_of_devices_are_checked() {
    program(&|sys, _| async move {
        let (page, read) = (PAGE as usize, Protection::PROT_READ);
        let [reads, writes, both] = [
            sys.open(b"/dev/zero", OpenFlags::empty()).await.unwrap(),
            sys.open(b"/dev/zero", OpenFlags::O_WRONLY).await.unwrap(),
            sys.open(b"/dev/zero", OpenFlags::O_RDWR).await.unwrap(),
        ];
        for flags in [MapFlags::MAP_PRIVATE, MapFlags::MAP_SHARED] {
            assert_eq!(sys.mmap_fd(page, read, flags, writes, 0).await, Err(Errno::EACCES));
            for path in [b"/dev/null", b"/dev/full"] {
                let device = sys.open(path, OpenFlags::O_RDWR).await.unwrap();
                assert_eq!(sys.mmap_fd(page, read, flags, device, 0).await, Err(Errno::ENODEV));
                sys.close(device).await.unwrap();
            }
        }
        assert_eq!(sys.mmap_fd(page, BOTH, MapFlags::MAP_SHARED, reads, 0).await, Err(Errno::EACCES));
        let private = sys.mmap_fd(page, read, MapFlags::MAP_PRIVATE, reads, 0).await.unwrap();
        assert_eq!(sys.mprotect(private, page, BOTH).await, Ok(()));
        let shared = sys.mmap_fd(page, read, MapFlags::MAP_SHARED, reads, 0).await.unwrap();
        assert_eq!(sys.mprotect(shared, page, BOTH).await, Err(Errno::EACCES));
        // A private one is all zeros wherever it begins; a shared one ends after as many pages as are mapped.
        let private = sys.mmap_fd(2 * page, BOTH, MapFlags::MAP_PRIVATE, both, PAGE).await.unwrap();
        assert_eq!(sys.load::<u8>(private + PAGE).await, 0);
        let shared = sys.mmap_fd(2 * page, BOTH, MapFlags::MAP_SHARED, both, PAGE).await.unwrap();
        assert_eq!(sys.load::<u8>(shared).await, 0);
        let child = fork(sys, async move |sys| {
            sys.load::<u8>(shared + PAGE).await;
        })
        .await;
        ends(sys, child, signaled(Signal::SIGBUS)).await;
        0
    })
    .succeeds();
}
