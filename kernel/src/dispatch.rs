//! From a system call to its handler. A handler validates, then acts, and says how it went as a value; here alone that
//! becomes a result, a wait or an end.
//!
//! The `match` has a row for every call of the table: a call without a handler doesn't compile.

use abi::{AtFlags, Errno, Syscall};

use crate::host::{Event, Host};
use crate::ids::{ProcessNo, ThreadId, ThreadNo};
use crate::ipc::held::Held;
use crate::ipc::mqueue::transfer::Exchange;
use crate::kernel::Kernel;
use crate::thread::{Next, WaitsFor};

/// Who calls, and the machine that it happens on.
pub(crate) struct Cx<'a, H> {
    pub(crate) host: &'a mut H,
    pub(crate) thread: ThreadNo,
    pub(crate) process: ProcessNo,
}

/// How a call went that didn't fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    /// It returns this.
    Done(i64),
    /// It has to wait and is tried again then.
    Wait(WaitsFor),
    /// It computes on; nothing to wait for.
    Busy,
    /// It returns this after giving way to others.
    Yield(i64),
    /// The child continues at the same place; the caller gets its process id.
    Forked(ThreadNo, i64),
    /// What the thread did before is done again: a handler has returned.
    Again,
    /// The thread begins a new image.
    Started {
        /// Where its arguments lie.
        stack_pointer: u64,
    },
    /// The thread is gone.
    Ended,
}

/// What a handler returns.
pub(crate) type Outcome = Result<Flow, Errno>;

/// What became of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carried {
    /// `Thread::next` says how it goes on.
    Out,
    /// It waits.
    Waiting,
    /// It computes on.
    Busy,
    /// Another thread continues at the same place.
    Forked(ThreadId),
    /// The thread is gone.
    Ended,
}

impl Kernel {
    /// Carries out the call that the thread is in, for the first time or again.
    pub(crate) fn carry_out<H: Host>(&mut self, host: &mut H, thread: ThreadNo, call: &Syscall) -> Carried {
        let process = self.threads.at(thread).process;
        let outcome = self.handle(&mut Cx { host, thread, process }, call);
        let (next, result) = match outcome {
            Ok(Flow::Done(value) | Flow::Yield(value) | Flow::Forked(_, value)) => (Next::Return(value), Ok(value)),
            Err(errno) => (Next::Return(errno.to_return()), Err(errno)),
            Ok(Flow::Started { stack_pointer }) => (Next::Start { stack_pointer }, Ok(0)),
            Ok(Flow::Again) => (Next::Access, Ok(0)),
            Ok(Flow::Wait(what)) => {
                self.block(thread, what);
                return Carried::Waiting;
            }
            Ok(Flow::Busy) => return Carried::Busy,
            Ok(Flow::Ended) => return Carried::Ended,
        };
        self.finish(host, thread, call, next, result);
        match outcome {
            Ok(Flow::Forked(child, _)) => Carried::Forked(self.thread_id(child)),
            Ok(Flow::Yield(_)) => {
                self.threads.at_mut(thread).usage.voluntary_switches += 1;
                self.make_ready(thread, crate::sched::policy::Became::Yielded);
                Carried::Out
            }
            _ => Carried::Out,
        }
    }

    /// The call is over: its result is what the thread goes on with.
    #[inline]
    pub(crate) fn finish<H: Host>(
        &mut self,
        host: &mut H,
        thread: ThreadNo,
        call: &Syscall,
        next: Next,
        result: Result<i64, Errno>,
    ) {
        if self.threads.at(thread).leaves_something() {
            self.finish_with_care(host, thread, next);
        } else {
            self.threads.at_mut(thread).end_call(next);
        }
        if host.listens_to_calls() {
            host.event(Event::Finished { thread: self.thread_id(thread), call, result });
        }
    }

