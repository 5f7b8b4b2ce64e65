//! What only a process can show that is driven call by call: signals to PID 1, alternate stacks, memory that runs out in
//! the middle of a call. Each is the regression test of a bug.

use abi::*;
use kernel::ProcessId;
use sim::chooser::Default as Policy;
use sim::scripted::{Answer, Request, Scripted, fork, map_fixed};

const SCRATCH: u64 = Scripted::SCRATCH;

/// The process makes a call that returns at once.
fn call(machine: &mut Scripted, process: ProcessId, call: Syscall) -> Result<i64, Errno> {
    machine.ask(process, Request::Call(call));
    machine.settle(&mut Policy);
    machine.kernel().check().expect("the invariants hold");
    match machine.take_answers().as_slice() {
        [(_, Answer::Returned(result))] => *result,
        other => panic!("{call:?} gave {other:?}"),
    }
}

fn put<T: Layout>(machine: &mut Scripted, process: ProcessId, value: &T) {
    let mut bytes = vec![0; T::SIZE];
    value.store(&mut bytes);
    machine.put(process, SCRATCH, &bytes).expect("the scratch area can be written");
}

fn set_action(machine: &mut Scripted, process: ProcessId, signal: Signal, handler: u64) {
    put(machine, process, &SigAction { handler, ..SigAction::default() });
    let signal = SignalNumber(signal.number().into());
    let action = Syscall::RtSigaction { signal, new: In::at(SCRATCH), old: Out::NULL, size: 8 };
    assert_eq!(call(machine, process, action), Ok(0));
}

fn set_mask(machine: &mut Scripted, process: ProcessId, mask: SignalSet) {
    put(machine, process, &mask);
    let how = MaskHow::SIG_SETMASK;
    let mask = Syscall::RtSigprocmask { how, set: In::at(SCRATCH), old: Out::NULL, size: 8 };
    assert_eq!(call(machine, process, mask), Ok(0));
}

fn send(machine: &mut Scripted, from: ProcessId, pid: i32, signal: Signal) {
    let kill = Syscall::Kill { pid: Pid(pid), signal: SignalNumber(signal.number().into()) };
    assert_eq!(call(machine, from, kill), Ok(0));
}

#[test]
fn a_signal_that_pid_1_blocks_waits_for_it() {
    let (mut machine, first) = Scripted::boot(false).unwrap();
    let set = SignalSet::of(Signal::SIGUSR1);
    set_mask(&mut machine, first, set);
    send(&mut machine, first, 1, Signal::SIGUSR1);
    put(&mut machine, first, &set);
    let wait = Syscall::RtSigtimedwait { set: In::at(SCRATCH), info: Out::NULL, timeout: In::NULL, size: 8 };
    assert_eq!(call(&mut machine, first, wait), Ok(Signal::SIGUSR1.number().into()));
}

#[test]
fn a_signal_that_was_caught_when_it_was_sent_does_not_end_pid_1() {
    let (mut machine, first) = Scripted::boot(false).unwrap();
    set_action(&mut machine, first, Signal::SIGUSR1, 0x1000);
    set_mask(&mut machine, first, SignalSet::of(Signal::SIGUSR1));
    send(&mut machine, first, 1, Signal::SIGUSR1);
    set_action(&mut machine, first, Signal::SIGUSR1, 0);
    set_mask(&mut machine, first, SignalSet::empty());
    assert_eq!(machine.kernel().halted(), None);
    assert_eq!(call(&mut machine, first, Syscall::Getpid {}), Ok(1));
}

#[test]
fn the_alternate_stack_is_inherited_by_a_child() {
    let (mut machine, first) = Scripted::boot(false).unwrap();
    let stack = StackDescription { base: 0x10_0000, flags: 0, pad: 0, size: 8192 };
    put(&mut machine, first, &stack);
    assert_eq!(call(&mut machine, first, Syscall::Sigaltstack { new: In::at(SCRATCH), old: Out::NULL }), Ok(0));
    assert_eq!(call(&mut machine, first, fork()), Ok(2));
    let child = machine.kernel().process_by_pid(2).unwrap();
    assert_eq!(call(&mut machine, child, Syscall::Sigaltstack { new: In::NULL, old: Out::at(SCRATCH) }), Ok(0));
    assert_eq!(machine.load::<StackDescription>(child, SCRATCH), Ok(stack));
}

#[test]
fn a_protection_that_is_set_to_what_it_was_leaves_no_seam() {
    let (mut machine, first) = Scripted::boot(false).unwrap();
    let regions = |machine: &Scripted| machine.kernel().process(first).unwrap().space.regions.iter().count();
    let before = regions(&machine);
    let (address, length) = (Address(SCRATCH), Length(4096));
    for protection in [Protection::PROT_READ, Protection::PROT_READ | Protection::PROT_WRITE] {
        assert_eq!(call(&mut machine, first, Syscall::Mprotect { address, length, protection }), Ok(0));
    }
    assert_eq!(regions(&machine), before);
}

#[test]
fn a_small_write_for_which_memory_runs_out_moves_nothing() {
    let (mut machine, first) = Scripted::boot(false).unwrap();
    let pipe = Syscall::Pipe2 { fds: Out::at(SCRATCH), flags: OpenFlags::O_NONBLOCK };
    assert_eq!(call(&mut machine, first, pipe), Ok(0));
    let write = |address: u64, bytes: u64| Syscall::Write { fd: Fd(1), buffer: InBytes(address), count: Length(bytes) };
    assert_eq!(call(&mut machine, first, write(SCRATCH, 100)), Ok(100));
    // A page that nobody has touched, and one frame for it: none is left for the pipe's second page.
    let untouched = 0x2_0000_0000;
    let protection = Protection::PROT_READ | Protection::PROT_WRITE;
    let page = map_fixed(untouched, 4096, protection, MapFlags::MAP_PRIVATE);
    assert_eq!(call(&mut machine, first, page), Ok(untouched as i64));
    let filler = 0x3_0000_0000;
    let free = free_frames(&machine);
    let all = map_fixed(filler, free * 4096, protection, MapFlags::MAP_PRIVATE);
    assert_eq!(call(&mut machine, first, all), Ok(filler as i64));
    let mut at = filler;
    while free_frames(&machine) > 1 {
        machine.ask(first, Request::Store { address: at, byte: 1 });
        machine.settle(&mut Policy);
        machine.take_answers();
        at += 4096;
    }
    assert_eq!(call(&mut machine, first, write(untouched, 4096)), Err(Errno::ENOMEM));
    let read = Syscall::Read { fd: Fd(0), buffer: OutBytes(SCRATCH), count: Length(8192) };
    assert_eq!(call(&mut machine, first, read), Ok(100));
}

fn free_frames(machine: &Scripted) -> u64 {
    let used = machine.kernel().tables_in_use().iter().find(|(name, _)| *name == "frames").expect("frames").1;
    (kernel::limits::FRAMES - used) as u64
}
