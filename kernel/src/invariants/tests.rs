//! Breaks each invariant on purpose, and sees it found.

use abi::{
    Address, Fd, In, InArray, InBytes, IpcFlags, Length, MsgFlags, Out, OutBytes, ShmFlags, Signal, SignalSet, Syscall,
    WaitStatus,
};

use super::INVARIANTS;
use crate::ids::{
    ActionsNo, CpuNo, FrameNo, MqUserNo, MqueueNo, ObjectNo, PipeNo, PlaceNo, ProcessNo, QueueNo, SemaphoreNo,
    ThreadNo, TimerNo,
};
use crate::ipc::message::Message;
use crate::ipc::mqueue::message::MqMessage;
use crate::ipc::mqueue::queue::Mqueue;
use crate::ipc::undo::Undo;
use crate::limits::MQUEUE_MESSAGES;
use crate::list::List;
use crate::mem::object::Object;
use crate::name::plant::ROOT;
use crate::process::Life;
use crate::process::set::ProcessSet;
use crate::radix::Tree;
use crate::sched::wait_index::{Place, WaitIndex};
use crate::signal::action::{Action, IGNORE};
use crate::signal::queue::{Info, Pending};
use crate::table::Entry;
use crate::testing::{Machine, SCRATCH, read, sleep, wait, write};
use crate::thread::{Next, ThreadState};
use crate::time::timer::{Timer, TimerState};
use crate::time::timer_queue::Alarm;

/// A machine with everything in use: PID 1 waits for its children; one child waits to read a pipe, one to write another,
/// one sleeps, one is a zombie, one runs.
pub(super) fn busy_machine() -> Machine {
    let mut machine = Machine::new();
    machine.put(&[1; 16]);
    let (empty, _) = machine.pipe();
    let (_, full) = machine.pipe();
    let filled = machine.call(write(full, 65536));
    assert_eq!(filled, 65536);
    let children = [machine.fork(), machine.fork(), machine.fork(), machine.fork(), machine.fork()];
    machine.block_in_wait_on_nobody();
    machine.run(children[0]);
    machine.block(read(empty, 1));
    machine.run(children[1]);
    machine.block(write(full, 1));
    machine.run(children[2]);
    machine.set_sleep(5);
    machine.block(sleep());
    machine.run(children[3]);
    machine.exit(3);
    machine.run(children[4]);
    machine.accept();
    machine
}

impl Machine {
    /// PID 1 waits for a child of its own that never ends: the one that reads.
    fn block_in_wait_on_nobody(&mut self) {
        let Syscall::Wait4 { status, options, rusage, .. } = wait() else { return };
        self.block(Syscall::Wait4 { pid: abi::Pid(2), status, options, rusage });
    }

    fn set_sleep(&mut self, seconds: i64) {
        let mut bytes = [0; 16];
        abi::Layout::store(&abi::Timespec { sec: seconds, nsec: 0 }, &mut bytes);
        self.put(&bytes);
    }

    /// The running process opens a message queue that it makes.
    pub(super) fn queue(&mut self) -> Fd {
        Fd(self.make_queue(b"queue\0") as i32)
    }

    fn slot(&self, pid: u32) -> ProcessNo {
        self.kernel.process_by_pid(pid).unwrap().slot
    }

    fn thread(&self, pid: u32) -> ThreadNo {
        self.kernel.processes.at(self.slot(pid)).thread
    }
}

/// Breaks the state, and sees the invariant with this name found to be broken.
#[track_caller]
fn breaks(name: &str, damage: impl FnOnce(&mut Machine)) {
    let mut machine = busy_machine();
    damage(&mut machine);
    let invariant = INVARIANTS.iter().find(|invariant| invariant.name == name).expect("an invariant of that name");
    assert!(invariant.check(&machine.kernel).is_err(), "{name} isn't found to be broken");
    let found = machine.kernel.check();
    assert!(found.is_err());
    // The checker has accepted the state before, so it knows by what was touched.
    assert!(machine.checker.follows(&machine.kernel));
    assert_eq!(machine.checker.check(&mut machine.kernel), found);
    assert!(!machine.checker.follows(&machine.kernel));
    assert_eq!(machine.checker.check(&mut machine.kernel), found);
}

