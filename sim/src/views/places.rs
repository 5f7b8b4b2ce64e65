//! Places: the line of its source on which each process stands, and the operation that it does there.

use kernel::ProcessId;

use crate::World;

use super::operation::standing;
use super::processes::{by_pid, thread_of};
use super::{Column, Table};

/// Where each process stands, or only this one.
pub fn places(world: &World, only: Option<ProcessId>) -> Table {
    let columns = [Column::Number("pid"), Column::Text("name"), Column::Text("line"), Column::Text("operation")];
    let mut table = Table::new(columns);
    for id in by_pid(world).into_iter().filter(|&id| only.is_none_or(|only| only == id)) {
        let Some(process) = world.kernel.process(id) else { continue };
        let thread = thread_of(world, id);
        let line = thread.and_then(|thread| world.process(thread)).and_then(|process| process.line());
        let line = line.map_or_else(String::new, |line| format!("{}:{}", line.file(), line.line()));
        let operation = thread.map_or_else(|| "has ended".into(), |thread| standing(world, thread));
        table.push([process.pid.to_string(), process.name().into(), line, operation]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::testing::{process, world_when};
    use super::*;

    #[test]
    fn a_process_stands_on_the_line_of_its_operation() {
        let world = world_when(&["sh", "-c", "cat; exit"], |world| world.kernel.process_by_pid(3).is_some());
        let all = places(&world, None);
        assert_eq!(all.rows()[0][3], "wait4(-1, ...)");
        assert_eq!(all.rows()[1][3], "clone(SIGCHLD, NULL, NULL, NULL, NULL) = 3");
        assert_eq!(all.rows()[2][3], "clone(SIGCHLD, NULL, NULL, NULL, NULL) = 0");
        assert!(all.rows()[1][2].starts_with("userland/src/programs/sh/pipeline.rs:"), "{all}");
        assert_eq!(places(&world, Some(process(&world, 2))).rows(), &all.rows()[1..2]);
        let begun = world_when(&["true"], |world| world.kernel.now_us() > 0);
        assert_eq!(places(&begun, None).rows()[0][3], "clone(SIGCHLD, NULL, NULL, NULL, NULL) = 2");
    }

    #[test]
    fn before_it_begins_it_is_about_to() {
        assert_eq!(places(&world_when(&["true"], |_| true), None).rows()[0], ["1", "init", "", "about to start"]);
    }
}
