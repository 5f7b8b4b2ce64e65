//! Numbers of table slots, and references that a stale one can't pretend to be.

macro_rules! slot_numbers {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(pub u16);

        impl $name {
            /// As an index.
            pub const fn index(self) -> usize {
                self.0 as usize
            }

            /// From an index; an index that is too large names no slot.
            pub const fn from_index(index: usize) -> $name {
                $name(if index < u16::MAX as usize { index as u16 } else { u16::MAX })
            }
        }

        impl crate::table::Slot for $name {
            #[inline]
            fn to_index(self) -> usize {
                self.0 as usize
            }
            #[inline]
            fn at_index(index: usize) -> $name {
                $name::from_index(index)
            }
        }
    )*};
}

slot_numbers! {
    /// Slot of a process.
    ProcessNo;
    /// Slot of a thread.
    ThreadNo;
    /// Slot of an open file description.
    FileNo;
    /// Slot of a pipe.
    PipeNo;
    /// Slot of a POSIX message queue.
    MqueueNo;
    /// Slot of a message of a POSIX message queue.
    MqMessageNo;
    /// Slot of a user who owns POSIX message queues.
    MqUserNo;
    /// Slot of an inode.
    InodeNo;
    /// Slot of a name in a directory.
    NameNo;
    /// Number of a physical frame.
    FrameNo;
    /// Slot of a radix tree's node.
    NodeNo;
    /// Slot of a shared memory object.
    ObjectNo;
    /// Slot of a System V shared memory segment.
    SegmentNo;
    /// Slot of a System V message queue.
    QueueNo;
    /// Slot of a message.
    MessageNo;
    /// Slot of a set of semaphores.
    SetNo;
    /// Slot of a semaphore.
    SemaphoreNo;
    /// Slot of an operation of a thread that waits at a set of semaphores.
    OperationNo;
    /// Slot of a thread's place in the index of a wait queue.
    PlaceNo;
    /// Slot of what a process undoes to a semaphore at its end.
    UndoNo;
    /// Slot of a number in use as process, group or session id.
    NumberNo;
    /// Slot of a queued signal.
    InfoNo;
    /// Slot of a POSIX timer.
    TimerNo;
    /// Slot of a set of signal actions.
    ActionsNo;
    /// Number of a program image, as the host counts them.
    ImageNo;
    /// Number of a CPU.
    CpuNo;
}

/// A process: its slot, and the serial number it was made with. Serial numbers are never used again, so a reference to a
/// process that is gone reaches nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ProcessId {
    /// Its slot.
    pub slot: ProcessNo,
    /// Its serial number.
    pub serial: u32,
}

/// A thread: its slot, and the serial number it was made with.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ThreadId {
    /// Its slot.
    pub slot: ThreadNo,
    /// Its serial number.
    pub serial: u32,
}
