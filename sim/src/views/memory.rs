//! The memory of a process: its regions, in each of them the pages that are present, and who shares their frames.
//!
//! Copy-on-write shows as a page that may only be read in a region that may be written, with a frame that others refer to.

use std::collections::{BTreeMap, BTreeSet};

use abi::{PAGE_SIZE, Protection};
use kernel::mem::region::{Backing, Region};
use kernel::mem::space::PageEntry;
use kernel::{FrameNo, ProcessId};

use crate::World;

use super::{Column, Table};

/// What a process has mapped. A region's row has its rights; below it, indented, are its pages that are present, those in a
/// row that are alike as one, with what the page table allows and how many refer to each frame.
pub fn memory(world: &World, process: ProcessId) -> Table {
    use Column::{Number, Text};
    let columns =
        [Text("from"), Text("to"), Number("pages"), Text("rights"), Text("frames"), Number("refs"), Text("what")];
    let mut table = Table::new(columns);
    let Some(space) = world.kernel.process(process).map(|process| &process.space) else { return table };
    let sharers = Sharers::of(world, process);
    for region in space.regions.iter() {
        let runs = runs(world, process, region);
        let present: u64 = runs.iter().map(|run| run.pages).sum();
        let pages = region.end - region.first;
        let (from, to) = (address(region.first), address(region.end));
        let what = format!("{}, {present} present", backing(region.backing));
        table.push([from, to, pages.to_string(), rights(region.protection), String::new(), String::new(), what]);
        for run in runs {
            let (from, to) = (address(run.page), address(run.page + run.pages));
            let rights = page_rights(run.entry);
            let frames = (run.frame.0, run.frame.0 + run.pages as u16 - 1);
            let frames = if run.pages == 1 { frames.0.to_string() } else { format!("{}-{}", frames.0, frames.1) };
            let what = meaning(region, &run, &sharers);
            let from = format!("  {from}");
            table.push([
                from,
                format!("  {to}"),
                run.pages.to_string(),
                rights,
                frames,
                run.references.to_string(),
                what,
            ]);
        }
    }
    table
}

/// Pages in a row that are alike, with their frames in a row too.
struct Run {
    page: u64,
    pages: u64,
    entry: PageEntry,
    frame: FrameNo,
    references: u32,
}

/// The pages of a region that are present.
fn runs(world: &World, process: ProcessId, region: &Region) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let pages = world.kernel.pages(process).filter(|(page, _)| (region.first..region.end).contains(page));
    for (page, entry) in pages {
        let Some(frame) = entry.frame() else { continue };
        let references = world.kernel.frame_references(frame);
        match runs.last_mut() {
            Some(run)
                if run.page + run.pages == page
                    && u64::from(run.frame.0) + run.pages == u64::from(frame.0)
                    && run.references == references
                    && page_rights(run.entry) == page_rights(entry) =>
            {
                run.pages += 1;
            }
            _ => runs.push(Run { page, pages: 1, entry, frame, references }),
        }
    }
    runs
}

/// Which other processes refer to a frame.
struct Sharers(BTreeMap<FrameNo, BTreeSet<u32>>);

impl Sharers {
    fn of(world: &World, process: ProcessId) -> Sharers {
        let mut sharers = BTreeMap::<_, BTreeSet<_>>::new();
        for (other, entry) in world.kernel.processes().filter(|(other, _)| *other != process) {
            for frame in world.kernel.pages(other).filter_map(|(_, page)| page.frame()) {
                sharers.entry(frame).or_default().insert(entry.pid);
            }
        }
        Sharers(sharers)
    }

    /// Those of the frames of a run, as text.
    fn with(&self, run: &Run) -> String {
        let frames = run.frame..FrameNo(run.frame.0 + run.pages as u16);
        let pids: BTreeSet<_> = self.0.range(frames).flat_map(|(_, pids)| pids).collect();
        pids.iter().map(|pid| pid.to_string()).collect::<Vec<_>>().join(" ")
    }
}

/// What a store would do, and who else sees the frames.
fn meaning(region: &Region, run: &Run, sharers: &Sharers) -> String {
    let with = sharers.with(run);
    let with = if with.is_empty() { String::new() } else { format!("with {with}") };
    let protected = region.writable() && !run.entry.writable();
    match (protected, region.backing, run.references) {
        (true, Backing::Private | Backing::Stack, 2..) => format!("copied on write, shared {with}"),
        (true, Backing::Private | Backing::Stack, _) => "its own again at the next store".into(),
        _ if with.is_empty() => with,
        _ => format!("shared {with}"),
    }
}

fn address(page: u64) -> String {
    format!("{:#x}", page * PAGE_SIZE as u64)
}

pub(crate) fn rights(protection: Protection) -> String {
    let right = |right, letter| if protection.contains(right) { letter } else { '-' };
    [right(Protection::PROT_READ, 'r'), right(Protection::PROT_WRITE, 'w'), right(Protection::PROT_EXEC, 'x')]
        .iter()
        .collect()
}

fn page_rights(entry: PageEntry) -> String {
    [if entry.readable() { 'r' } else { '-' }, if entry.writable() { 'w' } else { '-' }, '-'].iter().collect()
}

pub(crate) fn backing(backing: Backing) -> String {
    match backing {
        Backing::Private => "private".into(),
        Backing::Stack => "stack".into(),
        Backing::Shared { object, offset: 0, .. } => format!("shared object {}", object.0),
        Backing::Shared { object, offset, .. } => format!("shared object {} from page {offset}", object.0),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{process, world_when};
    use super::*;

    /// Rights, references and meaning of each row of process `pid` whose range lies in the mapping of `cow`.
    fn rows(world: &World, pid: u32) -> Vec<String> {
        let rows = memory(world, process(world, pid));
        let rows = rows.rows().iter().filter(|row| row[0].trim().starts_with("0x5"));
        rows.map(|row| [&row[2], &row[3], &row[5], &row[6]].map(String::as_str).join(" ")).collect()
    }

    #[test]
    fn copy_on_write_is_seen_page_by_page() {
        let forked = world_when(&["cow"], |world| world.kernel.process_by_pid(3).is_some());
        // In two rows, because the stack has the frame between them.
        let shared = |with| {
            let pages = |count| format!("{count} r-- 2 copied on write, shared with {with}");
            ["8 rw-  private, 8 present".into(), pages(1), pages(7)]
        };
        assert_eq!(rows(&forked, 2), shared(3));
        assert_eq!(rows(&forked, 3), shared(2));

        let stored = world_when(&["cow"], |world| {
            world
                .kernel
                .process_by_pid(3)
                .is_some_and(|child| world.kernel.pages(child).any(|(page, entry)| page == 0x50000 && entry.writable()))
        });
        let parent = ["8 rw-  private, 8 present", "1 r-- 1 its own again at the next store"];
        assert_eq!(rows(&stored, 2)[..2], parent);
        assert_eq!(rows(&stored, 2)[2], "7 r-- 2 copied on write, shared with 3");
        assert_eq!(rows(&stored, 3)[1..], ["1 rw- 1 ", "7 r-- 2 copied on write, shared with 2"]);
    }

    #[test]
    fn a_process_that_has_ended_has_no_memory() {
        let world = world_when(&["true"], |world| world.kernel.processes().any(|(_, process)| process.is_zombie()));
        assert!(memory(&world, process(&world, 2)).is_empty());
    }
}
