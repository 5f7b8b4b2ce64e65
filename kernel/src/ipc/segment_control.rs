//! `shmctl(2)`.

use abi::{Errno, Out, Resource, ShmCommand, ShmLimits, ShmUsage, ShmidDs};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::ids::SegmentNo;
use crate::ipc::permissions::READ;
use crate::ipc::segment::SEGMENT_BYTES_MAX;
use crate::kernel::Kernel;
use crate::limits::{SEGMENT_PAGES, SEGMENTS};

impl Kernel {
    pub(crate) fn sys_shmctl<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        id: i32,
        command: ShmCommand,
        buffer: Out<ShmidDs>,
    ) -> Outcome {
        if id < 0 || command.0 < 0 {
            return Err(Errno::EINVAL);
        }
        match command {
            ShmCommand::IPC_INFO => {
                let limits = ShmLimits {
                    shmmax: SEGMENT_BYTES_MAX,
                    shmmin: 1,
                    shmmni: SEGMENTS as u64,
                    shmseg: SEGMENTS as u64,
                    shmall: SEGMENT_PAGES as u64,
                    ..ShmLimits::default()
                };
                self.put(cx.host, cx.process, buffer.address, &limits)?;
                Ok(Flow::Done(self.segments.highest().into()))
            }
            ShmCommand::SHM_INFO => {
                let usage = self.segment_usage();
                self.put(cx.host, cx.process, buffer.address, &usage)?;
                Ok(Flow::Done(self.segments.highest().into()))
            }
            ShmCommand::IPC_STAT => {
                let slot = self.segments.obtain(id)?;
                self.stat_segment(cx, slot, true, buffer)?;
                Ok(Flow::Done(0))
            }
            ShmCommand::SHM_STAT | ShmCommand::SHM_STAT_ANY => {
                let (slot, _) = self.segments.by_slot(id)?;
                self.stat_segment(cx, slot, command == ShmCommand::SHM_STAT, buffer)?;
                Ok(Flow::Done(self.segments.id(slot).into()))
            }
            ShmCommand::IPC_SET => {
                let new: ShmidDs = self.get(cx.host, cx.process, buffer.address)?;
                let slot = self.own_segment(cx, id)?;
                let now_s = self.now_s();
                let segment = self.segments.table.at_mut(slot);
                segment.permissions.set(&new.perm)?;
                segment.changed_s = now_s;
                Ok(Flow::Done(0))
            }
            ShmCommand::IPC_RMID => {
                let slot = self.own_segment(cx, id)?;
                self.remove_segment(cx.host, slot);
                Ok(Flow::Done(0))
            }
            ShmCommand::SHM_LOCK => {
                let slot = self.own_segment(cx, id)?;
                let process = self.processes.at(cx.process);
                if !process.credentials.is_privileged() && process.limits.current(Resource::RLIMIT_MEMLOCK) == 0 {
                    return Err(Errno::EPERM);
                }
                self.segments.table.at_mut(slot).locked = true;
                Ok(Flow::Done(0))
            }
            ShmCommand::SHM_UNLOCK => {
                let slot = self.own_segment(cx, id)?;
                self.segments.table.at_mut(slot).locked = false;
                Ok(Flow::Done(0))
            }
            _ => Err(Errno::EINVAL),
        }
    }

    fn stat_segment<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        slot: SegmentNo,
        checked: bool,
        buffer: Out<ShmidDs>,
    ) -> Result<(), Errno> {
        let segment = *self.segments.table.at(slot);
        if checked {
            segment.permissions.check(&self.processes.at(cx.process).credentials, READ)?;
        }
        let attachments = self.objects.at(segment.object).mappings;
        self.put(cx.host, cx.process, buffer.address, &segment.to_abi(attachments))
    }

    /// A segment that the caller may change or remove.
    fn own_segment<H>(&self, cx: &Cx<'_, H>, id: i32) -> Result<SegmentNo, Errno> {
        let slot = self.segments.obtain(id)?;
        self.segments.table.at(slot).permissions.check_owner(&self.processes.at(cx.process).credentials)?;
        Ok(slot)
    }

    fn segment_usage(&self) -> ShmUsage {
        let resident = |object| self.objects.at(object).pages.len() as u64;
        ShmUsage {
            used_ids: self.segments.table.len() as i32,
            tot: self.segment_pages.into(),
            rss: self.segments.table.iter().map(|(_, segment)| resident(segment.object)).sum(),
            ..ShmUsage::default()
        }
    }
}
