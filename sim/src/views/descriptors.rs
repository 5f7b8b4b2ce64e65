//! Descriptors of a process: what each number stands for, and who else has the same open.

use abi::OpenFlags;
use kernel::file::description::{Description, Open};
use kernel::{Kernel, ProcessId, file::descriptor::Descriptor};

use crate::World;

use super::{Column, Table};

/// What a process has open. `file` is the number of the open file description, and `refs` how many descriptors, of whatever
/// process, refer to it.
pub fn descriptors(world: &World, process: ProcessId) -> Table {
    use Column::{Number, Text};
    let mut table =
        Table::new([Number("fd"), Number("file"), Number("refs"), Text("access"), Text("flags"), Text("what")]);
    let process = world.kernel.process(process);
    for (fd, Descriptor { file, close_on_exec }) in process.into_iter().flat_map(|process| process.descriptors.iter()) {
        let Some(description) = world.kernel.file(file) else { continue };
        let cells = [fd.0.to_string(), file.0.to_string(), description.references.to_string()];
        let more = [
            access(description.flags).into(),
            flags(description.flags, close_on_exec),
            what(&world.kernel, description),
        ];
        table.push(cells.into_iter().chain(more));
    }
    table
}

fn access(flags: OpenFlags) -> &'static str {
    match (flags.readable(), flags.writable()) {
        (true, true) => "read, write",
        (true, false) => "read",
        (false, _) => "write",
    }
}

/// The status flags, and the one of the descriptor.
fn flags(status: OpenFlags, close_on_exec: bool) -> String {
    let status = status & OpenFlags::O_NONBLOCK;
    let names = [(!status.is_empty()).then_some("O_NONBLOCK"), close_on_exec.then_some("FD_CLOEXEC")];
    names.into_iter().flatten().collect::<Vec<_>>().join("|")
}

pub(crate) fn what(kernel: &Kernel, description: &Description) -> String {
    match description.open {
        Open::Console { stream: 2 } => "console, diagnostics".into(),
        Open::Console { .. } => "console".into(),
        Open::Mqueue(number) => {
            let messages = kernel.mqueue(number).map_or(0, |queue| queue.len());
            format!("message queue {}, {messages} messages in it", number.0)
        }
        Open::Memory(number) => format!("shared object {}", number.0),
        Open::Directory => "directory".into(),
        Open::Device(device) => format!("{device:?}").to_lowercase(),
        Open::Pipe(number) => {
            let bytes = kernel.pipe(number).map_or(0, |pipe| pipe.ring.len());
            format!("pipe {}, {bytes} bytes in it", number.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{process, world_when};
    use super::*;

    #[test]
    fn shared_descriptions_are_counted() {
        let world = world_when(&["ping"], |world| world.kernel.process_by_pid(3).is_some());
        let table = descriptors(&world, process(&world, 3));
        assert_eq!(table.rows()[2], ["2", "2", "3", "read, write", "", "console, diagnostics"]);
        assert_eq!(table.rows()[3], ["3", "3", "2", "read", "", "pipe 0, 0 bytes in it"]);
        assert_eq!(table.rows()[4], ["4", "4", "2", "write", "", "pipe 0, 0 bytes in it"]);
    }

    #[test]
    fn flags_of_description_and_descriptor_stand_together() {
        assert_eq!(flags(OpenFlags::O_WRONLY | OpenFlags::O_NONBLOCK, true), "O_NONBLOCK|FD_CLOEXEC");
        assert_eq!(flags(OpenFlags::O_RDWR, false), "");
    }
}
