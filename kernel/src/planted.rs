//! Faults that a test build can plant into the kernel, one at a time, to see which checks find them
//! (`docs/planted-faults.md`). Only the feature `planted-faults` compiles them in: in a normal build `planted!` is `false`,
//! and nothing is left of the places where it stands.
//!
//! Which fault is planted is no part of a kernel's state: it is a property of the build and the process that runs it, as a
//! real mistake in the code would be.

/// Whether a fault is planted. Stands where the fault would be.
#[cfg(not(feature = "planted-faults"))]
macro_rules! planted {
    ($fault:ident) => {
        false
    };
}

#[cfg(feature = "planted-faults")]
macro_rules! planted {
    ($fault:ident) => {
        $crate::planted::is_planted($crate::planted::Fault::$fault)
    };
}

pub(crate) use planted;

#[cfg(feature = "planted-faults")]
pub use table::{Fault, is_planted, plant};

#[cfg(feature = "planted-faults")]
mod table {
    use core::sync::atomic::{AtomicUsize, Ordering};

    macro_rules! faults {
        ($($fault:ident $name:literal $about:literal;)*) => {
            /// A fault that can be planted.
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            pub enum Fault {
                $(#[doc = $about] $fault,)*
            }

            impl Fault {
                /// Every fault.
                pub const ALL: &'static [Fault] = &[$(Fault::$fault),*];

                /// Its name on a command line.
                pub const fn name(self) -> &'static str {
                    match self { $(Fault::$fault => $name,)* }
                }

                /// What is wrong when it is planted.
                pub const fn about(self) -> &'static str {
                    match self { $(Fault::$fault => $about,)* }
                }
            }
        };
    }

    faults! {
        OrphanToGrandparent "orphan-to-grandparent" "an orphan goes to its grandparent, whoever that is";
        ZombiesByEnd "zombies-by-end" "zombies are kept in the order in which they ended, not of their birth";
        StalePid "stale-pid" "the number of a process that was reaped still leads to its slot";
        StatusOf7Bits "status-of-7-bits" "the highest bit of an exit status is lost";
        MaskNotInherited "mask-not-inherited" "a child begins with an empty signal mask";
        GroupOverSessions "group-over-sessions" "a process may join a group of another session";
        NoHangUp "no-hang-up" "stopped members of a group that becomes orphaned are not hung up";
        StopReportedAgain "stop-reported-again" "a stop that has been waited for is reported again";
        WaitingParentNotWoken "waiting-parent-not-woken" "a parent that waits isn't woken when a child ends";
        DeliveredTwice "delivered-twice" "a signal that kill sent is delivered to its handler twice";
        InterruptionSwallowed "interruption-swallowed" "a call that a handler interrupts is made again even without SA_RESTART";
        OwnSignalNotMasked "own-signal-not-masked" "a handler doesn't block its own signal while it runs";
        IgnoredStaysPending "ignored-stays-pending" "ignoring a signal doesn't discard what is pending of it";
        ContinueKeepsStops "continue-keeps-stops" "SIGCONT doesn't discard pending stop signals";
        RealtimeCoalesced "realtime-coalesced" "a real-time signal that is pending already isn't queued again";
        HighestFirst "highest-first" "of several pending signals the highest is taken first";
        KillLeavesStopped "kill-leaves-stopped" "SIGKILL doesn't reach a stopped process";
        SuspendKeepsMask "suspend-keeps-mask" "the mask of before isn't restored after rt_sigsuspend";
        HandlerNotReset "handler-not-reset" "SA_RESETHAND is ignored";
        SignalWakesNobody "signal-wakes-nobody" "a signal doesn't wake a thread that waits";
        RingOffByOne "ring-off-by-one" "a write that would fill the last page of a pipe to its end begins a new one";
        WriterNotWoken "writer-not-woken" "a writer that waits isn't woken when there is room";
        EndWakesNobody "end-wakes-nobody" "readers and writers aren't woken when the last at the other end leaves";
        NoBrokenPipe "no-broken-pipe" "a write that nobody will read raises no SIGPIPE";
        AtomicWriteSplit "atomic-write-split" "a write of at most PIPE_BUF bytes goes in by parts";
        DuplicateNotCounted "duplicate-not-counted" "dup doesn't count its reference to the description";
        SecondLowest "second-lowest" "a new descriptor gets the second lowest number";
        CloseOnExecCopied "close-on-exec-copied" "dup copies the close-on-exec flag";
        FifoOpensAtOnce "fifo-opens-at-once" "open of a FIFO doesn't wait for the other end";
        OpenNotCounted "open-not-counted" "an open file doesn't count its reference to the inode";
        WrittenThrough "written-through" "a store to a copy-on-write page goes to the frame that others share";
        ForkLeavesWritable "fork-leaves-writable" "fork doesn't write-protect private pages";
        FrameNotCounted "frame-not-counted" "fork doesn't count the child's reference to a frame";
        RightsKept "rights-kept" "mprotect leaves present pages with the rights they had";
        MappingNotCounted "mapping-not-counted" "fork doesn't count the child's mapping of a shared object";
        MapperForgotten "mapper-forgotten" "a process that changes its mappings is forgotten by the shared objects that it still maps";
        YoungestFirst "youngest-first" "of messages of one priority the youngest is received first";
        ReceiverPassedOver "receiver-passed-over" "a message goes into the queue although a receiver waits";
        OfferNotTaken "offer-not-taken" "a sender that waits isn't completed when there is room";
        NegativeTypeTakesFirst "negative-type-takes-first" "msgrcv with a negative type takes the first that is low enough, not the lowest";
        BytesNotCounted "bytes-not-counted" "the bytes of a message aren't counted to its queue";
        LastSemaphoreWaiterFirst "last-semaphore-waiter-first" "of those who wait for a semaphore the last is served first";
        UndoForgotten "undo-forgotten" "SEM_UNDO isn't honoured when a process ends";
        ZeroWaitersNotWoken "zero-waiters-not-woken" "those who wait for a semaphore to become zero aren't let go on";
        TimerLeftBehind "timer-left-behind" "who leaves a wait with a timeout leaves its timer behind";
    }

    /// 0: none; else one more than the fault's place.
    static PLANTED: AtomicUsize = AtomicUsize::new(0);

    /// Plants a fault for everything that runs in this process from now on, or takes it away.
    pub fn plant(fault: Option<Fault>) {
        PLANTED.store(fault.map_or(0, |fault| fault as usize + 1), Ordering::Relaxed);
    }

    /// Whether this fault is the one that is planted.
    #[inline]
    pub fn is_planted(fault: Fault) -> bool {
        PLANTED.load(Ordering::Relaxed) == fault as usize + 1
    }

    impl Fault {
        /// The fault with this name.
        pub fn from_name(name: &str) -> Option<Fault> {
            Fault::ALL.iter().copied().find(|fault| fault.name() == name)
        }
    }
}
