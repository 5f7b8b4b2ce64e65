//! Names: one tree of directories, FIFOs and the kernel's devices, with modes and owners (`path_resolution(7)`,
//! `inode(7)`). Regular files and symbolic links are no business of a microkernel: servers will bring them, below mount
//! points in this tree.
//!
//! | question | file |
//! | --- | --- |
//! | what has a name? who keeps it alive? | `inode.rs` |
//! | how is a name found in a directory? | `directory.rs` |
//! | from a path to an inode | `path.rs` |
//! | who may do what? `faccessat` | `access.rs` |
//! | `openat` | `open.rs`; FIFOs: `file/fifo.rs` |
//! | `mkdirat`, `mknodat`, `linkat` | `make.rs` |
//! | `unlinkat` | `remove.rs` |
//! | `renameat2` | `rename.rs` |
//! | `newfstatat`, `fstat` | `stat.rs` |
//! | `fchmodat`, `fchownat`, `utimensat` | `attributes.rs` |
//! | `getdents64` | `list.rs` |
//! | `chdir`, `fchdir`, `getcwd` | `working.rs` |
//! | what is there after boot? | `plant.rs` |

pub(crate) mod access;
mod attributes;
pub mod directory;
pub mod inode;
mod list;
mod make;
mod open;
pub(crate) mod path;
pub(crate) mod plant;
mod remove;
mod rename;
mod stat;
mod working;
