//! Pipes: how full each is, and who holds its ends.

use kernel::file::description::Open;
use kernel::ids::PipeNo;

use crate::World;

use super::processes::by_pid;
use super::{Column, Table};

/// Every pipe, with the descriptors of its ends as `PID:FD`. As long as anybody holds the write end, readers wait for more.
pub fn pipes(world: &World) -> Table {
    use Column::{Number, Text};
    let mut table = Table::new([Number("pipe"), Number("bytes"), Number("room"), Text("read by"), Text("written by")]);
    for (number, pipe) in world.kernel.pipes() {
        let [readers, writers] = ends(world, number);
        let [bytes, room] = [pipe.ring.len(), pipe.ring.room()].map(|bytes| bytes.to_string());
        table.push([number.0.to_string(), bytes, room, readers, writers]);
    }
    table
}

/// The descriptors of its read end, and those of its write end.
fn ends(world: &World, number: PipeNo) -> [String; 2] {
    let mut ends = [Vec::new(), Vec::new()];
    for process in by_pid(world).into_iter().filter_map(|id| world.kernel.process(id)) {
        for (fd, descriptor) in process.descriptors.iter() {
            match world.kernel.file(descriptor.file) {
                Some(file) if file.open == Open::Pipe(number) => {
                    ends[usize::from(file.flags.writable())].push(format!("{}:{}", process.pid, fd.0));
                }
                _ => {}
            }
        }
    }
    ends.map(|end| if end.is_empty() { "nobody".into() } else { end.join(" ") })
}

#[cfg(test)]
mod tests {
    use super::super::testing::world_when;
    use super::*;

    #[test]
    fn the_holders_of_both_ends_are_named() {
        let world = world_when(&["ping"], |world| world.kernel.process_by_pid(3).is_some());
        let rows = pipes(&world).rows().to_vec();
        assert_eq!(rows[0], ["0", "0", "65536", "2:3 3:3", "2:4 3:4"]);
        assert_eq!(rows[1], ["1", "0", "65536", "2:5 3:5", "2:6 3:6"]);
    }

    #[test]
    fn an_end_that_is_closed_is_held_by_nobody() {
        let closed = |world: &World| world.kernel.pipes().any(|(_, pipe)| pipe.readers == 0);
        let world = world_when(&["sh", "-c", "yes | head -n 1"], closed);
        assert_eq!(pipes(&world).rows()[0][3], "nobody");
    }
}
