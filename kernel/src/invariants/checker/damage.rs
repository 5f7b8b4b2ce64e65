//! Damages of every kind, at slots chosen at random: a checker finds exactly those that a look at everything finds.

extern crate std;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::vec::Vec;

use abi::{
    Address, Fd, In, InArray, IpcFlags, Length, MapFlags, MsgFlags, OpenFlags, Out, OutBytes, Path, Protection,
    ShmFlags, Signal, SignalSet, Syscall, WaitStatus,
};

use crate::file::description::Open;
use crate::file::ring::Ring;
use crate::ids::*;
use crate::invariants::INVARIANTS;
use crate::invariants::tests::busy_machine;
use crate::ipc::held::Held;
use crate::ipc::mqueue::transfer::Exchange;
use crate::list::{Link, List};
use crate::mem::frame::References;
use crate::name::inode::Kind;
use crate::process::Life;
use crate::process::set::ProcessSet;
use crate::radix::{Node, Tree};
use crate::signal::queue::{Info, Pending};
use crate::table::{Entry, Slot, Table};
use crate::testing::{Machine, SCRATCH};
use crate::thread::{Next, QueueName, ThreadState, WaitsFor};
use crate::time::timer::{Notify, TimerState};
use crate::time::timer_queue::Alarm;

/// Numbers as good as random, always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % sides.max(1)
    }

    /// A slot in use, if there is one.
    fn slot<I: Slot, T: Entry, const N: usize, const W: usize>(&mut self, table: &Table<I, T, N, W>) -> Option<I> {
        let slots: Vec<I> = table.iter().map(|(slot, _)| slot).collect();
        slots.get(self.roll(slots.len())).copied()
    }

    /// A slot that may be in use, or none.
    fn maybe<I: Slot>(&mut self) -> Option<I> {
        (self.roll(4) > 0).then(|| I::at_index(self.roll(12)))
    }
}

/// Everything is in use: what the busy machine has, and who waits for message queues, semaphores, a FIFO and a signal.
fn full_machine() -> Machine {
    let mut machine = busy_machine();
    let anonymous = MapFlags::MAP_SHARED | MapFlags::MAP_ANONYMOUS;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let (address, length) = (Address(0), Length(8192));
    let map = Syscall::Mmap { address, length, protection, flags: anonymous, fd: Fd(-1), offset: 0 };
    let shared = machine.call(map) as u64;
    let thread = machine.current();
    machine.kernel.copy_out(&mut machine.host, thread, shared, b"shared").unwrap();
    let flags = IpcFlags::IPC_CREAT;
    machine.call(Syscall::Shmget { key: 7, size: Length(1), flags });
    machine.call(Syscall::Shmat { id: 0, address: Address(0), flags: ShmFlags::empty() });
    machine.call(Syscall::Semget { key: 8, count: 2, flags });
    machine.call(Syscall::Msgget { key: 9, flags });
    let queue = machine.queue();
    machine.set_real_uid(5);
    machine.make_queue(b"another\0");
    machine.set_real_uid(0);
    machine.put(b"fifo\0");
    let here = Fd(-100);
    machine.call(Syscall::Mknodat { directory: here, path: Path(SCRATCH), mode: 0o10600, device: 0 });
    let timer = Out::at(SCRATCH + 64);
    machine.call(Syscall::TimerCreate { clock: abi::ClockId::CLOCK_MONOTONIC, event: In::NULL, timer });
    let parent = machine.current();
    let mut wait_in = |call: Syscall| {
        let child = machine.fork();
        machine.run(child);
        machine.block(call);
        machine.run(parent);
    };
    wait_in(Syscall::Openat { directory: here, path: Path(SCRATCH), flags: OpenFlags::empty(), mode: 0 });
    let (message, length) = (OutBytes(SCRATCH), Length(8192));
    wait_in(Syscall::MqTimedreceive { queue, message, length, priority: Out::NULL, timeout: In::NULL });
    let message = Out::at(SCRATCH);
    wait_in(Syscall::Msgrcv { id: 0, message, size: Length(8), kind: 0, flags: MsgFlags::empty() });
    wait_in(Syscall::RtSigsuspend { mask: In::at(SCRATCH + 128), size: 8 });
    let mut bytes = [0; 12];
    abi::Layout::store(&abi::SemOperation { number: 1, op: 1, flags: 0x1000 }, &mut bytes[..6]);
    machine.put(&bytes);
    machine.call(Syscall::Semop { id: 0, operations: InArray::at(SCRATCH), count: Length(1) });
    abi::Layout::store(&abi::SemOperation { number: 0, op: -1, flags: 0 }, &mut bytes[..6]);
    machine.put(&bytes);
    let child = machine.fork();
    machine.run(child);
    machine.block(Syscall::Semop { id: 0, operations: InArray::at(SCRATCH), count: Length(1) });
    machine.run(parent);
    machine.accept();
    machine
}

