//! Taking an image of a process that a signal is about to end: the kernel's side at the very moment, the program's side when
//! the kernel has returned.

use abi::{PAGE_SIZE, Resource, SignalSet};
use kernel::signal::queue::Info;
use kernel::{Kernel, PhysMem, ProcessId};

use super::{Cause, CoreImage, MappedRegion, OpenDescriptor, SignalState, Stood};
use crate::Frames;
use crate::views::{self, descriptor_target, region_backing, region_rights};
use crate::world::World;

impl CoreImage {
    /// What the kernel knows of the process. It must still be whole.
    pub(crate) fn of(kernel: &Kernel, frames: &Frames, id: ProcessId, cause: &Info) -> Option<CoreImage> {
        let process = kernel.process(id)?;
        let info = kernel.process_info(id)?;
        let credentials = process.credentials;
        let (regions, pages_left_out) = memory(kernel, frames, id);
        Some(CoreImage {
            pid: process.pid,
            ppid: info.ppid as u32,
            pgid: info.pgid as u32,
            sid: info.sid as u32,
            uids: (credentials.real_uid, credentials.effective_uid),
            gids: (credentials.real_gid, credentials.effective_gid),
            name: process.name().into(),
            argv: Vec::new(),
            cause: Cause {
                signal: cause.signal.number(),
                code: cause.code,
                sender: cause.pid,
                sender_uid: cause.uid,
                value: cause.value,
                fault: None,
            },
            place: Stood { time_us: kernel.now_us(), ..Stood::default() },
            regions,
            pages_left_out,
            descriptors: descriptors(kernel, id),
            signals: SignalState {
                pending: info.pending.bits(),
                shared_pending: info.shared_pending.bits(),
                blocked: info.blocked.bits(),
                ignored: info.ignored.bits(),
                caught: info.caught.bits(),
                delivered: SignalSet::empty().bits(),
                actions: kernel
                    .actions_of(id)
                    .map(|(signal, action)| (signal.number(), action.handler, action.flags.bits(), action.mask.bits()))
                    .collect(),
            },
        })
    }

    /// Adds what the machine knows: the program's side of the process, which is there until the machine lets go of it.
    pub(crate) fn complete(&mut self, world: &World, id: ProcessId, fault: Option<String>) {
        self.cause.fault = fault;
        self.place.step = world.steps();
        self.signals.delivered = views::delivered(world, id).bits();
        let Some(process) = world.processes().find(|process| process.id == id) else { return };
        self.argv = process.args.argv().into_iter().map(<[u8]>::to_vec).collect();
        self.place.history = process.history.len() as u64;
        self.place.line = process.line().map(|line| format!("{}:{}", line.file(), line.line()));
        // The memory that its arguments point to is gone.
        self.place.operation = process.parked().map(|parked| views::operation(&parked.operation, &|_, _| 0));
    }
}

/// What is mapped, with as many pages as `RLIMIT_CORE` allows; and how many are left out.
fn memory(kernel: &Kernel, frames: &Frames, id: ProcessId) -> (Vec<MappedRegion>, u64) {
    let Some(process) = kernel.process(id) else { return Default::default() };
    let mut room = process.limits.current(Resource::RLIMIT_CORE) / PAGE_SIZE as u64;
    let mut left_out = 0;
    let page_size = PAGE_SIZE as u64;
    let regions = process.space.regions.iter().map(|region| {
        let mut pages = Vec::new();
        let present = kernel.pages(id).filter(|(page, _)| (region.first..region.end).contains(page));
        for (page, frame) in present.filter_map(|(page, entry)| Some((page, entry.frame()?))) {
            match room.checked_sub(1) {
                Some(rest) => {
                    room = rest;
                    pages.push((page * page_size, frames.frame(frame).to_vec()));
                }
                None => left_out += 1,
            }
        }
        MappedRegion {
            start: region.first * page_size,
            end: region.end * page_size,
            rights: region_rights(region.protection),
            backing: region_backing(region.backing),
            pages,
        }
    });
    let regions = regions.collect();
    (regions, left_out)
}

fn descriptors(kernel: &Kernel, id: ProcessId) -> Vec<OpenDescriptor> {
    let process = kernel.process(id);
    let open = process.into_iter().flat_map(|process| process.descriptors.iter());
    open.filter_map(|(fd, descriptor)| {
        let description = kernel.file(descriptor.file)?;
        Some(OpenDescriptor {
            fd: fd.0,
            flags: description.flags.bits(),
            close_on_exec: descriptor.close_on_exec,
            what: descriptor_target(kernel, description),
        })
    })
    .collect()
}
