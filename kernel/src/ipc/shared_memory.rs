//! POSIX shared memory (`shm_overview(7)`): objects with a length and a name in `/dev/shm`, to be mapped, and to be read and
//! written like files. `shm_open` and `shm_unlink` are functions of the library over `openat` and `unlinkat`, as on Linux.

use abi::{Errno, Fd, OpenFlags, PAGE_SIZE};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::file::pipe::Request;
use crate::host::Host;
use crate::ids::{FrameNo, InodeNo, ObjectNo, ProcessNo};
use crate::kernel::Kernel;
use crate::mem::object::Object;
use crate::mem::region::{Backing, Region};
use crate::name::access::CHANGE;
use crate::name::inode::Kind;
use crate::name::path::Last;
use crate::name::plant::MEMORY;
use crate::table::Entry;

const PAGE: u64 = PAGE_SIZE as u64;

/// No object is longer: as many pages as its tree can hold.
const LENGTH_MAX: u64 = PAGE << 25;

impl Kernel {
    /// Makes a shared memory object where a regular file was to be made: in `/dev/shm` only. All else has been checked.
    pub(crate) fn make_memory(
        &mut self,
        process: ProcessNo,
        directory: Fd,
        path: &[u8],
        mode: u32,
    ) -> Result<InodeNo, Errno> {
        let judged = self.effective(process);
        let place = self.walk(process, judged, directory, path)?;
        let (MEMORY, Last::Name(name)) = (place.directory, place.last) else { return Err(Errno::EOPNOTSUPP) };
        self.check_may_enter(judged, MEMORY, CHANGE)?;
        if self.inodes.room() == 0 || self.names.room() == 0 {
            return Err(Errno::ENOSPC);
        }
        let object = Object { named: true, length: Some(0), ..Object::VACANT };
        let object = self.objects.insert(object).map_err(|_| Errno::ENOSPC)?;
        let mode = mode & 0o7777 & !self.processes.at(process).umask;
        Ok(self.plant(MEMORY, name, Kind::Memory(object), mode as u16, judged))
    }

    pub(crate) fn sys_ftruncate<H: Host>(&mut self, cx: &mut Cx<'_, H>, fd: Fd, length: i64) -> Outcome {
        let length = u64::try_from(length).map_err(|_| Errno::EINVAL)?;
        let description = *self.files.at(self.descriptor(cx.process, fd)?.file);
        let (Open::Memory(object), Some(inode)) = (description.open, description.inode) else {
            return Err(Errno::EINVAL);
        };
        if !description.flags.writable() {
            return Err(Errno::EINVAL);
        }
        if length > LENGTH_MAX {
            return Err(Errno::EFBIG);
        }
        self.set_length(cx.host, inode, object, length);
        Ok(Flow::Done(0))
    }

    /// Gives an object another length. What is behind its end is gone, from every mapping too, and reads as zeros if it
    /// becomes longer again.
    pub(crate) fn set_length<H: Host>(&mut self, host: &mut H, inode: InodeNo, object: ObjectNo, length: u64) {
        let before = self.objects.at_mut(object).length.replace(length).unwrap_or(0);
        self.touch(inode);
        if length >= before {
            return;
        }
        let first = length.div_ceil(PAGE);
        self.unmap_from(host, object, first);
        let mut pages = self.objects.at(object).pages;
        while let Some((page, frame)) = pages.next(&self.nodes, first) {
            self.frames.release(host, FrameNo((frame - 1) as u16));
            let _ = pages.set(&mut self.nodes, page, 0);
        }
        self.objects.at_mut(object).pages = pages;
        let within = (length % PAGE) as usize;
        let last = pages.get(&self.nodes, length / PAGE);
        if within > 0
            && last != 0
            && let Some(rest) = host.frame_mut(FrameNo((last - 1) as u16)).get_mut(within..)
        {
            rest.fill(0);
        }
    }