// PIDs in the busy machine: 1 waits, 2 reads, 3 writes, 4 sleeps, 5 is a zombie, 6 runs.

#[test]
fn a_child_that_is_in_no_list_is_found() {
    breaks("tree", |machine| {
        let (parent, child) = (machine.slot(1), machine.slot(4));
        machine.kernel.remove_child(parent, child);
    });
}

#[test]
fn a_child_with_another_parent_is_found() {
    breaks("tree", |machine| {
        let (child, other) = (machine.slot(4), machine.slot(3));
        machine.kernel.processes.at_mut(child).parent = Some(other);
    });
}

#[test]
fn a_zombie_that_is_not_listed_is_found() {
    breaks("zombies", |machine| {
        let parent = machine.slot(1);
        machine.kernel.processes.at_mut(parent).zombies = List::EMPTY;
    });
}

#[test]
fn a_change_that_is_not_counted_is_found() {
    breaks("zombies", |machine| {
        let child = machine.slot(4);
        machine.kernel.processes.at_mut(child).unreported = Some(WaitStatus::Continued);
    });
}

#[test]
fn a_zombie_with_a_descriptor_is_found() {
    breaks("zombie-owns-nothing", |machine| {
        let (zombie, other) = (machine.slot(5), machine.slot(6));
        let descriptor = machine.kernel.processes.at(other).descriptors.get(Fd(0)).unwrap();
        machine.kernel.processes.at_mut(zombie).descriptors.set(Fd(0), descriptor);
    });
}

#[test]
fn a_blocked_thread_without_a_queue_is_found() {
    breaks("thread-state", |machine| {
        let reader = machine.thread(2);
        machine.kernel.leave_queue(reader);
    });
}

#[test]
fn a_thread_that_runs_nowhere_is_found() {
    breaks("thread-state", |machine| {
        machine.kernel.cpu_mut(CpuNo(0)).current = None;
    });
}

#[test]
fn a_thread_whose_call_is_forgotten_is_found() {
    breaks("thread-state", |machine| {
        let reader = machine.thread(2);
        machine.kernel.threads.at_mut(reader).next = Next::Access;
    });
}

#[test]
fn a_stopped_process_that_could_run_is_found() {
    breaks("stopped-runs-nothing", |machine| {
        let process = machine.slot(6);
        machine.kernel.processes.at_mut(process).stopped = true;
    });
}

#[test]
fn a_signal_that_stays_behind_when_user_code_goes_on_is_found() {
    let mut machine = busy_machine();
    let runs = machine.current();
    assert_eq!(machine.kernel.check_resumed(runs), Ok(()));
    let info = Info::kernel(Signal::SIGTERM, 0);
    machine.kernel.threads.at_mut(runs.slot).pending.add(&mut machine.kernel.infos, info);
    assert_eq!(machine.kernel.check_resumed(runs).unwrap_err().name, "delivered");
}

#[test]
fn a_ready_thread_outside_of_the_run_queue_is_found() {
    breaks("queues", |machine| {
        let reader = machine.thread(2);
        machine.kernel.threads.at_mut(reader).state = ThreadState::Ready;
    });
}

#[test]
fn a_sleeper_that_the_timer_forgot_is_found() {
    breaks("alarms", |machine| {
        let sleeper = machine.thread(4);
        let due_us = machine.kernel.threads.at(sleeper).timer_us.unwrap();
        machine.kernel.timers.remove(due_us, Alarm::Sleeper(sleeper));
    });
}

