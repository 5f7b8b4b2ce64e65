//! Resource limits (`prlimit(2)`). Those with an effect here: `RLIMIT_NOFILE NPROC STACK DATA AS CORE MSGQUEUE`; the others are
//! kept.

use abi::{Errno, In, Out, Pid, RLIM_INFINITY, Resource, Rlimit};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;
use crate::limits::{DESCRIPTORS, PROCESSES};
use crate::mem::space::STACK_MAX_BYTES;

const COUNT: usize = 16;

/// Bytes that a user's message queues may count as (`MQ_BYTES_MAX` of Linux).
const MSGQUEUE_BYTES: u64 = 819_200;

/// A soft and a hard limit.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Pair {
    current: u64,
    maximum: u64,
}

/// The limits of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ResourceLimits {
    pairs: [Pair; COUNT],
}

impl ResourceLimits {
    /// Those a process is born with: the size of the tables where there are tables, else none.
    pub const DEFAULT: ResourceLimits = {
        let none = Pair { current: RLIM_INFINITY, maximum: RLIM_INFINITY };
        let mut pairs = [none; COUNT];
        let fixed = [
            (Resource::RLIMIT_STACK, 8 << 20, STACK_MAX_BYTES),
            (Resource::RLIMIT_CORE, 0, RLIM_INFINITY),
            (Resource::RLIMIT_NPROC, PROCESSES as u64, PROCESSES as u64),
            (Resource::RLIMIT_MSGQUEUE, MSGQUEUE_BYTES, MSGQUEUE_BYTES),
            (Resource::RLIMIT_NOFILE, DESCRIPTORS as u64, DESCRIPTORS as u64),
        ];
        let mut rest: &[(Resource, u64, u64)] = &fixed;
        while let [(resource, current, maximum), tail @ ..] = rest {
            let (_, from) = pairs.split_at_mut(resource.0 as usize);
            if let [pair, ..] = from {
                *pair = Pair { current: *current, maximum: *maximum };
            }
            rest = tail;
        }
        ResourceLimits { pairs }
    };

    /// The limit in force.
    pub fn current(&self, resource: Resource) -> u64 {
        self.pairs.get(resource.0 as usize).map_or(RLIM_INFINITY, |pair| pair.current)
    }

    /// Core images may be as large as they are.
    pub(crate) fn lift_core_limit(&mut self) {
        if let Some(pair) = self.pairs.get_mut(Resource::RLIMIT_CORE.0 as usize) {
            pair.current = pair.maximum;
        }
    }

    /// Bytes that the stack of a new image may grow to, in whole pages.
    pub fn stack_bytes(&self) -> u64 {
        self.current(Resource::RLIMIT_STACK).min(STACK_MAX_BYTES) & !(abi::PAGE_SIZE as u64 - 1)
    }
}

impl Kernel {
    pub(crate) fn sys_prlimit64<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        pid: Pid,
        resource: Resource,
        new: In<Rlimit>,
        old: Out<Rlimit>,
    ) -> Outcome {
        let wanted: Option<Rlimit> = match new.is_null() {
            true => None,
            false => Some(self.get(cx.host, cx.process, new.address)?),
        };
        let target = self.self_or(cx.process, pid)?;
        self.check_may_limit(cx.process, target)?;
        let index = usize::try_from(resource.0).map_err(|_| Errno::EINVAL)?;
        let Some(pair) = self.processes.at(target).limits.pairs.get(index).copied() else { return Err(Errno::EINVAL) };
        if let Some(wanted) = wanted {
            self.check_limit(cx.process, resource, pair, wanted)?;
        }
        if let Some(wanted) = wanted
            && let Some(pair) = self.processes.at_mut(target).limits.pairs.get_mut(index)
        {
            *pair = Pair { current: wanted.cur, maximum: wanted.max };
        }
        // Linux has set when a bad pointer for the old limit is noticed (seen on the host); so have we.
        if !old.is_null() {
            let limit = Rlimit { cur: pair.current, max: pair.maximum };
            self.put(cx.host, cx.process, old.address, &limit)?;
        }
        Ok(Flow::Done(0))
    }

    /// Who may see and set another's limits: whoever has all its ids, and the privileged.
    fn check_may_limit(&self, caller: ProcessNo, target: ProcessNo) -> Result<(), Errno> {
        let own = self.processes.at(caller).credentials;
        let other = self.processes.at(target).credentials;
        let same = [other.real_uid, other.effective_uid, other.saved_uid].iter().all(|uid| *uid == own.real_uid)
            && [other.real_gid, other.effective_gid, other.saved_gid].iter().all(|gid| *gid == own.real_gid);
        if caller == target || same || own.is_privileged() { Ok(()) } else { Err(Errno::EPERM) }
    }

    fn check_limit(&self, caller: ProcessNo, resource: Resource, old: Pair, new: Rlimit) -> Result<(), Errno> {
        if new.cur > new.max {
            return Err(Errno::EINVAL);
        }
        if new.max > old.maximum && !self.processes.at(caller).credentials.is_privileged() {
            return Err(Errno::EPERM);
        }
        // Nobody gets more descriptors than a table has, as with Linux's nr_open.
        if resource == Resource::RLIMIT_NOFILE && new.max > DESCRIPTORS as u64 {
            return Err(Errno::EPERM);
        }
        Ok(())
    }
}
