//! A program that does what a random script says: the script is a function of its seed, and what the calls return decides
//! how it goes on.

use abi::{ClockId, FcntlCommand, Fd, MapFlags, OpenFlags, Pid, Protection, Signal, Timespec, WaitOptions};
use harness::PAGE;
use userland::sys::Forked;
use userland::{Args, Sys};

/// Most generations below the first process.
const DEPTH: u32 = 3;

/// SplitMix64: the same numbers on every host, for ever.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, 0 if that is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    pub(crate) fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub(crate) fn one_of<T: Copy>(&mut self, options: &[T]) -> Option<T> {
        options.get(self.below(options.len())).copied()
    }

    /// What was read or returned decides what comes.
    fn learn(&mut self, value: i64) {
        self.0 ^= (value as u64).wrapping_mul(0x2545_f491_4f6c_dd1d);
    }
}

/// `script SEED OPERATIONS [patient]`: so many operations in the first process, fewer in its descendants. A patient one never
/// waits for what may not come.
pub(crate) async fn main(sys: Sys, args: Args) -> i32 {
    let number = |index| args.text(index).parse().unwrap_or(0);
    let mut script = Script {
        sys,
        random: Random::new(number(1)),
        depth: 0,
        left: number(2),
        patient: args.text(3) == "patient",
        fds: vec![Fd(0), Fd(1)],
        mappings: Vec::new(),
        children: Vec::new(),
    };
    while script.left > 0 {
        script.left -= 1;
        script.operation().await;
    }
    for fd in std::mem::take(&mut script.fds) {
        let _ = sys.close(fd).await;
    }
    // Who was stopped would never end.
    for child in std::mem::take(&mut script.children) {
        let _ = sys.kill(child, Some(Signal::SIGCONT)).await;
    }
    while let Ok((_, status)) = sys.wait().await {
        script.random.learn(status.shell_code().into());
    }
    script.random.below(128) as i32
}

struct Script {
    sys: Sys,
    random: Random,
    depth: u32,
    left: u64,
    patient: bool,
    fds: Vec<Fd>,
    /// Where each begins, and how many pages it has.
    mappings: Vec<(u64, usize)>,
    children: Vec<Pid>,
}

impl Script {
    async fn operation(&mut self) {
        let sys = self.sys;
        match self.random.below(20) {
            0 | 1 => self.fork().await,
            2 | 3 => self.pipe().await,
            4 | 5 => self.write().await,
            6 | 7 => self.read().await,
            8 => self.wait(WaitOptions::WNOHANG).await,
            9 => self.wait(WaitOptions::WNOHANG | WaitOptions::WUNTRACED | WaitOptions::WCONTINUED).await,
            10 => self.wait(WaitOptions::empty()).await,
            11 => self.descriptor().await,
            12 => self.map().await,
            13 | 14 => self.store().await,
            15 | 16 => self.load().await,
            17 => self.signal().await,
            18 => match self.random.below(3) {
                0 => drop(sys.nanosleep(Timespec::from_us(self.random.below(3000) as u64)).await),
                1 => sys.compute(self.random.below(2500) as u64).await,
                _ => sys.sched_yield().await,
            },
            _ => self.look().await,
        }
    }

    async fn fork(&mut self) {
        if self.depth == DEPTH {
            return;
        }
        match self.sys.fork().await {
            Ok(Forked::Child) => {
                self.depth += 1;
                self.left /= 2;
                self.children.clear();
                self.random.learn(77);
            }
            Ok(Forked::Parent(child)) => self.children.push(child),
            Err(errno) => self.random.learn(errno.to_return()),
        }
    }

    async fn pipe(&mut self) {
        // Without O_NONBLOCK, some scripts end with everybody waiting for everybody. That is a state like any other.
        let flags = if self.random.one_in(8) && !self.patient { OpenFlags::empty() } else { OpenFlags::O_NONBLOCK };
        if let Ok((read, write)) = self.sys.pipe2(flags).await {
            self.fds.extend([read, write]);
        }
    }

    async fn write(&mut self) {
        let Some(fd) = self.random.one_of(&self.fds) else { return };
        let length = if self.random.one_in(8) { 70_000 } else { self.random.below(300) };
        // Made anew whenever the process is rebuilt, and tests aren't optimised: so by blocks, not by bytes.
        let block: [u8; 256] = std::array::from_fn(|at| (at as u64 ^ self.random.0) as u8);
        let mut bytes = block.repeat(length.div_ceil(block.len()));
        bytes.truncate(length);
        let written = self.sys.write(fd, &bytes).await;
        self.random.learn(written.unwrap_or(99_999) as i64);
    }