#[test]
fn an_interval_timer_that_the_timer_queue_does_not_know_is_found() {
    breaks("alarms", |machine| {
        let process = machine.slot(6);
        machine.kernel.processes.at_mut(process).intervals.real.armed = true;
    });
}

#[test]
fn a_timer_that_no_process_has_is_found() {
    breaks("timers", |machine| {
        let process = machine.slot(6);
        machine.kernel.posix_timers.insert(Timer { process, ..Timer::VACANT }).unwrap();
    });
}

#[test]
fn a_timer_whose_signal_is_not_pending_as_it_says_is_found() {
    breaks("timers", |machine| {
        let timer = Out::at(crate::testing::SCRATCH);
        let create = Syscall::TimerCreate { clock: abi::ClockId::CLOCK_MONOTONIC, event: abi::In::NULL, timer };
        assert_eq!(machine.call(create), 0);
        machine.accept();
        machine.kernel.posix_timers.at_mut(TimerNo(0)).state = TimerState::Pending;
    });
}

#[test]
fn a_reader_that_sleeps_over_data_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let pipe = PipeNo(0);
        let frames = &mut machine.kernel.frames;
        let ring = &mut machine.kernel.pipes.at_mut(pipe).ring;
        ring.tail_piece(frames, &mut machine.host).unwrap();
        ring.pushed(1);
    });
}

#[test]
fn a_writer_that_sleeps_beside_room_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let ring = &mut machine.kernel.pipes.at_mut(PipeNo(1)).ring;
        ring.popped(&mut machine.kernel.frames, &mut machine.host, 4096);
    });
}

#[test]
fn a_parent_that_sleeps_over_a_zombie_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let parent = machine.thread(1);
        machine.kernel.threads.at_mut(parent).call = Some(wait());
    });
}

#[test]
fn a_sleeper_with_a_signal_to_take_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let sleeper = machine.slot(4);
        let info = Info::kernel(Signal::SIGTERM, 0);
        machine.kernel.processes.at_mut(sleeper).pending.add(&mut machine.kernel.infos, info);
    });
}

#[test]
fn a_sleeper_whose_time_has_passed_is_found() {
    breaks("no-lost-wakeup", |machine| machine.kernel.cpu_mut(CpuNo(0)).now_us = 60_000_000);
}

#[test]
fn a_miscounted_description_is_found() {
    breaks("file-references", |machine| {
        let file = machine.kernel.processes.at(machine.slot(6)).descriptors.get(Fd(1)).unwrap().file;
        machine.kernel.files.at_mut(file).references += 1;
    });
}

#[test]
fn a_miscounted_pipe_end_is_found() {
    breaks("pipe-ends", |machine| machine.kernel.pipes.at_mut(PipeNo(0)).writers -= 1);
}

#[test]
fn a_queue_that_is_charged_to_nobody_is_found() {
    breaks("mqueues", |machine| {
        machine.queue();
        machine.kernel.mqueues.at_mut(MqueueNo(0)).user = MqUserNo(7);
    });
}

#[test]
fn a_queue_that_is_charged_to_another_is_found() {
    breaks("mqueues", |machine| {
        machine.queue();
        machine.set_real_uid(5);
        machine.make_queue(b"another\0");
        machine.kernel.mqueues.at_mut(MqueueNo(1)).user = MqUserNo(0);
    });
}

#[test]
fn a_user_with_queues_who_is_not_found_is_found() {
    breaks("mqueues", |machine| {
        machine.queue();
        machine.kernel.mq_users.by_uid.set(&mut machine.kernel.nodes, 0, 0).unwrap();
    });
}

#[test]
fn a_user_without_queues_who_is_found_is_found() {
    breaks("mqueues", |machine| {
        machine.queue();
        machine.kernel.mq_users.by_uid.set(&mut machine.kernel.nodes, 1000, 1).unwrap();
    });
}