    /// Ends a call that waited, or that has something in hand.
    #[inline(never)]
    fn finish_with_care<H: Host>(&mut self, host: &mut H, thread: ThreadNo, next: Next) {
        let left = self.leave_queue(thread);
        let entry = self.threads.at_mut(thread);
        entry.end_call(next);
        let exchanged = core::mem::take(&mut entry.exchange);
        if let Some(queue) = left {
            self.settle(host, queue);
        }
        if exchanged != Exchange::Nothing {
            self.drop_exchange(host, exchanged);
        }
        if self.threads.at(thread).held != Held::Nothing {
            self.release_held(host, thread);
        }
    }

    #[inline]
    fn handle<H: Host>(&mut self, cx: &mut Cx<'_, H>, call: &Syscall) -> Outcome {
        match *call {
            Syscall::Clone { flags, stack, .. } => self.sys_clone(cx, flags, stack),
            Syscall::Execve { path, argv, envp } => self.sys_execve(cx, path, argv, envp),
            Syscall::ExitGroup { status } => self.sys_exit_group(cx, status),
            Syscall::Wait4 { pid, status, options, rusage } => self.sys_wait4(cx, pid, status, options, rusage),
            Syscall::Waitid { kind, id, info, options, rusage } => self.sys_waitid(cx, kind, id, info, options, rusage),
            Syscall::Spawn { path, argv, envp, actions, count } => self.sys_spawn(cx, path, argv, envp, actions, count),
            Syscall::Getpid {} => self.sys_getpid(cx),
            Syscall::Getppid {} => self.sys_getppid(cx),
            Syscall::Gettid {} => self.sys_gettid(cx),
            Syscall::Getpgid { pid } => self.sys_getpgid(cx, pid),
            Syscall::Setpgid { pid, pgid } => self.sys_setpgid(cx, pid, pgid),
            Syscall::Getsid { pid } => self.sys_getsid(cx, pid),
            Syscall::Setsid {} => self.sys_setsid(cx),
            Syscall::Prctl { option, argument, .. } => self.sys_prctl(cx, option, argument),
            Syscall::Processes { list, count } => self.sys_processes(cx, list, count),
            Syscall::Getuid {} => self.sys_getuid(cx),
            Syscall::Geteuid {} => self.sys_geteuid(cx),
            Syscall::Getgid {} => self.sys_getgid(cx),
            Syscall::Getegid {} => self.sys_getegid(cx),
            Syscall::Setuid { uid } => self.sys_setuid(cx, uid),
            Syscall::Setgid { gid } => self.sys_setgid(cx, gid),
            Syscall::Setreuid { real, effective } => self.sys_setreuid(cx, real, effective),
            Syscall::Setregid { real, effective } => self.sys_setregid(cx, real, effective),
            Syscall::Setresuid { real, effective, saved } => self.sys_setresuid(cx, real, effective, saved),
            Syscall::Setresgid { real, effective, saved } => self.sys_setresgid(cx, real, effective, saved),
            Syscall::Getresuid { real, effective, saved } => self.sys_getresuid(cx, real, effective, saved),
            Syscall::Getresgid { real, effective, saved } => self.sys_getresgid(cx, real, effective, saved),
            Syscall::Prlimit64 { pid, resource, new, old } => self.sys_prlimit64(cx, pid, resource, new, old),
            Syscall::Getrusage { who, usage } => self.sys_getrusage(cx, who, usage),
            Syscall::Times { buffer } => self.sys_times(cx, buffer),
            Syscall::Umask { mask } => self.sys_umask(cx, mask),
            Syscall::Uname { name } => self.sys_uname(cx, name),
            Syscall::Sysinfo { info } => self.sys_sysinfo(cx, info),
            Syscall::Kill { pid, signal } => self.sys_kill(cx, pid, signal),
            Syscall::RtSigaction { signal, new, old, size } => self.sys_rt_sigaction(cx, signal, new, old, size),
            Syscall::RtSigprocmask { how, set, old, size } => self.sys_rt_sigprocmask(cx, how, set, old, size),
            Syscall::RtSigpending { set, size } => self.sys_rt_sigpending(cx, set, size),
            Syscall::RtSigsuspend { mask, size } => self.sys_rt_sigsuspend(cx, mask, size),
            Syscall::RtSigtimedwait { set, info, timeout, size } => {
                self.sys_rt_sigtimedwait(cx, set, info, timeout, size)
            }
            Syscall::RtSigqueueinfo { pid, signal, info } => self.sys_rt_sigqueueinfo(cx, pid, signal, info),
            Syscall::Tgkill { pid, tid, signal } => self.sys_tgkill(cx, pid, tid, signal),
            Syscall::Sigaltstack { new, old } => self.sys_sigaltstack(cx, new, old),
            Syscall::RtSigreturn { mask, retry, value, on_alternate_stack } => {
                self.sys_rt_sigreturn(cx, mask, retry, value, on_alternate_stack)
            }
            Syscall::Openat { directory, path, flags, mode } => self.sys_openat(cx, directory, path, flags, mode),
            Syscall::Mknodat { directory, path, mode, .. } => self.sys_mknodat(cx, directory, path, mode),
            Syscall::Mkdirat { directory, path, mode } => self.sys_mkdirat(cx, directory, path, mode),
            Syscall::Unlinkat { directory, path, flags } => self.sys_unlinkat(cx, directory, path, flags),
            Syscall::Linkat { old_directory, old, new_directory, new, flags } => {
                self.sys_linkat(cx, (old_directory, old), (new_directory, new), flags)
            }
            Syscall::Renameat2 { old_directory, old, new_directory, new, flags } => {
                self.sys_renameat2(cx, (old_directory, old), (new_directory, new), flags)
            }
            Syscall::Newfstatat { directory, path, stat, flags } => {
                self.sys_newfstatat(cx, directory, path, stat, flags)
            }
            Syscall::Fstat { fd, stat } => self.sys_fstat(cx, fd, stat),
            Syscall::Faccessat { directory, path, mode } => {
                self.sys_faccessat(cx, directory, path, mode, AtFlags::empty())
            }
            Syscall::Faccessat2 { directory, path, mode, flags } => {
                self.sys_faccessat(cx, directory, path, mode, flags)
            }
            Syscall::Fchmodat { directory, path, mode } => self.sys_fchmodat(cx, directory, path, mode),
            Syscall::Fchmod { fd, mode } => self.sys_fchmod(cx, fd, mode),
            Syscall::Fchownat { directory, path, uid, gid, flags } => {
                self.sys_fchownat(cx, directory, path, (uid, gid), flags)
            }
            Syscall::Fchown { fd, uid, gid } => self.sys_fchown(cx, fd, uid, gid),
            Syscall::Utimensat { directory, path, times, flags } => {
                self.sys_utimensat(cx, directory, path, times, flags)
            }
            Syscall::Getdents64 { fd, buffer, count } => self.sys_getdents64(cx, fd, buffer, count),
            Syscall::Chdir { path } => self.sys_chdir(cx, path),
            Syscall::Fchdir { fd } => self.sys_fchdir(cx, fd),
            Syscall::Getcwd { buffer, size } => self.sys_getcwd(cx, buffer, size),
            Syscall::Pipe2 { fds, flags } => self.sys_pipe2(cx, fds, flags),
            Syscall::Read { fd, buffer, count } => self.sys_read(cx, fd, buffer, count),
            Syscall::Write { fd, buffer, count } => self.sys_write(cx, fd, buffer, count),
            Syscall::Lseek { fd, offset, whence } => self.sys_lseek(cx, fd, offset, whence),
            Syscall::Close { fd } => self.sys_close(cx, fd),
            Syscall::Dup { fd } => self.sys_dup(cx, fd),
            Syscall::Dup3 { old, new, flags } => self.sys_dup3(cx, old, new, flags),
            Syscall::Fcntl { fd, command, argument } => self.sys_fcntl(cx, fd, command, argument),
            Syscall::MqOpen { name, flags, mode, attributes } => self.sys_mq_open(cx, name, flags, mode, attributes),
            Syscall::MqUnlink { name } => self.sys_mq_unlink(cx, name),
            Syscall::MqTimedsend { queue, message, length, priority, timeout } => {
                self.sys_mq_timedsend(cx, queue, message, length, priority, timeout)
            }
            Syscall::MqTimedreceive { queue, message, length, priority, timeout } => {
                self.sys_mq_timedreceive(cx, queue, message, length, priority, timeout)
            }
            Syscall::MqNotify { queue, event } => self.sys_mq_notify(cx, queue, event),
            Syscall::MqGetsetattr { queue, new, old } => self.sys_mq_getsetattr(cx, queue, new, old),
            Syscall::Ioctl { fd, command, argument } => self.sys_ioctl(cx, fd, command, argument),
            Syscall::Brk { address } => self.sys_brk(cx, address),
            Syscall::Mmap { address, length, protection, flags, fd, offset } => {
                self.sys_mmap(cx, address, length, protection, flags, fd, offset)
            }
            Syscall::Munmap { address, length } => self.sys_munmap(cx, address, length),
            Syscall::Mprotect { address, length, protection } => self.sys_mprotect(cx, address, length, protection),
            Syscall::Msync { address, length, flags } => self.sys_msync(cx, address, length, flags),
            Syscall::Ftruncate { fd, length } => self.sys_ftruncate(cx, fd, length),
            Syscall::Madvise { address, length, advice } => self.sys_madvise(cx, address, length, advice),
            Syscall::Shmget { key, size, flags } => self.sys_shmget(cx, key, size, flags),
            Syscall::Shmat { id, address, flags } => self.sys_shmat(cx, id, address, flags),
            Syscall::Shmdt { address } => self.sys_shmdt(cx, address),
            Syscall::Shmctl { id, command, buffer } => self.sys_shmctl(cx, id, command, buffer),
            Syscall::Msgget { key, flags } => self.sys_msgget(cx, key, flags),
            Syscall::Msgsnd { id, message, size, flags } => self.sys_msgsnd(cx, id, message, size, flags),
            Syscall::Msgrcv { id, message, size, kind, flags } => self.sys_msgrcv(cx, id, message, size, kind, flags),
            Syscall::Msgctl { id, command, buffer } => self.sys_msgctl(cx, id, command, buffer),
            Syscall::Semget { key, count, flags } => self.sys_semget(cx, key, count, flags),
            Syscall::Semop { id, operations, count } => self.sys_semop(cx, id, operations, count),
            Syscall::Semtimedop { id, operations, count, timeout } => {
                self.sys_semtimedop(cx, id, operations, count, timeout)
            }
            Syscall::Semctl { id, number, command, argument } => self.sys_semctl(cx, id, number, command, argument),
            Syscall::SchedYield {} => Ok(Flow::Yield(0)),
            Syscall::Nanosleep { duration, remaining } => self.sys_nanosleep(cx, duration, remaining),
            Syscall::ClockGettime { clock, time } => self.sys_clock_gettime(cx, clock, time),
            Syscall::ClockGetres { clock, resolution } => self.sys_clock_getres(cx, clock, resolution),
            Syscall::ClockNanosleep { clock, flags, time, .. } => self.sys_clock_nanosleep(cx, clock, flags, time),
            Syscall::Getitimer { which, value } => self.sys_getitimer(cx, which, value),
            Syscall::Setitimer { which, new, old } => self.sys_setitimer(cx, which, new, old),
            Syscall::TimerCreate { clock, event, timer } => self.sys_timer_create(cx, clock, event, timer),
            Syscall::TimerGettime { timer, value } => self.sys_timer_gettime(cx, timer, value),
            Syscall::TimerGetoverrun { timer } => self.sys_timer_getoverrun(cx, timer),
            Syscall::TimerSettime { timer, flags, new, old } => self.sys_timer_settime(cx, timer, flags, new, old),
            Syscall::TimerDelete { timer } => self.sys_timer_delete(cx, timer),
            Syscall::Compute { duration } => self.sys_compute(cx, duration),
        }
    }
}