type Damage = fn(&mut Machine, &mut Dice);

/// For a random slot of a table: what is done to its entry.
macro_rules! damages {
    ($($table:tt: [$($(($dice:ident))? |$entry:ident| $change:expr;)*])*) => { &[$(damages!(@one $table $($(($dice))? |$entry| $change;)*)),*] };
    (@one $table:tt $($(($dice:ident))? |$entry:ident| $change:expr;)*) => {
        &[$((|machine: &mut Machine, dice: &mut Dice| {
            if let Some(slot) = dice.slot(&damages!(@get machine $table)) {
                damages!(@dice dice $($dice)?);
                let $entry = damages!(@get machine $table).at_mut(slot);
                $change;
            }
        }) as Damage),*]
    };
    (@get $machine:ident {$($table:ident).+}) => { $machine.kernel.$($table).+ };
    (@dice $from:ident) => {};
    (@dice $from:ident $to:ident) => { let $to = $from; };
}

const DAMAGES: &[&[Damage]] = damages! {
    {processes}: [
        (dice) |entry| entry.parent = dice.maybe();
        |entry| entry.children = List::EMPTY;
        (dice) |entry| entry.sibling_link = Link { previous: dice.maybe(), next: None };
        (dice) |entry| entry.sibling_link.next = dice.maybe();
        (dice) |entry| entry.birth = dice.roll(9) as u64;
        |entry| entry.next_birth = 0;
        |entry| entry.zombies = List::EMPTY;
        (dice) |entry| entry.zombie_link.next = dice.maybe();
        |entry| entry.changed_children += 1;
        |entry| entry.waiting_for_children = List::EMPTY;
        |entry| entry.life = Life::Alive;
        |entry| entry.life = Life::Zombie(WaitStatus::Exited(1));
        |entry| entry.stopped = !entry.stopped;
        |entry| entry.unreported = Some(WaitStatus::Continued);
        |entry| entry.continued_untold = !entry.continued_untold;
        |entry| entry.adopted_changed = !entry.adopted_changed;
        |entry| entry.subreaper = !entry.subreaper;
        |entry| entry.has_terminal = !entry.has_terminal;
        (dice) |entry| entry.thread = ThreadNo(dice.roll(12) as u16);
        (dice) |entry| entry.number = NumberNo(dice.roll(12) as u16);
        (dice) |entry| entry.group = NumberNo(dice.roll(12) as u16);
        (dice) |entry| entry.session = NumberNo(dice.roll(12) as u16);
        |entry| entry.group_link = Link::NONE;
        |entry| entry.pid += 1;
        |entry| entry.space.table = Tree::EMPTY;
        |entry| { entry.space.regions.pop(); };
        (dice) |entry| { let fd = Fd(dice.roll(4) as i32); entry.descriptors.set(fd, crate::file::descriptor::Descriptor { file: FileNo(dice.roll(6) as u16), close_on_exec: false }) };
        |entry| entry.pending = Pending::NONE;
        |entry| entry.intervals.real.armed = !entry.intervals.real.armed;
        |entry| entry.timers = List::EMPTY;
        (dice) |entry| entry.actions = dice.maybe();
        (dice) |entry| entry.working_directory = dice.maybe();
        |entry| entry.undos = List::EMPTY;
    ]
    {threads}: [
        (dice) |entry| entry.process = ProcessNo(dice.roll(12) as u16);
        |entry| entry.state = ThreadState::Ready;
        |entry| entry.state = ThreadState::Stopped;
        |entry| entry.state = ThreadState::Running;
        |entry| entry.state = ThreadState::Blocked(WaitsFor::Signal);
        |entry| entry.next = Next::Access;
        |entry| entry.next = Next::Call;
        |entry| entry.call = None;
        |entry| entry.call = Some(crate::testing::wait());
        |entry| entry.progress += 1;
        |entry| entry.exchange = Exchange::Offers(MqMessageNo(0));
        |entry| entry.held = Held::Message(MessageNo(0));
        |entry| entry.held = Held::Nothing;
        |entry| entry.waiter.queue = None;
        |entry| entry.waiter.queue = Some(QueueName::Console);
        (dice) |entry| entry.waiter.queue = Some(QueueName::PipeReaders(PipeNo(dice.roll(2) as u16)));
        |entry| entry.waiter.link = Link::NONE;
        |entry| entry.waiter.woken = !entry.waiter.woken;
        |entry| entry.timer_us = Some(99_000_000);
        |entry| entry.timer_us = None;
        (dice) |entry| entry.run_link.next = dice.maybe();
        |entry| entry.blocked = SignalSet::all();
        |entry| entry.blocked = SignalSet::empty();
        |entry| entry.saved_mask = Some(SignalSet::UNBLOCKABLE);
        |entry| entry.pending = Pending::NONE;
    ]
    {files}: [
        |entry| entry.references += 1;
        |entry| entry.references -= 1;
        (dice) |entry| entry.open = Open::Pipe(PipeNo(dice.roll(4) as u16));
        |entry| entry.open = Open::Mqueue(MqueueNo(0));
        |entry| entry.flags = OpenFlags::O_RDWR;
        (dice) |entry| entry.inode = dice.maybe();
    ]
    {pipes}: [
        |entry| entry.readers += 1;
        |entry| entry.writers = 0;
        (dice) |entry| entry.fifo = dice.maybe();
        |entry| entry.waiting_readers = List::EMPTY;
        |entry| entry.waiting_writers = List::EMPTY;
        |entry| entry.ring = Ring::new(1);
    ]
    {inodes}: [
        |entry| entry.links += 1;
        |entry| entry.references = 0;
        (dice) |entry| entry.kind = Kind::Memory(ObjectNo(dice.roll(3) as u16));
        |entry| entry.kind = Kind::Fifo(crate::file::fifo::Fifo::CLOSED);
        |entry| entry.kind = Kind::Mqueue(MqueueNo(0));
    ]
    {names}: [
        (dice) |entry| entry.inode = InodeNo(dice.roll(12) as u16);
        (dice) |entry| entry.directory = InodeNo(dice.roll(12) as u16);
        |entry| entry.position += 7;
    ]
    {numbers.table}: [
        |entry| entry.value += 1;
        (dice) |entry| entry.process = dice.maybe();
        |entry| entry.members = List::EMPTY;
        |entry| entry.session_members += 1;
        (dice) |entry| entry.session = dice.maybe();
        |entry| entry.foreground = true;
    ]
    {mqueues}: [
        |entry| entry.max_messages += 1;
        (dice) |entry| entry.user = MqUserNo(dice.roll(3) as u16);
        |entry| entry.waiting_receivers = List::EMPTY;
    ]
    {mq_users.table}: [ |entry| entry.queues += 1; |entry| entry.bytes += 1; |entry| entry.uid += 1; ]
    {objects}: [
        |entry| entry.mappings += 1;
        |entry| entry.mapped_by = ProcessSet::EMPTY;
        (dice) |entry| entry.mapped_by.insert(ProcessNo(dice.roll(12) as u16));
        (dice) |entry| entry.mapped_by.remove(ProcessNo(dice.roll(12) as u16));
        |entry| entry.named = !entry.named;
        (dice) |entry| entry.segment = dice.maybe();
        |entry| entry.length = Some(0);
        |entry| entry.pages = Tree::EMPTY;
    ]
    {segments.table}: [ (dice) |entry| entry.object = ObjectNo(dice.roll(3) as u16); |entry| entry.removed = true; ]
    {queues.table}: [ |entry| entry.bytes += 1; |entry| entry.receivers = List::EMPTY; ]
    {sets.table}: [
        |entry| entry.size += 1;
        |entry| entry.complex_waiters += 1;
        |entry| entry.semaphores = Tree::EMPTY;
        |entry| entry.changers = List::EMPTY;
    ]
    {semaphores}: [
        |entry| entry.number += 1;
        |entry| entry.value += 1;
        |entry| entry.changers = List::EMPTY;
        |entry| entry.undos = List::EMPTY;
        (dice) |entry| entry.set = SetNo(dice.roll(3) as u16);
    ]
    {undos}: [
        |entry| entry.adjustment = 0;
        (dice) |entry| entry.process = ProcessNo(dice.roll(12) as u16);
        (dice) |entry| entry.semaphore = SemaphoreNo(dice.roll(3) as u16);
        |entry| entry.process_link = Link::NONE;
    ]
    {operations}: [ |entry| entry.op = 0; |entry| entry.next = None; |entry| entry.number += 1; ]
    {posix_timers}: [
        |entry| entry.notify = Notify::Nobody;
        |entry| entry.info = None;
        |entry| entry.state = TimerState::Pending;
        (dice) |entry| entry.process = ProcessNo(dice.roll(12) as u16);
    ]
    {infos}: [ |entry| entry.timer = None; |entry| entry.next = None; ]
    {frames.frames}: [ |entry| *entry = References::VACANT; ]
    {nodes}: [ |entry| *entry = Node::VACANT; ]
};

