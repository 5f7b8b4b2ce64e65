//! Processes: a row for each, by process id.

use kernel::process::Life;
use kernel::thread::ThreadState;
use kernel::{CpuNo, ProcessId, ThreadId};

use crate::World;
use crate::trace::ending;

use super::{Column, Table};

/// Every process, zombies included: who it is, whether it runs, and what it waits for. Those that are ready are numbered in
/// the order in which the policy has them.
pub fn processes(world: &World) -> Table {
    use Column::{Number, Text};
    let columns = [Number("pid"), Number("ppid"), Number("pgid"), Text("name"), Text("state"), Text("")];
    let mut table = Table::new(columns);
    for id in by_pid(world) {
        let Some(info) = world.kernel.process_info(id) else { continue };
        let name = world.kernel.process(id).map_or("", |process| process.name());
        let (state, why) = state(world, id);
        let [pid, ppid, pgid] = [info.pid, info.ppid, info.pgid].map(|number| number.to_string());
        table.push([pid, ppid, pgid, name.into(), state, why]);
    }
    table
}

/// Every process in the order of their ids.
pub(super) fn by_pid(world: &World) -> Vec<ProcessId> {
    let mut all: Vec<_> = world.kernel.processes().map(|(id, process)| (process.pid, id)).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, id)| id).collect()
}

/// The thread of a process that is alive.
pub(super) fn thread_of(world: &World, process: ProcessId) -> Option<ThreadId> {
    world.kernel.threads().map(|(id, _)| id).find(|&thread| world.kernel.process_of(thread) == Some(process))
}

/// Its state in a word, and what there is to say about it.
fn state(world: &World, id: ProcessId) -> (String, String) {
    let Some(process) = world.kernel.process(id) else { return Default::default() };
    if let Life::Zombie(status) = process.life {
        return ("zombie".into(), format!("{}, not waited for", ending(status)));
    }
    let thread = thread_of(world, id);
    match thread.and_then(|id| world.kernel.thread(id)).map(|thread| thread.state) {
        Some(ThreadState::Running) => ("running".into(), String::new()),
        Some(ThreadState::Ready) => {
            let place = world.kernel.runnable(CpuNo(0)).position(|ready| Some(ready) == thread);
            (place.map_or("ready".into(), |place| format!("ready {}", place + 1)), String::new())
        }
        Some(ThreadState::Blocked(what)) => ("waiting".into(), format!("for {what}")),
        Some(ThreadState::Stopped) => ("stopped".into(), "by a signal".into()),
        None => Default::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::world_when;
    use super::*;

    fn states(world: &World) -> Vec<String> {
        processes(world).rows().iter().map(|row| format!("{} {}: {} {}", row[0], row[3], row[4], row[5])).collect()
    }

    #[test]
    fn who_runs_who_is_ready_who_waits_for_what() {
        let world = world_when(&["sh", "-c", "true | true"], |world| world.kernel.runnable_count(CpuNo(0)) == 2);
        let expected =
            ["1 init: waiting for a child to change state", "2 sh: running ", "3 sh: ready 1 ", "4 sh: ready 2 "];
        assert_eq!(states(&world), expected);
    }

    #[test]
    fn a_zombie_tells_how_it_ended() {
        let world = world_when(&["false"], |world| world.kernel.processes().any(|(_, process)| process.is_zombie()));
        assert_eq!(states(&world)[1], "2 false: zombie exited with 1, not waited for");
    }
}
