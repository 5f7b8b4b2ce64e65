//! The one table of system calls. A row is:
//!
//! `number name Variant (argument: Type, ...) -> result [every errno] "one line";`
//!
//! From it come the typed enum, decoding, names and printing in traces, the raw stubs of userland, the fuzzing strategy
//! and the reference page. To add a call: one row here, one handler in the kernel (its dispatch doesn't compile without),
//! one test. Numbers below 1000 are those of Linux's generic table; calls of our own start at 1000.

/// Hands the rows of the table to the macro with this name.
#[macro_export]
macro_rules! for_each_syscall {
    ($callback:ident) => {
        $callback! {
            // Processes.
            220 clone Clone (flags: CloneFlags, stack: Address, parent_tid: Address, tls: Address, child_tid: Address) -> Pid
                [EAGAIN EINVAL ENOMEM] "Create a child process (fork)";
            221 execve Execve (path: Path, argv: Strings, envp: Strings) -> Zero
                [E2BIG EACCES EFAULT ENAMETOOLONG ENOENT ENOMEM] "Execute a program";
            94 exit_group ExitGroup (status: i32) -> Never
                [] "Terminate the process";
            260 wait4 Wait4 (pid: Pid, status: Out<i32>, options: WaitOptions, rusage: Out<Rusage>) -> Pid
                [ECHILD EFAULT EINTR EINVAL ESRCH] "Wait for a child to change state";
            95 waitid Waitid (kind: IdType, id: Pid, info: Out<SigInfo>, options: WaitOptions, rusage: Out<Rusage>) -> Zero
                [ECHILD EFAULT EINTR EINVAL] "Wait for a child to change state, with details";
            1001 spawn Spawn (path: Path, argv: Strings, envp: Strings, actions: InArray<SpawnAction>, count: Length) -> Pid
                [E2BIG EACCES EAGAIN EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOMEM] "Create a child that executes a program (posix_spawn)";
            172 getpid Getpid () -> Pid
                [] "Get the process id";
            173 getppid Getppid () -> Pid
                [] "Get the parent's process id";
            178 gettid Gettid () -> Pid
                [] "Get the thread id";
            155 getpgid Getpgid (pid: Pid) -> Pid
                [ESRCH] "Get a process group";
            154 setpgid Setpgid (pid: Pid, pgid: Pid) -> Zero
                [EACCES EINVAL EPERM ESRCH] "Set a process group";
            156 getsid Getsid (pid: Pid) -> Pid
                [ESRCH] "Get a session";
            157 setsid Setsid () -> Pid
                [EPERM] "Create a session";
            167 prctl Prctl (option: PrctlOption, argument: u64, argument3: u64, argument4: u64, argument5: u64) -> Value
                [EFAULT EINVAL] "Control the process: its name, its being a child subreaper";
            1002 processes Processes (list: OutArray<ProcessInfo>, count: Length) -> Count
                [EFAULT] "List the processes (ps)";

            // Credentials.
            174 getuid Getuid () -> Value
                [] "Get the real user id";
            175 geteuid Geteuid () -> Value
                [] "Get the effective user id";
            176 getgid Getgid () -> Value
                [] "Get the real group id";
            177 getegid Getegid () -> Value
                [] "Get the effective group id";
            146 setuid Setuid (uid: u32) -> Zero
                [EINVAL EPERM] "Set the user ids";
            144 setgid Setgid (gid: u32) -> Zero
                [EINVAL EPERM] "Set the group ids";
            145 setreuid Setreuid (real: u32, effective: u32) -> Zero
                [EPERM] "Set the real and the effective user id";
            143 setregid Setregid (real: u32, effective: u32) -> Zero
                [EPERM] "Set the real and the effective group id";
            147 setresuid Setresuid (real: u32, effective: u32, saved: u32) -> Zero
                [EPERM] "Set the real, effective and saved user id";
            149 setresgid Setresgid (real: u32, effective: u32, saved: u32) -> Zero
                [EPERM] "Set the real, effective and saved group id";
            148 getresuid Getresuid (real: Out<u32>, effective: Out<u32>, saved: Out<u32>) -> Zero
                [EFAULT] "Get the real, effective and saved user id";
            150 getresgid Getresgid (real: Out<u32>, effective: Out<u32>, saved: Out<u32>) -> Zero
                [EFAULT] "Get the real, effective and saved group id";

            // Limits and figures.
            261 prlimit64 Prlimit64 (pid: Pid, resource: Resource, new: In<Rlimit>, old: Out<Rlimit>) -> Zero
                [EFAULT EINVAL EPERM ESRCH] "Get and set a resource limit";
            165 getrusage Getrusage (who: RusageWho, usage: Out<Rusage>) -> Zero
                [EFAULT EINVAL] "Get the resources used";
            153 times Times (buffer: Out<Tms>) -> Count
                [EFAULT] "Get CPU times";
            166 umask Umask (mask: u32) -> Value
                [] "Set the file mode creation mask";
            160 uname Uname (name: Out<Utsname>) -> Zero
                [EFAULT] "Get the names of the system";
            179 sysinfo Sysinfo (info: Out<Sysinfo>) -> Zero
                [EFAULT] "Get figures about the whole system";

            // Signals.
            129 kill Kill (pid: Pid, signal: SignalNumber) -> Zero
                [EINVAL EPERM ESRCH] "Send a signal to a process or a process group";
            134 rt_sigaction RtSigaction (signal: SignalNumber, new: In<SigAction>, old: Out<SigAction>, size: u64) -> Zero
                [EFAULT EINVAL] "Get and set what a signal does";
            135 rt_sigprocmask RtSigprocmask (how: MaskHow, set: In<SignalSet>, old: Out<SignalSet>, size: u64) -> Zero
                [EFAULT EINVAL] "Get and set the signal mask";
            136 rt_sigpending RtSigpending (set: Out<SignalSet>, size: u64) -> Zero
                [EFAULT EINVAL] "Get the blocked signals that are pending";
            133 rt_sigsuspend RtSigsuspend (mask: In<SignalSet>, size: u64) -> Zero
                [EFAULT EINTR EINVAL] "Wait for a signal with another mask";
            137 rt_sigtimedwait RtSigtimedwait (set: In<SignalSet>, info: Out<SigInfo>, timeout: In<Timespec>, size: u64) -> Value
                [EAGAIN EFAULT EINTR EINVAL] "Take a pending signal, or wait for one";
            138 rt_sigqueueinfo RtSigqueueinfo (pid: Pid, signal: SignalNumber, info: In<SigInfo>) -> Zero
                [EAGAIN EFAULT EINVAL EPERM ESRCH] "Send a signal with a value";
            131 tgkill Tgkill (pid: Pid, tid: Pid, signal: SignalNumber) -> Zero
                [EINVAL EPERM ESRCH] "Send a signal to a thread";
            132 sigaltstack Sigaltstack (new: In<StackDescription>, old: Out<StackDescription>) -> Zero
                [EFAULT EINVAL ENOMEM EPERM] "Get and set the alternate signal stack";
            139 rt_sigreturn RtSigreturn (mask: u64, retry: i32, value: i64, on_alternate_stack: i32) -> Value
                [] "Return from a signal handler; made by the hart";

            // Names.
            56 openat Openat (directory: Fd, path: Path, flags: OpenFlags, mode: u32) -> Fd
                [EACCES EBADF EEXIST EFAULT EINTR EINVAL EISDIR EMFILE ENAMETOOLONG ENFILE ENOENT ENOSPC ENOTDIR ENXIO EOPNOTSUPP] "Open a name";
            33 mknodat Mknodat (directory: Fd, path: Path, mode: u32, device: u64) -> Zero
                [EACCES EBADF EEXIST EFAULT EINVAL ENAMETOOLONG ENOENT ENOSPC ENOTDIR EPERM] "Make a FIFO";
            34 mkdirat Mkdirat (directory: Fd, path: Path, mode: u32) -> Zero
                [EACCES EBADF EEXIST EFAULT ENAMETOOLONG ENOENT ENOSPC ENOTDIR EPERM] "Make a directory";
            35 unlinkat Unlinkat (directory: Fd, path: Path, flags: AtFlags) -> Zero
                [EACCES EBADF EBUSY EFAULT EINVAL EISDIR ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM] "Remove a name, or an empty directory";
            37 linkat Linkat (old_directory: Fd, old: Path, new_directory: Fd, new: Path, flags: AtFlags) -> Zero
                [EACCES EBADF EEXIST EFAULT EINVAL ENAMETOOLONG ENOENT ENOSPC ENOTDIR EPERM EXDEV] "Give something one more name";
            276 renameat2 Renameat2 (old_directory: Fd, old: Path, new_directory: Fd, new: Path, flags: RenameFlags) -> Zero
                [EACCES EBADF EBUSY EEXIST EFAULT EINVAL EISDIR ENAMETOOLONG ENOENT ENOTDIR ENOTEMPTY EPERM EXDEV] "Change a name";
            79 newfstatat Newfstatat (directory: Fd, path: Path, stat: Out<Stat>, flags: AtFlags) -> Zero
                [EACCES EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOTDIR] "Get what is known of a name";
            80 fstat Fstat (fd: Fd, stat: Out<Stat>) -> Zero
                [EBADF EFAULT] "Get what is known of a descriptor";
            48 faccessat Faccessat (directory: Fd, path: Path, mode: AccessMode) -> Zero
                [EACCES EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOTDIR] "Ask whether the real user may access a name";
            439 faccessat2 Faccessat2 (directory: Fd, path: Path, mode: AccessMode, flags: AtFlags) -> Zero
                [EACCES EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOTDIR] "Ask whether a name may be accessed";
            53 fchmodat Fchmodat (directory: Fd, path: Path, mode: u32) -> Zero
                [EACCES EBADF EFAULT ENAMETOOLONG ENOENT ENOTDIR EPERM] "Set the mode of a name";
            52 fchmod Fchmod (fd: Fd, mode: u32) -> Zero
                [EBADF EINVAL EPERM] "Set the mode of a descriptor";
            54 fchownat Fchownat (directory: Fd, path: Path, uid: u32, gid: u32, flags: AtFlags) -> Zero
                [EACCES EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOTDIR EPERM] "Set the owner and the group of a name";
            55 fchown Fchown (fd: Fd, uid: u32, gid: u32) -> Zero
                [EBADF EINVAL EPERM] "Set the owner and the group of a descriptor";
            88 utimensat Utimensat (directory: Fd, path: Path, times: In<[Timespec; 2]>, flags: AtFlags) -> Zero
                [EACCES EBADF EFAULT EINVAL ENAMETOOLONG ENOENT ENOTDIR EPERM] "Set the times of a name";
            61 getdents64 Getdents64 (fd: Fd, buffer: OutBytes, count: Length) -> Count
                [EBADF EFAULT EINVAL ENOENT ENOTDIR] "List a directory";
            49 chdir Chdir (path: Path) -> Zero
                [EACCES EFAULT ENAMETOOLONG ENOENT ENOTDIR] "Set the working directory";
            50 fchdir Fchdir (fd: Fd) -> Zero
                [EACCES EBADF ENOTDIR] "Set the working directory to that of a descriptor";
            17 getcwd Getcwd (buffer: OutBytes, size: Length) -> Count
                [EFAULT ENAMETOOLONG ENOENT ERANGE] "Get the path of the working directory";

            // Descriptors and pipes.
            59 pipe2 Pipe2 (fds: Out<[i32; 2]>, flags: OpenFlags) -> Zero
                [EFAULT EINVAL EMFILE ENFILE] "Create a pipe";
            63 read Read (fd: Fd, buffer: OutBytes, count: Length) -> Count
                [EAGAIN EBADF EFAULT EINTR EIO EISDIR] "Read from a descriptor";
            64 write Write (fd: Fd, buffer: InBytes, count: Length) -> Count
                [EAGAIN EBADF EFAULT EFBIG EINTR EINVAL EIO ENOMEM ENOSPC EPIPE] "Write to a descriptor";
            62 lseek Lseek (fd: Fd, offset: i64, whence: Whence) -> Value
                [EBADF EINVAL ESPIPE] "Set the position in a directory or a device";
            57 close Close (fd: Fd) -> Zero
                [EBADF] "Close a descriptor";
            23 dup Dup (fd: Fd) -> Fd
                [EBADF EMFILE] "Duplicate a descriptor onto the lowest free number";
            24 dup3 Dup3 (old: Fd, new: Fd, flags: OpenFlags) -> Fd
                [EBADF EINVAL] "Duplicate a descriptor onto a given number";
            25 fcntl Fcntl (fd: Fd, command: FcntlCommand, argument: u64) -> Value
                [EBADF EBUSY EINVAL EMFILE EPERM] "Manipulate a descriptor";
            29 ioctl Ioctl (fd: Fd, command: IoctlCommand, argument: Address) -> Value
                [EBADF EFAULT EINTR EINVAL EIO ENOTTY EPERM ESRCH] "Control a device: the terminal";

            // POSIX message queues.
            180 mq_open MqOpen (name: Path, flags: OpenFlags, mode: u32, attributes: In<MqAttr>) -> Fd
                [EACCES EEXIST EFAULT EINVAL EMFILE ENAMETOOLONG ENFILE ENOENT ENOSPC] "Open a message queue";
            181 mq_unlink MqUnlink (name: Path) -> Zero
                [EACCES EFAULT ENAMETOOLONG ENOENT EPERM] "Remove a message queue's name";
            182 mq_timedsend MqTimedsend (queue: Fd, message: InBytes, length: Length, priority: u32, timeout: In<Timespec>) -> Zero
                [EAGAIN EBADF EFAULT EINTR EINVAL EMSGSIZE ENOMEM ETIMEDOUT] "Send a message to a queue";
            183 mq_timedreceive MqTimedreceive (queue: Fd, message: OutBytes, length: Length, priority: Out<u32>, timeout: In<Timespec>) -> Count
                [EAGAIN EBADF EFAULT EINTR EINVAL EMSGSIZE ETIMEDOUT] "Receive the oldest message of the highest priority";
            184 mq_notify MqNotify (queue: Fd, event: In<SigEvent>) -> Zero
                [EBADF EBUSY EFAULT EINVAL] "Ask for a signal when a message arrives in an empty queue";
            185 mq_getsetattr MqGetsetattr (queue: Fd, new: In<MqAttr>, old: Out<MqAttr>) -> Zero
                [EBADF EFAULT EINVAL] "Get and set attributes of a message queue";

            // Memory.
            214 brk Brk (address: Address) -> Address
                [] "Set the end of the heap";
            222 mmap Mmap (address: Address, length: Length, protection: Protection, flags: MapFlags, fd: Fd, offset: u64) -> Address
                [EACCES EBADF EEXIST EINVAL ENODEV ENOMEM EOVERFLOW EPERM] "Map pages into the address space";
            215 munmap Munmap (address: Address, length: Length) -> Zero
                [EINVAL ENOMEM] "Unmap pages";
            226 mprotect Mprotect (address: Address, length: Length, protection: Protection) -> Zero
                [EACCES EINVAL ENOMEM] "Set the protection of pages";
            227 msync Msync (address: Address, length: Length, flags: MsyncFlags) -> Zero
                [EINVAL ENOMEM] "Write mapped pages back";
            46 ftruncate Ftruncate (fd: Fd, length: i64) -> Zero
                [EBADF EFBIG EINVAL] "Set the length of a shared memory object";
            233 madvise Madvise (address: Address, length: Length, advice: Advice) -> Zero
                [EINVAL ENOMEM] "Give advice about the use of pages";

            // System V IPC.
            194 shmget Shmget (key: i32, size: Length, flags: IpcFlags) -> Value
                [EACCES EEXIST EINVAL ENOENT ENOMEM ENOSPC] "Get or create a shared memory segment";
            196 shmat Shmat (id: i32, address: Address, flags: ShmFlags) -> Address
                [EACCES EINVAL ENOMEM EPERM] "Attach a shared memory segment";
            197 shmdt Shmdt (address: Address) -> Zero
                [EINVAL] "Detach a shared memory segment";
            195 shmctl Shmctl (id: i32, command: ShmCommand, buffer: Out<ShmidDs>) -> Value
                [EACCES EFAULT EINVAL EPERM] "Control a shared memory segment";

            186 msgget Msgget (key: i32, flags: IpcFlags) -> Value
                [EACCES EEXIST ENOENT ENOMEM ENOSPC] "Get or create a message queue";
            189 msgsnd Msgsnd (id: i32, message: In<i64>, size: Length, flags: MsgFlags) -> Zero
                [EACCES EAGAIN EFAULT EIDRM EINTR EINVAL ENOMEM] "Send a message";
            188 msgrcv Msgrcv (id: i32, message: Out<i64>, size: Length, kind: i64, flags: MsgFlags) -> Count
                [E2BIG EACCES EFAULT EIDRM EINTR EINVAL ENOMSG] "Receive a message";
            187 msgctl Msgctl (id: i32, command: MsgCommand, buffer: Out<MsqidDs>) -> Value
                [EACCES EFAULT EINVAL EPERM] "Control a message queue";
            190 semget Semget (key: i32, count: i32, flags: IpcFlags) -> Value
                [EACCES EEXIST EINVAL ENOENT ENOMEM ENOSPC] "Get or create a set of semaphores";
            193 semop Semop (id: i32, operations: InArray<SemOperation>, count: Length) -> Zero
                [E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE] "Operate on semaphores, all at once";
            192 semtimedop Semtimedop (id: i32, operations: InArray<SemOperation>, count: Length, timeout: In<Timespec>) -> Zero
                [E2BIG EACCES EAGAIN EFAULT EFBIG EIDRM EINTR EINVAL ENOMEM ERANGE] "Operate on semaphores, with a time limit";
            191 semctl Semctl (id: i32, number: i32, command: SemCommand, argument: Address) -> Value
                [EACCES EFAULT EINVAL EPERM ERANGE] "Control a set of semaphores";

            // Scheduling and time.
            124 sched_yield SchedYield () -> Zero
                [] "Give way to other runnable processes";
            101 nanosleep Nanosleep (duration: In<Timespec>, remaining: Out<Timespec>) -> Zero
                [EFAULT EINTR EINVAL] "Sleep";
            113 clock_gettime ClockGettime (clock: ClockId, time: Out<Timespec>) -> Zero
                [EFAULT EINVAL] "Get the time of a clock";
            114 clock_getres ClockGetres (clock: ClockId, resolution: Out<Timespec>) -> Zero
                [EFAULT EINVAL] "Get the resolution of a clock";
            115 clock_nanosleep ClockNanosleep (clock: ClockId, flags: TimerFlags, time: In<Timespec>, remaining: Out<Timespec>) -> Zero
                [EFAULT EINTR EINVAL EOPNOTSUPP] "Sleep for a time, or until a time, on a clock";
            102 getitimer Getitimer (which: IntervalTimer, value: Out<Itimerval>) -> Zero
                [EFAULT EINVAL] "Get what is left of an interval timer";
            103 setitimer Setitimer (which: IntervalTimer, new: In<Itimerval>, old: Out<Itimerval>) -> Zero
                [EFAULT EINVAL] "Set an interval timer";
            107 timer_create TimerCreate (clock: ClockId, event: In<SigEvent>, timer: Out<i32>) -> Zero
                [EAGAIN EFAULT EINVAL] "Create a POSIX timer";
            108 timer_gettime TimerGettime (timer: i32, value: Out<Itimerspec>) -> Zero
                [EFAULT EINVAL] "Get what is left of a POSIX timer";
            109 timer_getoverrun TimerGetoverrun (timer: i32) -> Count
                [EINVAL] "Count the expiries of a POSIX timer between its last signal's generation and delivery";
            110 timer_settime TimerSettime (timer: i32, flags: TimerFlags, new: In<Itimerspec>, old: Out<Itimerspec>) -> Zero
                [EFAULT EINVAL] "Set a POSIX timer";
            111 timer_delete TimerDelete (timer: i32) -> Zero
                [EINVAL] "Delete a POSIX timer";

            // Vitrine's own.
            1000 compute Compute (duration: Microseconds) -> Count
                [] "Burn CPU time in user mode; returns the microseconds left if a handler interrupted it";
        }
    };
}
