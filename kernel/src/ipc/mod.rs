//! Communication between processes by name and by key.
//!
//! POSIX message queues (`mq_overview(7)`) are in `mqueue/`, POSIX shared memory (`shm_overview(7)`) is in
//! `shared_memory.rs`. Here is System V IPC (`sysvipc(7)`): objects that have a key and
//! an identifier, and outlive the processes that use them.
//!
//! | question | file |
//! | --- | --- |
//! | keys and identifiers: what all three kinds have in common | `registry.rs` |
//! | who may do what | `permissions.rs` |
//! | shared memory segments: `shmget`, and their life | `segment.rs` |
//! | `shmat`, `shmdt` | `attach.rs` |
//! | `shmctl` | `segment_control.rs` |

mod attach;
pub mod mqueue;
pub mod permissions;
pub mod registry;
pub mod segment;
mod shared_memory;
mod segment_control;

/// Whether a key names an object: `IPC_PRIVATE` never does.
fn names_an_object(key: i32) -> bool {
    key != abi::IPC_PRIVATE
}
