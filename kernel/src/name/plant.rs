//! What is there after boot: the root, the kernel's devices in `/dev`, `/dev/mqueue` for message queues,
//! `/dev/shm` for shared memory, and `/tmp`, where everybody may make names.

use crate::file::device::Device;
use crate::ids::{InodeNo, ProcessNo};
use crate::kernel::Kernel;
use crate::limits::{INODES, NAMES};
use crate::list::List;
use crate::name::access::Judged;
use crate::name::directory::Directory;
use crate::name::inode::{Inode, Kind};
use crate::table::Entry;

/// The root directory.
pub(crate) const ROOT: InodeNo = InodeNo(0);

/// The directory of the POSIX message queues.
pub(crate) const QUEUES: InodeNo = InodeNo(2);

/// The directory of the shared memory objects.
pub(crate) const MEMORY: InodeNo = InodeNo(3);

/// The devices: name, kind, mode.
const DEVICES: [(&[u8], Device, u16); 5] = [
    (b"null", Device::Null, 0o666),
    (b"zero", Device::Zero, 0o666),
    (b"full", Device::Full, 0o666),
    (b"tty", Device::Terminal, 0o666),
    (b"console", Device::Console, 0o600),
];

const _: () = assert!(INODES > DEVICES.len() + 5, "VITRINE_INODES is too small for what is there after boot");
const _: () = assert!(NAMES > DEVICES.len() + 4, "VITRINE_NAMES is too small for what is there after boot");

const NEW_DIRECTORY: Kind = Kind::Directory(Directory { parent: ROOT, own_name: None, names: List::EMPTY });

impl Kernel {
    /// Makes the tree; the first process stands in its root.
    pub(crate) fn plant_tree(&mut self, first: ProcessNo) {
        let root = Inode { kind: NEW_DIRECTORY, mode: 0o755, links: 2, references: 1, ..Inode::VACANT };
        if self.inodes.insert(root) != Ok(ROOT) {
            crate::bug("the root isn't the first inode");
        }
        self.processes.at_mut(first).working_directory = Some(ROOT);
        let owner = Judged { uid: 0, gid: 0 };
        let devices = self.plant(ROOT, b"dev", NEW_DIRECTORY, 0o755, owner);
        if self.plant(devices, b"mqueue", NEW_DIRECTORY, 0o1777, owner) != QUEUES {
            crate::bug("the directory of message queues isn't the third inode");
        }
        if self.plant(devices, b"shm", NEW_DIRECTORY, 0o1777, owner) != MEMORY {
            crate::bug("the directory of shared memory isn't the fourth inode");
        }
        for (name, device, mode) in DEVICES {
            self.plant(devices, name, Kind::Device(device), mode, owner);
        }
        self.plant(ROOT, b"tmp", NEW_DIRECTORY, 0o1777, owner);
    }

    /// The inode of the console, as it was planted.
    pub(crate) fn console_inode(&self) -> Option<InodeNo> {
        let devices = self.names.at(self.find_name(ROOT, b"dev")?).inode;
        Some(self.names.at(self.find_name(devices, b"console")?).inode)
    }
}
