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
//! | messages and their bytes | `message.rs` |
//! | message queues: `msgget`, their life, who waits at them | `message_queue.rs` |
//! | `msgsnd`, `msgrcv` | `send.rs` |
//! | which message a receiver wants | `selection.rs` |
//! | `msgctl` | `queue_control.rs` |
//! | sets of semaphores: `semget`, their life, their queues | `semaphore.rs` |
//! | `semop`, `semtimedop` | `operate.rs` |
//! | operations: all or none, and whom they let go on | `operation.rs` |
//! | `SEM_UNDO` | `undo.rs` |
//! | `semctl` | `set_control.rs` |
//! | what a waiting thread leaves with the kernel | `held.rs` |

mod attach;
pub mod held;
pub mod message;
pub mod message_queue;
pub mod mqueue;
mod operate;
pub mod operation;
pub mod permissions;
mod queue_control;
pub mod registry;
pub mod segment;
mod segment_control;
pub(crate) mod selection;
pub mod semaphore;
mod send;
mod set_control;
mod shared_memory;
pub mod undo;

use crate::host::Host;
use crate::kernel::Kernel;

impl Kernel {
    /// PID 1 has ended, and all others with it: no object outlives them, as none outlives a Linux IPC namespace.
    pub(crate) fn end_ipc<H: Host>(&mut self, host: &mut H) {
        while let Some(segment) = self.segments.table.next_slot(0) {
            self.remove_segment(host, segment);
        }
        while let Some(queue) = self.queues.table.next_slot(0) {
            self.remove_queue(host, queue);
        }
        while let Some(set) = self.sets.table.next_slot(0) {
            self.remove_set(host, set);
        }
    }
}

/// Whether a key names an object: `IPC_PRIVATE` never does.
fn names_an_object(key: i32) -> bool {
    key != abi::IPC_PRIVATE
}
