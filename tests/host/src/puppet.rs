//! A puppet: a real process that does one command after the other, and nothing else. Between two it waits on a word of
//! the shared memory, and its handlers log and return.

use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::stage::{HandlerRun, Kind, Part, Stage};

/// The part of this process.
static OWN: AtomicPtr<Part> = AtomicPtr::new(std::ptr::null_mut());

std::arch::global_asm!(
    // What a handler returns to: rt_sigreturn.
    ".globl vitrine_restorer",
    "vitrine_restorer:",
    "mov $15, %eax",
    "syscall",
    options(att_syntax)
);

unsafe extern "C" {
    fn vitrine_restorer();
}

/// The addresses that an action is made with: of the handler, and of what it returns to.
pub(crate) fn handler() -> (u64, u64) {
    (log as *const () as u64, vitrine_restorer as *const () as u64)
}

/// The handler of every signal: logs, and skips a load or store that faulted.
extern "C" fn log(signal: i32, info: *const libc::siginfo_t, context: *mut libc::ucontext_t) {
    let part = OWN.load(Ordering::SeqCst);
    // SAFETY: the kernel hands in valid pointers, and the part is this process's own.
    unsafe {
        let mut mask = 0_u64;
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_BLOCK, 0_i64, &raw mut mask, 8_i64);
        let index = (*part).runs.fetch_add(1, Ordering::SeqCst) as usize;
        if let Some(entry) = (&raw mut (*part).log).as_mut().and_then(|log| log.get_mut(index)) {
            let value = if signal == libc::SIGCHLD && (*info).si_code > 0 {
                (*info).si_status()
            } else {
                (*info).si_value().sival_ptr as i32
            };
            *entry = HandlerRun { signal, code: (*info).si_code, sender: (*info).si_pid(), value, mask };
        }
        if matches!(signal, libc::SIGSEGV | libc::SIGBUS) && (*info).si_code > 0 && (*info).si_code < 0x80 {
            // Both instructions of `access` are two bytes long.
            (*context).uc_mcontext.gregs[libc::REG_RIP as usize] += 2;
            (*part).skipped.store(1, Ordering::SeqCst);
        }
    }
}

/// Makes the first puppet, whose parent is the recorder; its process id.
///
/// # Errors
/// Those of `fork(2)`.
pub(crate) fn start(stage: &Stage, directory: &std::ffi::CStr) -> std::io::Result<i32> {
    // SAFETY: the recorder has one thread, so the child may do anything.
    match unsafe { libc::fork() } {
        -1 => Err(std::io::Error::last_os_error()),
        0 => set_up(stage, directory),
        pid => Ok(pid),
    }
}

/// The world of a script at its start: see "World" in the format's description.
fn set_up(stage: &Stage, directory: &std::ffi::CStr) -> ! {
    OWN.store(stage.part(0), Ordering::SeqCst);
    // SAFETY: only system calls with constant arguments.
    unsafe {
        for signal in 1..65_i64 {
            let default = [0_u64; 4];
            libc::syscall(libc::SYS_rt_sigaction, signal, default.as_ptr(), 0_i64, 8_i64);
        }
        let nothing = 0_u64;
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const nothing, 0_i64, 8_i64);
        let failed = libc::setsid() == -1
            || libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0
            || libc::chdir(directory.as_ptr()) != 0
            || libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) != 0
            || libc::setrlimit(libc::RLIMIT_NOFILE, &libc::rlimit { rlim_cur: 16, rlim_max: 16 }) != 0
            || libc::setrlimit(libc::RLIMIT_CORE, &libc::rlimit { rlim_cur: 0, rlim_max: 0 }) != 0;
        libc::umask(0);
        if failed {
            libc::_exit(125);
        }
    }
    obey(stage)
}

/// Does commands for ever.
fn obey(stage: &Stage) -> ! {
    loop {
        let part = OWN.load(Ordering::SeqCst);
        // SAFETY: the part is this process's own while a command is out.
        unsafe {
            let done = (*part).done.load(Ordering::SeqCst);
            while (*part).asked.load(Ordering::SeqCst) == done {
                wait(&(*part).asked, done);
            }
            let command = (*part).command;
            let [first, second, ..] = command.arguments;
            (*part).skipped.store(0, Ordering::SeqCst);
            let result = match command.kind {
                Kind::Call => call(command.number, command.arguments),
                Kind::Load => access(first, None),
                Kind::Store => access(first, Some(second as u8)),
                Kind::Fork => {
                    let flags: i64 = libc::SIGCHLD.into();
                    // The child's first instruction is in user mode, with nothing pending, so nothing can be logged
                    // under its parent's name.
                    let pid = call(libc::SYS_clone, [flags, 0, 0, 0, 0, 0]);
                    if pid == 0 {
                        OWN.store(stage.part(first as usize), Ordering::SeqCst);
                        continue;
                    }
                    pid
                }
            };
            (*part).result = result;
            (*part).done.store(done + 1, Ordering::SeqCst);
        }
    }
}

/// # Safety
/// The word must be mapped.
unsafe fn wait(word: &AtomicU32, old: u32) {
    // SAFETY: as the caller says.
    unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, old, 0_i64) };
}

/// A system call as it stands: a value, or a negated error number.
fn call(number: i64, arguments: [i64; 6]) -> i64 {
    let [a, b, c, d, e, f] = arguments;
    let result: i64;
    // SAFETY: the recorder gives addresses in the shared part or in regions that scripts own; what a call does to this
    // process is what is to be observed.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

/// Loads a byte, or stores one. If it faults and the signal is caught, the instruction is skipped.
fn access(address: i64, store: Option<u8>) -> i64 {
    // SAFETY: the regions of scripts hold nothing of ours; a fault is a signal, and the handler skips exactly the two
    // bytes of either instruction.
    unsafe {
        match store {
            Some(byte) => {
                std::arch::asm!("mov byte ptr [rdi], al", in("rdi") address, in("al") byte);
                0
            }
            None => {
                let byte: u8;
                std::arch::asm!("mov al, byte ptr [rdi]", in("rdi") address, inout("al") 0_u8 => byte);
                byte.into()
            }
        }
    }
}
