//! `getdents64(2)`: what is in a directory, in the order in which it came there, behind `.` and `..`.
//!
//! A description keeps the position up to which it has read. Names that go meanwhile don't disturb it.

use abi::{DirectoryEntry, Errno, Fd, Layout, Length, OutBytes};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::file::description::Open;
use crate::host::Host;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::NAME_BYTES;
use crate::name::stat::inode_number;

/// Bytes of the largest entry.
const ENTRY_BYTES: usize = (DirectoryEntry::SIZE + NAME_BYTES + 1).next_multiple_of(8);

/// An entry as it goes out.
struct Record {
    bytes: [u8; ENTRY_BYTES],
    length: usize,
}

impl Record {
    fn new(number: u64, position: u64, kind: u32, name: &[u8]) -> Record {
        let length = (DirectoryEntry::SIZE + name.len() + 1).next_multiple_of(8);
        let (off, reclen, kind) = (position as i64, length as u16, (kind >> 12) as u8);
        let mut bytes = [0; ENTRY_BYTES];
        DirectoryEntry { ino: number, off, reclen, kind }.store(&mut bytes);
        for (to, from) in bytes.iter_mut().skip(DirectoryEntry::SIZE).zip(name) {
            *to = *from;
        }
        Record { bytes, length }
    }

    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Kernel {
    pub(crate) fn sys_getdents64<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        fd: Fd,
        buffer: OutBytes,
        count: Length,
    ) -> Outcome {
        let file = self.descriptor(cx.process, fd)?.file;
        let description = *self.files.at(file);
        let (Open::Directory, Some(directory)) = (description.open, description.inode) else {
            return Err(Errno::ENOTDIR);
        };
        if self.inodes.at(directory).links == 0 {
            return Err(Errno::ENOENT);
        }
        let mut out = Reading { position: description.position, address: buffer.0, room: count.0, done: 0 };
        let result = self.read_entries(cx.host, cx.process, directory, &mut out);
        self.files.at_mut(file).position = out.position;
        match result {
            Err(errno) if out.done == 0 => Err(errno),
            _ => Ok(Flow::Done(out.done as i64)),
        }
    }

    fn read_entries<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        directory: InodeNo,
        out: &mut Reading,
    ) -> Result<(), Errno> {
        let own = self.directory(directory);
        let (parent, names) = (own.parent, own.names);
        for (position, inode, name) in [(1, directory, b".".as_slice()), (2, parent, b"..")] {
            if out.position < position {
                let record = self.record(inode, position, name);
                self.put_record(host, process, &record, position, out)?;
            }
        }
        // Names are in the order of their positions.
        let mut next = names.first();
        while let Some(slot) = next {
            let name = self.names.at(slot);
            next = crate::list::Linked::<crate::name::directory::SiblingList, _>::link(name).next;
            if name.position > out.position {
                let position = name.position;
                let record = self.record(name.inode, position, name.bytes());
                self.put_record(host, process, &record, position, out)?;
            }
        }
        Ok(())
    }

    fn record(&self, inode: InodeNo, position: u64, name: &[u8]) -> Record {
        Record::new(inode_number(inode), position, self.inodes.at(inode).kind.type_bits(), name)
    }

    /// # Errors
    /// `EINVAL`: it doesn't fit any more. `EFAULT`.
    fn put_record<H: Host>(
        &mut self,
        host: &mut H,
        process: ProcessNo,
        record: &Record,
        position: u64,
        out: &mut Reading,
    ) -> Result<(), Errno> {
        let bytes = record.bytes();
        if bytes.len() as u64 > out.room {
            return Err(Errno::EINVAL);
        }
        self.check_writable(host, process, out.address, bytes.len())?;
        self.copy_to_user(host, process, out.address, bytes)?;
        out.address = out.address.wrapping_add(bytes.len() as u64);
        out.room -= bytes.len() as u64;
        out.done += bytes.len() as u64;
        out.position = position;
        Ok(())
    }
}

/// How far a reading has come.
struct Reading {
    position: u64,
    address: u64,
    room: u64,
    done: u64,
}