    async fn read(&mut self) {
        let Some(fd) = self.random.one_of(&self.fds) else { return };
        let mut buffer = vec![0; self.random.below(6000)];
        let count = self.sys.read(fd, &mut buffer).await;
        for byte in &buffer[..count.unwrap_or(0)] {
            self.random.learn(i64::from(*byte) + 1);
        }
    }

    async fn wait(&mut self, options: WaitOptions) {
        if let Ok(Some((child, status))) = self.sys.waitpid(Pid(-1), options).await {
            self.random.learn(i64::from(child.0 + status.shell_code()));
        }
    }

    async fn descriptor(&mut self) {
        let at = self.random.below(self.fds.len());
        let Some(&fd) = self.fds.get(at) else { return };
        match self.random.below(4) {
            0 => self.fds.extend(self.sys.dup(fd).await),
            1 => {
                let onto = Fd(self.random.below(12) as i32 + 3);
                let _ = self.sys.dup2(fd, onto).await;
            }
            2 => {
                let flags = self.sys.fcntl(fd, FcntlCommand::F_GETFL, 0).await;
                self.random.learn(flags.unwrap_or(-1));
            }
            _ => {
                self.fds.swap_remove(at);
                let _ = self.sys.close(fd).await;
            }
        }
    }

    async fn map(&mut self) {
        if self.mappings.len() > 5 {
            let (at, pages) = self.mappings.swap_remove(self.random.below(6));
            let _ = self.sys.munmap(at, pages * PAGE as usize).await;
            return;
        }
        let pages = self.random.below(3) + 1;
        let kind = if self.random.one_in(2) { MapFlags::MAP_SHARED } else { MapFlags::MAP_PRIVATE };
        let protection = Protection::PROT_READ | Protection::PROT_WRITE;
        let mapped = self.sys.mmap(0, pages * PAGE as usize, protection, kind | MapFlags::MAP_ANONYMOUS).await;
        self.mappings.extend(mapped.map(|at| (at, pages)));
    }

    /// Somewhere in a mapping, or once in a while nowhere, with room for so many bytes.
    fn address(&mut self, room: usize) -> Option<u64> {
        let (at, pages) = self.random.one_of(&self.mappings)?;
        let beyond = if self.random.one_in(50) { PAGE as usize } else { 0 };
        Some(at + self.random.below(pages * PAGE as usize - room + beyond) as u64)
    }

    async fn store(&mut self) {
        let value = self.random.next();
        let length = self.random.below(5000).min(PAGE as usize);
        match self.random.below(3) {
            0 => {
                let Some(at) = self.address(8) else { return };
                self.sys.store::<u64>(at & !7, value).await;
            }
            1 => {
                let Some(at) = self.address(1) else { return };
                self.sys.store::<u8>(at, value as u8).await;
            }
            _ => {
                let Some(at) = self.address(length) else { return };
                self.sys.store_bytes(at, &vec![value as u8; length]).await;
            }
        }
    }

    async fn load(&mut self) {
        let length = self.random.below(64);
        if self.random.one_in(2) {
            let Some(at) = self.address(8) else { return };
            let value = self.sys.load::<u64>(at & !7).await;
            self.random.learn(value as i64);
        } else {
            let Some(at) = self.address(length) else { return };
            let mut bytes = vec![0; length];
            self.sys.load_bytes(at, &mut bytes).await;
            for byte in bytes {
                self.random.learn(byte.into());
            }
        }
    }

    async fn signal(&mut self) {
        const SIGNALS: [Signal; 4] = [Signal::SIGSTOP, Signal::SIGCONT, Signal::SIGTERM, Signal::SIGCHLD];
        let target = self.random.one_of(&self.children);
        if let (Some(target), Some(signal)) = (target, self.random.one_of(&SIGNALS))
            && !(self.patient && signal == Signal::SIGSTOP)
        {
            let _ = self.sys.kill(target, Some(signal)).await;
        }
    }

    async fn look(&mut self) {
        match self.random.below(4) {
            0 => {
                let now = self.sys.clock_gettime(ClockId::CLOCK_MONOTONIC).await;
                self.random.learn(now.map_or(0, |now| now.nsec));
            }
            1 => {
                let parent = self.sys.getppid().await;
                self.random.learn(parent.0.into());
            }
            2 if self.depth > 0 && self.random.one_in(4) => {
                let status = self.random.below(100) as i32;
                match self.sys.exit(status).await {}
            }
            2 => {
                let _ = self.sys.write(Fd(1), b"text").await;
            }
            _ => {
                let processes = self.sys.processes().await;
                self.random.learn(processes.map_or(0, |list| list.len() as i64));
            }
        }
    }
}