/// Frees a slot, or takes one, of each table.
macro_rules! slots {
    ($($($table:ident).+,)*) => {&[$(
        |machine: &mut Machine, dice: &mut Dice| {
            if let Some(slot) = dice.slot(&machine.kernel.$($table).+) {
                machine.kernel.$($table).+.free(slot);
            }
        },
        |machine: &mut Machine, _: &mut Dice| {
            machine.kernel.$($table).+.take();
        },
    )*]};
}

const SLOTS: &[Damage] = slots! {
    processes, threads, numbers.table, files, pipes, mqueues, mq_messages, mq_users.table, inodes, names, frames.frames,
    objects, segments.table, queues.table, messages, sets.table, semaphores, undos, operations, places, nodes, actions,
    infos, posix_timers,
};

const OTHERS: &[Damage] = &[
    |machine, dice| machine.kernel.cpu_mut(CpuNo(0)).current = dice.maybe(),
    |machine, _| machine.kernel.cpu_mut(CpuNo(0)).now_us += 60_000_000,
    |machine, _| machine.kernel.cpu_mut(CpuNo(0)).scheduler = crate::sched::policy::Scheduler::DEFAULT,
    |machine, _| machine.kernel.tty.present = true,
    |machine, dice| machine.kernel.tty.foreground = dice.maybe(),
    |machine, _| machine.kernel.console.input = Ring::new(0),
    |machine, _| machine.kernel.segment_pages += 1,
    |machine, _| machine.kernel.subreapers += 1,
    |machine, _| machine.kernel.numbers.by_value = Tree::EMPTY,
    |machine, _| machine.kernel.segments.keys = Tree::EMPTY,
    |machine, _| machine.kernel.sets.keys = Tree::EMPTY,
    |machine, _| machine.kernel.mq_users.by_uid = Tree::EMPTY,
    |machine, dice| {
        // A user of queues isn't found, or another is.
        let (uid, slot) = (dice.roll(8) as u64, dice.roll(4) as u32);
        machine.kernel.mq_users.by_uid.set(&mut machine.kernel.nodes, uid, slot).unwrap();
    },
    |machine, _| machine.kernel.name_index.buckets.clear(),
    |machine, dice| {
        let bucket = dice.roll(machine.kernel.name_index.buckets.len());
        machine.kernel.name_index.buckets[bucket] = None;
    },
    |machine, dice| {
        let buckets = machine.kernel.name_index.buckets.len();
        machine.kernel.name_index.buckets.swap(dice.roll(buckets), dice.roll(buckets));
    },
    |machine, dice| {
        let buckets = machine.kernel.name_index.buckets.len();
        let (from, to) = (dice.roll(buckets), dice.roll(buckets));
        machine.kernel.name_index.buckets[to] = machine.kernel.name_index.buckets[from];
    },
    |machine, _| {
        // One bucket more or less, and nobody moves.
        machine.kernel.name_index.buckets.pop();
    },
    |machine, _| machine.kernel.name_index.buckets.push(None).unwrap(),
    |machine, dice| machine.kernel.timers.insert(70_000_000, Alarm::Sleeper(ThreadNo(dice.roll(12) as u16))),
    |machine, dice| {
        let frame = dice.slot(&machine.kernel.frames.frames).unwrap();
        machine.kernel.frames.share(frame);
    },
    |machine, dice| {
        // Some bits of a page table entry change.
        let process = dice.slot(&machine.kernel.processes).unwrap();
        let mut table = machine.kernel.processes.at(process).space.table;
        let entries: Vec<(u64, u32)> = table.iter(&machine.kernel.nodes).collect();
        if let Some((page, value)) = entries.get(dice.roll(entries.len())) {
            let changed = value ^ [1, 1 << 16, 1 << 17, 1 << 18, 1 << 19][dice.roll(5)];
            let _ = table.set(&mut machine.kernel.nodes, *page, changed);
        }
    },
    |machine, dice| {
        let process = dice.slot(&machine.kernel.processes).unwrap();
        let info = Info::kernel(Signal::SIGTERM, 0);
        machine.kernel.processes.at_mut(process).pending.add(&mut machine.kernel.infos, info);
    },
    |machine, dice| {
        let thread = dice.slot(&machine.kernel.threads).unwrap();
        machine.kernel.leave_queue(thread);
    },
    |machine, dice| {
        let thread = dice.slot(&machine.kernel.threads).unwrap();
        let info = Info::kernel(Signal::SIGUSR1, 0);
        machine.kernel.threads.at_mut(thread).pending.add(&mut machine.kernel.infos, info);
    },
];

