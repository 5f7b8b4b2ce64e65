//! Attributes of a process: its name, its being a child subreaper (`prctl(2)`), its umask; and the names of the system.

use abi::{Errno, Name65, Out, PrctlOption, Utsname};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::ProcessNo;
use crate::kernel::Kernel;

impl Kernel {
    pub(crate) fn sys_prctl<H: Host>(&mut self, cx: &mut Cx<'_, H>, option: PrctlOption, argument: u64) -> Outcome {
        match option {
            PrctlOption::PR_SET_NAME => {
                let mut name = [0; 16];
                self.copy_string_in(cx.host, cx.process, argument, &mut name)?;
                self.processes.at_mut(cx.process).name_bytes = name;
            }
            PrctlOption::PR_GET_NAME => {
                let name = self.processes.at(cx.process).name_bytes;
                self.copy_to_user(cx.host, cx.process, argument, &name)?;
            }
            PrctlOption::PR_SET_CHILD_SUBREAPER => self.set_subreaper(cx.process, argument != 0),
            PrctlOption::PR_GET_CHILD_SUBREAPER => {
                let subreaper = i32::from(self.processes.at(cx.process).subreaper);
                self.put(cx.host, cx.process, argument, &subreaper)?;
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(Flow::Done(0))
    }

    /// Sets the attribute and keeps count of those who have it.
    pub(crate) fn set_subreaper(&mut self, process: ProcessNo, subreaper: bool) {
        let entry = self.processes.at_mut(process);
        if entry.subreaper != subreaper {
            entry.subreaper = subreaper;
            self.subreapers = match subreaper {
                true => self.subreapers + 1,
                false => self.subreapers.saturating_sub(1),
            };
        }
    }

    pub(crate) fn sys_umask<H>(&mut self, cx: &Cx<'_, H>, mask: u32) -> Outcome {
        let umask = &mut self.processes.at_mut(cx.process).umask;
        Ok(Flow::Done(core::mem::replace(umask, mask & 0o777).into()))
    }

    pub(crate) fn sys_uname<H: Host>(&mut self, cx: &mut Cx<'_, H>, name: Out<Utsname>) -> Outcome {
        let names = Utsname {
            sysname: Name65::new("Vitrine"),
            nodename: Name65::new("vitrine"),
            release: Name65::new(env!("CARGO_PKG_VERSION")),
            version: Name65::new("#1 a microkernel under glass"),
            machine: Name65::new("native"),
            domainname: Name65::new("(none)"),
        };
        self.put(cx.host, cx.process, name.address, &names)?;
        Ok(Flow::Done(0))
    }
}