#[test]
fn a_queue_without_a_name_is_found() {
    breaks("mqueues", |machine| {
        machine.kernel.mqueues.insert(Mqueue::new(1, 1, MqUserNo(0))).unwrap();
    });
}

#[test]
fn a_message_that_is_nowhere_is_found() {
    breaks("mqueue-messages", |machine| {
        machine.kernel.mq_messages.insert(MqMessage::VACANT).unwrap();
    });
}

#[test]
fn a_receiver_that_sleeps_over_a_message_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let queue = machine.queue();
        let (message, length) = (OutBytes(SCRATCH), Length(8192));
        machine.block(Syscall::MqTimedreceive { queue, message, length, priority: Out::NULL, timeout: In::NULL });
        machine.accept();
        let message = machine.kernel.mq_messages.insert(MqMessage::VACANT).unwrap();
        machine.kernel.insert_mq_message(MqueueNo(0), message);
    });
}

#[test]
fn a_sender_that_sleeps_beside_room_in_a_queue_is_found() {
    breaks("no-lost-wakeup", |machine| {
        let queue = machine.queue();
        let (message, length) = (InBytes(SCRATCH), Length(3));
        let send = Syscall::MqTimedsend { queue, message, length, priority: 0, timeout: In::NULL };
        for _ in 0..MQUEUE_MESSAGES {
            assert_eq!(machine.call(send), 0);
        }
        machine.block(send);
        machine.kernel.mqueues.at_mut(MqueueNo(0)).max_messages += 1;
    });
}

#[test]
fn a_frame_with_a_reference_too_many_is_found() {
    breaks("frame-references", |machine| machine.kernel.frames.share(FrameNo(0)));
}

#[test]
fn a_frame_that_nobody_gave_back_is_found() {
    breaks("frame-references", |machine| {
        machine.kernel.frames.take(&mut machine.host).unwrap();
    });
}

#[test]
fn an_object_that_nobody_maps_is_found() {
    breaks("object-mappings", |machine| {
        let object = Object { mappings: 1, ..Object::VACANT };
        assert_eq!(machine.kernel.objects.insert(object), Ok(ObjectNo(0)));
    });
}

#[test]
fn an_object_that_knows_the_wrong_processes_is_found() {
    let insert: fn(&mut ProcessSet, ProcessNo) = |set, process| set.insert(process);
    for (change, pid) in [(insert, 2), (|set, process| set.remove(process), 6)] {
        breaks("object-mappings", |machine| {
            let flags = IpcFlags::IPC_CREAT;
            machine.call(Syscall::Shmget { key: 7, size: Length(1), flags });
            machine.call(Syscall::Shmat { id: 0, address: Address(0), flags: ShmFlags::empty() });
            machine.accept();
            let process = machine.slot(pid);
            change(&mut machine.kernel.objects.at_mut(ObjectNo(0)).mapped_by, process);
        });
    }
}

#[test]
fn segments_whose_pages_are_miscounted_are_found() {
    breaks("segments", |machine| machine.kernel.segment_pages += 1);
}

#[test]
fn a_segment_without_its_key_is_found() {
    breaks("segments", |machine| {
        let flags = IpcFlags::IPC_CREAT;
        machine.call(Syscall::Shmget { key: 7, size: Length(1), flags });
        machine.accept();
        machine.kernel.segments.keys.set(&mut machine.kernel.nodes, 7, 0).unwrap();
    });
}

#[test]
fn a_message_that_stands_nowhere_is_found() {
    breaks("messages", |machine| {
        machine.kernel.messages.insert(Message { kind: 1, ..Message::VACANT }).unwrap();
    });
}

impl Machine {
    /// A set of two semaphores and an empty queue, each the first of its kind.
    fn make_set_and_queue(&mut self) {
        let flags = IpcFlags::IPC_CREAT;
        assert_eq!(self.call(Syscall::Semget { key: 0, count: 2, flags }), 0);
        assert_eq!(self.call(Syscall::Msgget { key: 0, flags }), 0);
        self.accept();
    }
}