    /// Empties the page tables where they show an object from a page on: the next access finds that it has ended. Private
    /// copies go too, as on Linux. Only processes that map the object are looked at.
    fn unmap_from<H: Host>(&mut self, host: &mut H, object: ObjectNo, page: u64) {
        let mut from = 0;
        while let Some(process) = self.objects.at(object).mapped_by.next(from) {
            from = process.index() + 1;
            let mut at = 0;
            while let Some(region) = self.processes.at(process).space.regions.starting_at(at).copied() {
                at = region.end;
                let Region { backing: Backing::Shared { object: mapped, offset, .. }, first, end, .. } = region else {
                    continue;
                };
                if mapped == object {
                    let first = first.saturating_add(page.saturating_sub(offset));
                    self.drop_pages(host, process, first, end.max(first));
                }
            }
        }
    }

    pub(crate) fn read_memory<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        object: ObjectNo,
        request: Request,
    ) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let from = self.files.at(file).position;
        let length = self.objects.at(object).length.unwrap_or(0);
        let count = (request.count as u64).min(length.saturating_sub(from));
        let mut done = 0;
        while done < count {
            let at = from + done;
            let piece = (PAGE - at % PAGE).min(count - done) as usize;
            let mut bytes = [0; PAGE_SIZE];
            let bytes = bytes.get_mut(..piece).unwrap_or_default();
            let frame = self.objects.at(object).pages.get(&self.nodes, at / PAGE);
            let start = (at % PAGE) as usize;
            if frame != 0
                && let Some(there) = host_bytes(cx.host, frame, start, piece)
            {
                bytes.copy_from_slice(there);
            }
            match self.copy_to_user(cx.host, cx.process, request.address.wrapping_add(done), bytes) {
                Ok(()) => done += piece as u64,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        self.files.at_mut(file).position = from + done;
        Ok(Flow::Done(done as i64))
    }

    pub(crate) fn write_memory<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        object: ObjectNo,
        request: Request,
    ) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let description = *self.files.at(file);
        let length = self.objects.at(object).length.unwrap_or(0);
        let from = if description.flags.contains(OpenFlags::O_APPEND) { length } else { description.position };
        if from >= LENGTH_MAX {
            return Err(Errno::EFBIG);
        }
        let count = (request.count as u64).min(LENGTH_MAX - from);
        let mut done = 0;
        while done < count {
            let at = from + done;
            let piece = (PAGE - at % PAGE).min(count - done);
            match self.write_piece(cx, object, at, request.address.wrapping_add(done), piece as usize) {
                Ok(()) => done += piece,
                Err(errno) if done == 0 => return Err(errno),
                Err(_) => break,
            }
        }
        let entry = self.objects.at_mut(object);
        entry.length = Some(length.max(from + done));
        self.files.at_mut(file).position = from + done;
        if let Some(inode) = description.inode {
            self.touch(inode);
        }
        Ok(Flow::Done(done as i64))
    }

    /// Writes what lies in one page of the object. By way of a copy: the caller's memory may be the same page.
    fn write_piece<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        object: ObjectNo,
        at: u64,
        address: u64,
        count: usize,
    ) -> Result<(), Errno> {
        let mut bytes = [0; PAGE_SIZE];
        let bytes = bytes.get_mut(..count).unwrap_or_default();
        self.copy_from_user(cx.host, cx.process, address, bytes)?;
        let frame = self.object_frame(cx.host, object, at / PAGE).ok_or(Errno::ENOSPC)?;
        let start = (at % PAGE) as usize;
        if let Some(place) = cx.host.frame_mut(frame).get_mut(start..start + count) {
            place.copy_from_slice(bytes);
        }
        // The object refers to it; this call does no more.
        self.frames.release(cx.host, frame);
        Ok(())
    }
}

