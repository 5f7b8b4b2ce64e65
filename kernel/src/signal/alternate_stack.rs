//! `sigaltstack(2)`: where handlers with `SA_ONSTACK` run. A program's locals live on the host, so what can be seen of it is
//! where its calls put their data while the handler runs, and what `sigaltstack` reports.

use abi::{Errno, In, Out, SS_AUTODISARM, SS_DISABLE, SS_ONSTACK, StackDescription};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::kernel::Kernel;

/// Bytes that a stack needs at least (`MINSIGSTKSZ` of the generic ABI).
const SMALLEST: u64 = 2048;

/// An alternate stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct AlternateStack {
    /// Its lowest address.
    pub base: u64,
    /// Its bytes; 0: there is none.
    pub bytes: u64,
    /// How many handlers run on it.
    pub handlers: u32,
}

impl AlternateStack {
    /// There is none.
    pub const NONE: AlternateStack = AlternateStack { base: 0, bytes: 0, handlers: 0 };
}

impl Kernel {
    pub(crate) fn sys_sigaltstack<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        new: In<StackDescription>,
        old: Out<StackDescription>,
    ) -> Outcome {
        let wanted: Option<StackDescription> = match new.is_null() {
            true => None,
            false => Some(self.get(cx.host, cx.process, new.address)?),
        };
        let stack = self.threads.at(cx.thread).alternate_stack;
        let flags = match (stack.bytes, stack.handlers) {
            (0, _) => SS_DISABLE,
            (_, 0) => 0,
            _ => SS_ONSTACK,
        };
        if let Some(wanted) = wanted {
            if stack.handlers > 0 {
                return Err(Errno::EPERM);
            }
            let new = match wanted.flags & !SS_AUTODISARM {
                SS_DISABLE => AlternateStack::NONE,
                0 | SS_ONSTACK if wanted.size < SMALLEST => return Err(Errno::ENOMEM),
                0 | SS_ONSTACK => AlternateStack { base: wanted.base, bytes: wanted.size, handlers: 0 },
                _ => return Err(Errno::EINVAL),
            };
            self.threads.at_mut(cx.thread).alternate_stack = new;
        }
        if !old.is_null() {
            let old_stack = StackDescription { base: stack.base, flags, pad: 0, size: stack.bytes };
            self.put(cx.host, cx.process, old.address, &old_stack)?;
        }
        Ok(Flow::Done(0))
    }
}