#[test]
fn a_semaphore_with_another_number_is_found() {
    breaks("semaphores", |machine| {
        machine.make_set_and_queue();
        machine.kernel.semaphores.at_mut(SemaphoreNo(0)).number = 1;
    });
}

#[test]
fn an_undo_that_nobody_knows_of_is_found() {
    breaks("undos", |machine| {
        machine.make_set_and_queue();
        let undo = Undo { process: machine.slot(6), semaphore: SemaphoreNo(0), adjustment: 1, ..Undo::VACANT };
        machine.kernel.undos.insert(undo).unwrap();
    });
}

#[test]
fn a_receiver_that_sleeps_over_a_system_v_message_is_found() {
    breaks("ipc-sleepers", |machine| {
        machine.make_set_and_queue();
        let (message, flags) = (Out::at(SCRATCH), MsgFlags::empty());
        machine.block(Syscall::Msgrcv { id: 0, message, size: Length(0), kind: 0, flags });
        machine.accept();
        let kernel = &mut *machine.kernel;
        let message = kernel.messages.insert(Message { kind: 1, ..Message::VACANT }).unwrap();
        kernel.queues.table.at_mut(QueueNo(0)).messages.push(&mut kernel.messages, message);
    });
}

#[test]
fn an_index_that_has_forgotten_a_wish_is_found() {
    breaks("wait-indexes", |machine| {
        machine.make_set_and_queue();
        let (message, flags) = (Out::at(SCRATCH), MsgFlags::empty());
        machine.block(Syscall::Msgrcv { id: 0, message, size: Length(0), kind: 3, flags });
        machine.accept();
        machine.kernel.places.at_mut(PlaceNo(0)).all = Place::VACANT.all;
    });
}

#[test]
fn an_index_that_has_lost_a_waiter_is_found() {
    breaks("wait-indexes", |machine| {
        machine.make_set_and_queue();
        let (message, flags) = (Out::at(SCRATCH), MsgFlags::empty());
        machine.block(Syscall::Msgrcv { id: 0, message, size: Length(0), kind: 3, flags });
        machine.accept();
        machine.kernel.queues.table.at_mut(QueueNo(0)).receiver_index = WaitIndex::EMPTY;
    });
}

#[test]
fn a_thread_that_sleeps_beside_a_semaphore_that_has_grown_is_found() {
    breaks("ipc-sleepers", |machine| {
        machine.make_set_and_queue();
        let mut bytes = [0; 6];
        abi::Layout::store(&abi::SemOperation { number: 1, op: -1, flags: 0 }, &mut bytes);
        machine.put(&bytes);
        machine.block(Syscall::Semop { id: 0, operations: InArray::at(SCRATCH), count: Length(1) });
        machine.accept();
        machine.kernel.semaphores.at_mut(SemaphoreNo(1)).value = 1;
    });
}

#[test]
fn a_miscounted_set_of_actions_is_found() {
    breaks("action-references", |machine| {
        let process = machine.slot(6);
        machine.kernel.set_action(process, Signal::SIGINT, Action { handler: IGNORE, ..Action::DEFAULT });
        machine.kernel.share_actions(Some(ActionsNo(0)));
    });
}

#[test]
fn details_of_a_signal_that_is_not_pending_are_found() {
    breaks("queued-signals", |machine| {
        let mut lost = Pending::NONE;
        lost.add(&mut machine.kernel.infos, Info::kernel(Signal::SIGTERM, 0));
    });
}

#[test]
fn a_number_that_nobody_goes_by_is_found() {
    breaks("numbers", |machine| {
        machine.kernel.numbers.take(&mut machine.kernel.nodes).unwrap();
    });
}

#[test]
fn a_lost_node_is_found() {
    breaks("nodes", |machine| {
        let mut lost = Tree::<3>::EMPTY;
        lost.set(&mut machine.kernel.nodes, 7, 7).unwrap();
    });
}

