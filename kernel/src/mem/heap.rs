//! `brk`: the end of the heap (`brk(2)`). As Linux's call, it returns the new end, or the old one if it can't be moved.

use abi::{Address, PAGE_SIZE, Protection, Resource};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::kernel::Kernel;
use crate::mem::region::{Backing, Region};
use crate::mem::space::{HEAP_LIMIT, HEAP_START};

impl Kernel {
    pub(crate) fn sys_brk<H: Host>(&mut self, cx: &mut Cx<'_, H>, address: Address) -> Outcome {
        let old = self.processes.at(cx.process).space.heap_end;
        let moved = address.0 == old || self.move_heap_end(cx, old, address.0).is_some();
        Ok(Flow::Done(if moved { address.0 } else { old } as i64))
    }

    fn move_heap_end<H: Host>(&mut self, cx: &mut Cx<'_, H>, old: u64, new: u64) -> Option<()> {
        let process = self.processes.at(cx.process);
        let data_limit = process.limits.current(Resource::RLIMIT_DATA);
        if !(HEAP_START..=HEAP_LIMIT).contains(&new) || new - HEAP_START > data_limit {
            return None;
        }
        let page = |address: u64| address.div_ceil(PAGE_SIZE as u64);
        let (old_page, new_page) = (page(old), page(new));
        let mut regions = process.space.regions.clone();
        if new_page > old_page {
            if !regions.is_free(old_page, new_page) {
                return None;
            }
            self.check_room(cx.process, new_page - old_page, true).ok()?;
            let protection = Protection::PROT_READ | Protection::PROT_WRITE;
            regions.put(Region { first: old_page, end: new_page, protection, backing: Backing::Private }).ok()?;
            self.replace_regions(cx.host, cx.process, regions, old_page, new_page);
        } else if new_page < old_page {
            regions.cut(new_page, old_page).ok()?;
            self.replace_regions(cx.host, cx.process, regions, new_page, old_page);
        }
        self.processes.at_mut(cx.process).space.heap_end = new;
        Some(())
    }
}