/// Bytes of an object's page, whose frame is given as its tree has it.
fn host_bytes<H: Host>(host: &H, frame: u32, start: usize, count: usize) -> Option<&[u8]> {
    host.frame(FrameNo((frame - 1) as u16)).get(start..start + count)
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::collections::BTreeSet;
    use std::vec::Vec;

    use abi::{AT_FDCWD, Address, InArray, Length, MapFlags, Path, Protection, Strings, Syscall};

    use super::*;
    use crate::ids::ThreadId;
    use crate::testing::{Machine, SCRATCH};

    const CREATE: OpenFlags = OpenFlags::O_CREAT.union(OpenFlags::O_RDWR);

    /// The running process makes an object of three pages.
    fn open_object(machine: &mut Machine, path: &[u8]) -> Fd {
        machine.put(path);
        let open = Syscall::Openat { directory: AT_FDCWD, path: Path(SCRATCH), flags: CREATE, mode: 0o600 };
        let fd = Fd(machine.call(open) as i32);
        set_length(machine, fd, 3);
        fd
    }

    fn set_length(machine: &mut Machine, fd: Fd, pages: u64) {
        assert_eq!(machine.call(Syscall::Ftruncate { fd, length: (pages * PAGE) as i64 }), 0);
    }

    /// The running process maps the three pages and stores to each; where they are.
    fn map(machine: &mut Machine, fd: Fd, address: u64, flags: MapFlags) -> u64 {
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let length = Length(3 * PAGE);
        let call = Syscall::Mmap { address: Address(address), length, protection, flags, fd, offset: 0 };
        let start = machine.call(call) as u64;
        touch(machine, &[start, start + PAGE, start + 2 * PAGE]);
        start
    }

    fn unmap(machine: &mut Machine, address: u64, pages: u64) {
        assert_eq!(machine.call(Syscall::Munmap { address: Address(address), length: Length(pages * PAGE) }), 0);
    }

    /// The running process stores to these pages.
    fn touch(machine: &mut Machine, pages: &[u64]) {
        let thread = machine.current();
        pages.iter().for_each(|at| machine.kernel.copy_out(&mut machine.host, thread, *at, b"x").unwrap());
    }

    /// The running process executes the one program there is, or starts it in a child.
    fn begin_program(machine: &mut Machine, in_child: bool) {
        // A name, and behind it an empty list of strings.
        machine.put(b"test\0\0\0\0\0\0\0\0\0\0\0\0");
        let (path, none) = (Path(SCRATCH), Strings(SCRATCH + 8));
        if in_child {
            let (actions, count) = (InArray::at(0), Length(0));
            assert!(machine.call(Syscall::Spawn { path, argv: none, envp: none, actions, count }) > 0);
        } else {
            let trap = crate::entry::Trap::Call(Syscall::Execve { path, argv: none, envp: none });
            machine.kernel.trap(&mut machine.host, crate::ids::CpuNo(0), trap);
            machine.accept();
        }
    }

    /// The process ids of those who map an object, as it knows them.
    fn mappers(machine: &Machine, object: u16) -> Vec<u32> {
        let mapped_by = machine.kernel.objects.at(ObjectNo(object)).mapped_by.iter();
        mapped_by.map(|process| machine.kernel.processes.at(process).pid).collect()
    }

    /// Every page that a page table shows: of which process, and where.
    fn shown(machine: &Machine) -> BTreeSet<(u32, u64)> {
        let pages = |id| machine.kernel.pages(id).map(|(page, _)| page * PAGE);
        machine.kernel.processes().flat_map(|(id, process)| pages(id).map(|at| (process.pid, at))).collect()
    }

    /// Where PID 1 maps the first object, once shared and once private.
    struct Places {
        shared: u64,
        private: u64,
    }

    impl Places {
        /// The pages that are left of them.
        fn pages(&self) -> [u64; 5] {
            let Places { shared, private } = self;
            [*shared, shared + 2 * PAGE, *private, private + PAGE, private + 2 * PAGE]
        }
    }

    /// PID 1 and children of all kinds: who maps the first object, or something else in its place.
    fn family(machine: &mut Machine) -> (Fd, Places) {
        let first = machine.current();
        let (object, other) = (open_object(machine, b"/dev/shm/a\0"), open_object(machine, b"/dev/shm/b\0"));
        assert_eq!(mappers(machine, 0), []);
        let bystander = machine.fork();
        let shared = map(machine, object, 0, MapFlags::MAP_SHARED);
        let private = map(machine, object, 0, MapFlags::MAP_PRIVATE);
        // Its ends are mappings of their own.
        unmap(machine, shared + PAGE, 1);
        assert_eq!(mappers(machine, 0), [1]);
        let places = Places { shared, private };
        let children: [ThreadId; 6] = core::array::from_fn(|_| machine.fork());
        assert_eq!(mappers(machine, 0), [1, 3, 4, 5, 6, 7, 8]);
        machine.run(bystander);
        map(machine, other, shared, MapFlags::MAP_SHARED | MapFlags::MAP_FIXED);
        map(machine, other, private, MapFlags::MAP_PRIVATE | MapFlags::MAP_FIXED);
        let [inherits, keeps_private, keeps_an_end, maps_another, executes, ends] = children;
        for child in [inherits, keeps_private, keeps_an_end, maps_another] {
            machine.run(child);
            touch(machine, &places.pages());
        }
        machine.run(keeps_private);
        unmap(machine, shared, 3);
        machine.run(keeps_an_end);
        unmap(machine, private, 3);
        unmap(machine, shared, 1);
        machine.run(maps_another);
        unmap(machine, shared, 3);
        map(machine, other, private, MapFlags::MAP_SHARED | MapFlags::MAP_FIXED);
        machine.run(executes);
        begin_program(machine, false);
        machine.run(ends);
        machine.exit(0);
        machine.run(first);
        begin_program(machine, true);
        (object, places)
    }

    #[test]
    fn a_cut_empties_the_page_tables_of_exactly_those_who_map_the_object() {
        let mut machine = Machine::new();
        let (object, Places { shared, private }) = family(&mut machine);
        assert_eq!(mappers(&machine, 0), [1, 3, 4, 5]);
        assert_eq!(mappers(&machine, 1), [2, 6]);
        let before = shown(&machine);
        set_length(&mut machine, object, 1);
        let after = shown(&machine);
        let gone = [
            (1, shared + 2 * PAGE),
            (1, private + PAGE),
            (1, private + 2 * PAGE),
            (3, shared + 2 * PAGE),
            (3, private + PAGE),
            (3, private + 2 * PAGE),
            (4, private + PAGE),
            (4, private + 2 * PAGE),
            (5, shared + 2 * PAGE),
        ];
        assert!(after.is_subset(&before));
        assert_eq!(before.difference(&after).copied().collect::<BTreeSet<_>>(), BTreeSet::from(gone));
        // The mappings are still there, so the object still knows of them.
        assert_eq!(mappers(&machine, 0), [1, 3, 4, 5]);
    }

    #[test]
    fn a_cut_looks_at_nobody_whom_the_object_does_not_know() {
        let mut machine = Machine::new();
        let fd = open_object(&mut machine, b"/dev/shm/a\0");
        let start = map(&mut machine, fd, 0, MapFlags::MAP_SHARED);
        let children = [machine.fork(), machine.fork()];
        for child in children {
            machine.run(child);
            touch(&mut machine, &[start + 2 * PAGE]);
        }
        // One is forgotten, which no call could bring about.
        let forgotten = machine.kernel.process_by_pid(2).unwrap().slot;
        machine.kernel.objects.at_mut(ObjectNo(0)).mapped_by.remove(forgotten);
        let before = shown(&machine);
        machine.kernel.unmap_from(&mut machine.host, ObjectNo(0), 2);
        let after = shown(&machine);
        let gone: Vec<_> = before.difference(&after).copied().collect();
        assert_eq!(gone, [(1, start + 2 * PAGE), (3, start + 2 * PAGE)]);
    }

    #[test]
    fn whoever_maps_an_object_is_known_until_the_last_of_its_mappings_goes() {
        let mut machine = Machine::new();
        let object = open_object(&mut machine, b"/dev/shm/a\0");
        let one = map(&mut machine, object, 0, MapFlags::MAP_SHARED);
        let two = map(&mut machine, object, 0, MapFlags::MAP_SHARED);
        let child = machine.fork();
        unmap(&mut machine, one + PAGE, 1);
        assert_eq!(mappers(&machine, 0), [1, 2]);
        unmap(&mut machine, one, 3);
        assert_eq!(mappers(&machine, 0), [1, 2]);
        let read = Syscall::Mprotect { address: Address(two), length: Length(PAGE), protection: Protection::PROT_READ };
        assert_eq!(machine.call(read), 0);
        unmap(&mut machine, two, 1);
        assert_eq!(mappers(&machine, 0), [1, 2]);
        unmap(&mut machine, two + PAGE, 2);
        assert_eq!(mappers(&machine, 0), [2]);
        machine.run(child);
        machine.exit(0);
        assert_eq!(mappers(&machine, 0), []);
    }
}