std::thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Bugs of the kernel panic, and nothing is said of panics while this thread is quiet.
fn expect_panics() {
    crate::set_bug_hook(|what| panic!("bug in the kernel: {what}"));
    let before = std::panic::take_hook();
    std::panic::set_hook(std::boxed::Box::new(move |info| {
        if !QUIET.get() {
            before(info);
        }
    }));
}

/// What is found, if the damage doesn't go so deep that looking at it is a bug of the kernel.
fn attempt<R>(look: impl FnOnce() -> R) -> Option<R> {
    QUIET.set(true);
    let result = catch_unwind(AssertUnwindSafe(look)).ok();
    QUIET.set(false);
    result
}

#[test]
fn a_checker_finds_what_a_look_at_everything_finds() {
    const ROUNDS: usize = 12;
    expect_panics();
    let mut machine = full_machine();
    let (sound, checker) = (machine.kernel.clone(), machine.checker.clone());
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let (mut broken, mut bugs, mut found) = (0, 0, std::collections::BTreeSet::new());
    let damages: Vec<Damage> = DAMAGES.iter().copied().flatten().chain(SLOTS).chain(OTHERS).copied().collect();
    for (index, damage) in damages.iter().enumerate() {
        for round in 0..ROUNDS {
            machine.kernel.clone_from(&sound);
            let mut checker = checker.clone();
            if attempt(|| damage(&mut machine, &mut dice)).is_none() {
                continue;
            }
            assert!(checker.follows(&machine.kernel));
            let Some(expected) = attempt(|| machine.kernel.check()) else { continue };
            let full_checks = checker.full_checks();
            let Some(result) = attempt(|| checker.check(&mut machine.kernel)) else {
                assert!(expected.is_err(), "damage {index} in round {round} is none, and a bug to the checker");
                bugs += 1;
                continue;
            };
            assert_eq!(result, expected, "damage {index} in round {round}");
            let doubts = checker.full_checks() - full_checks;
            assert_eq!(doubts, u64::from(expected.is_err()), "damage {index} in round {round}: {expected:?}");
            if let Err(violation) = expected {
                broken += 1;
                found.insert(violation.name);
            }
        }
    }
    let all = damages.len() * ROUNDS;
    assert!(broken > all / 2, "{broken} of {all} damages break an invariant");
    assert!(bugs < all / 50, "{bugs} of {all} damages are bugs when the checker comes across them");
    assert!(found.len() > INVARIANTS.len() * 2 / 3, "{found:?}");
}
