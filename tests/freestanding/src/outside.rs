//! What a machine asks of the kernel from outside: time, the console and its terminal, signals that nobody inside sent, and all
//! that debuggers and views look at.

use core::hint::black_box;

use abi::{PrctlOption, Signal, Syscall, WindowSize};
use kernel::ids::{FileNo, MqueueNo, PipeNo};
use kernel::invariants::Checker;
use kernel::{FrameNo, ProcessId, Resume};
use spin::Mutex;

use crate::computer::{CPU, Computer, SCRATCH, Wrong};

static CHECKER: Mutex<Checker> = Mutex::new(Checker::new());

/// Runs it.
pub(crate) fn run(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    time_and_console(computer)?;
    checks(computer)?;
    signals(computer)?;
    checks(computer)?;
    views(computer)
}

fn time_and_console(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let Computer { kernel, board, first } = computer;
    let (thread, address) = (black_box(*first), black_box(SCRATCH));
    kernel.tick(black_box(CPU));
    kernel.access(*board, black_box(CPU));
    kernel.idle_until(*board, black_box(CPU), black_box(5_000));
    let taken = kernel.input(*board, black_box(b"a line\n"));
    kernel.resize_terminal(*board, black_box(WindowSize { rows: 50, columns: 100, ..WindowSize::default() }));
    if taken != 7 || kernel.unread_input() != 7 || kernel.terminal().is_none() {
        return Err("the terminal doesn't take a line");
    }
    black_box(kernel.unread_input_frames());
    kernel.input_end(*board);
    let mut bytes = [0; 100];
    let peeked = kernel.peek(*board, thread, address, black_box(&mut bytes));
    kernel.copy_out(*board, thread, address, black_box(&bytes)).map_err(|_| "the stack can't be stored to")?;
    kernel.copy_in(*board, thread, address, black_box(&mut bytes)).map_err(|_| "the stack can't be read")?;
    black_box((kernel.next_timer_us(), kernel.wants_input(), kernel.now_us(), kernel.runnable_count(CPU)));
    match peeked == 100 && kernel.translate(thread, address, black_box(true)).is_some() {
        true => computer.check(),
        false => Err("PID 1's stack can't be looked at"),
    }
}

/// A look at everything, and then at what has been touched since.
fn checks(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let mut checker = CHECKER.lock();
    checker.check(black_box(computer.kernel)).map_err(|violation| violation.sentence)?;
    computer.kernel.tick(CPU);
    let full = checker.full_checks();
    checker.check(black_box(computer.kernel)).map_err(|violation| violation.sentence)?;
    match checker.full_checks() == full {
        true => Ok(()),
        false => Err("a checker looks at everything again after a tick"),
    }
}

/// A signal from outside, to PID 1, which takes none that it has no handler for; and a handler that was jumped out of.
fn signals(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let Computer { kernel, board, first } = computer;
    let Some(process) = kernel.process_of(black_box(*first)) else { return Err("PID 1 has no process") };
    let sent = kernel.inject_signal(*board, process, black_box(Signal::SIGUSR1));
    let to_nobody = ProcessId { serial: u32::MAX, ..process };
    if !sent || kernel.inject_signal(*board, black_box(to_nobody), Signal::SIGKILL) {
        return Err("a signal from outside goes to the wrong process");
    }
    kernel.left_alternate_stack(black_box(*first), black_box(1));
    if kernel.has_signal_to_take(black_box(*first))
        || kernel.has_continuation_to_tell(black_box(*first))
        || kernel.check_resumed(black_box(*first)).is_err()
    {
        return Err("PID 1 has a signal to take that it has no handler for");
    }
    // It still runs, and is asked once more what it does.
    let option = PrctlOption::PR_GET_CHILD_SUBREAPER;
    let call = Syscall::Prctl { option, argument: SCRATCH, argument3: 0, argument4: 0, argument5: 0 };
    match computer.call(call)? == 0 && computer.kernel.resume(computer.board, CPU) == Resume::Retry {
        true => computer.check(),
        false => Err("PID 1 is disturbed by a signal from outside"),
    }
}

/// Everything that can be looked at: of PID 1, and of what may not be there.
fn views(computer: &mut Computer<'_>) -> Result<(), Wrong> {
    let kernel = &*computer.kernel;
    let Some(id) = kernel.process_by_pid(black_box(1)) else { return Err("there is no PID 1") };
    let Some(process) = kernel.process(black_box(id)) else { return Err("PID 1 has no entry") };
    let pid = kernel.thread(computer.first).map_or(0, |_| kernel.pid_of(computer.first));
    let ids = [kernel.group_of(process), kernel.session_of(process), pid];
    let counts =
        [kernel.processes().count(), kernel.threads().count(), kernel.runnable(CPU).count() + usize::from(pid == 1)];
    let (ignored, caught) = kernel.ignored_and_caught_by(id);
    let nothing = ignored.is_empty() && caught.is_empty() && kernel.children(id).count() == 0;
    let stack = kernel.page_entry(computer.first, black_box(SCRATCH)).readable();
    let nothing = nothing && !kernel.page_entry(black_box(computer.first), 0).readable();
    let (pages, pending) = (kernel.pages(id).count(), kernel.pending_count(id, black_box(Signal::SIGUSR1)));
    black_box((kernel.process_info(id), kernel.actions_of(id).count(), kernel.pipes().count(), ids));
    for slot in [black_box(0), black_box(u16::MAX)] {
        black_box(kernel.file(FileNo(slot)).is_some());
        black_box(kernel.pipe(PipeNo(slot)).is_some());
        black_box(kernel.mqueue(MqueueNo(slot)).is_some());
        black_box(kernel.frame_references(FrameNo(slot)));
    }
    let right = process.name() == "test" && counts == [1; 3] && nothing && stack && pages > 0 && pending == 0;
    if right { Ok(()) } else { Err("PID 1 looks strange from outside") }
}