#[test]
fn a_private_page_that_two_may_write_is_found() {
    breaks("no-shared-writable", |machine| {
        let slot = machine.slot(6);
        let mut table = machine.kernel.processes.at(slot).space.table;
        // What fork has write-protected becomes writable, without a copy.
        let entries: heapless::Vec<(u64, u32), 16> = table.iter(&machine.kernel.nodes).take(16).collect();
        for (page, value) in entries {
            table.set(&mut machine.kernel.nodes, page, value | 1 << 18).unwrap();
        }
    });
}

#[test]
fn a_ring_beyond_its_capacity_is_found() {
    breaks("rings", |machine| {
        machine.kernel.pipes.at_mut(PipeNo(1)).ring.pushed(1);
    });
}

#[test]
fn a_working_directory_that_is_not_counted_is_found() {
    breaks("inode-references", |machine| {
        let slot = machine.slot(6);
        machine.kernel.processes.at_mut(slot).working_directory = None;
    });
}

#[test]
fn a_name_with_too_many_links_is_found() {
    breaks("inode-references", |machine| {
        let console = machine.kernel.console_inode().unwrap();
        machine.kernel.inodes.at_mut(console).links += 1;
    });
}

#[test]
fn a_name_that_is_not_in_the_index_is_found() {
    breaks("names", |machine| machine.kernel.name_index.buckets.iter_mut().for_each(|bucket| *bucket = None));
}

#[test]
fn a_directory_that_lies_in_itself_is_found() {
    breaks("names", |machine| {
        let name = machine.kernel.find_name(ROOT, b"dev").unwrap();
        let devices = machine.kernel.names.at(name).inode;
        machine.kernel.directory_mut(devices).parent = devices;
    });
}

#[test]
fn a_pipe_whose_fifo_does_not_know_it_is_found() {
    breaks("fifos", |machine| machine.kernel.pipes.at_mut(PipeNo(0)).fifo = Some(ROOT));
}

#[test]
fn a_thread_that_blocks_sigkill_is_found() {
    breaks("unblockable", |machine| {
        let thread = machine.thread(6);
        machine.kernel.threads.at_mut(thread).blocked = SignalSet::UNBLOCKABLE;
    });
}

#[test]
fn a_terminal_without_a_terminal_is_found() {
    breaks("terminal", |machine| machine.kernel.tty.stopped = true);
}

#[test]
fn a_process_whose_session_does_not_have_its_terminal_is_found() {
    breaks("terminal", |machine| {
        machine.kernel.tty.present = true;
        let slot = machine.slot(6);
        machine.kernel.processes.at_mut(slot).has_terminal = true;
    });
}

#[test]
fn a_line_that_ends_where_there_are_no_lines_is_found() {
    breaks("terminal", |machine| {
        let terminal = &mut machine.kernel.tty;
        terminal.switch_on(abi::WindowSize::default());
        terminal.settings.make_raw();
        terminal.input.end_line(b'x');
    });
}

#[test]
fn every_invariant_is_broken_by_a_test() {
    let tests = include_str!("tests.rs");
    for invariant in INVARIANTS {
        let broken = tests.matches("breaks(").zip(tests.split("breaks(").skip(1));
        let found = broken.filter(|(_, rest)| rest.starts_with(&*std::format!("\"{}\"", invariant.name))).count();
        assert!(found > 0, "no test breaks {}", invariant.name);
    }
}

#[test]
fn the_sleeping_machine_is_whole_and_its_zombie_is_one() {
    let machine = busy_machine();
    let zombie = machine.kernel.processes.at(machine.slot(5));
    assert_eq!(zombie.life, Life::Zombie(WaitStatus::Exited(3)));
    assert_eq!(crate::thread::Thread::VACANT.call, None);
}

extern crate std;
