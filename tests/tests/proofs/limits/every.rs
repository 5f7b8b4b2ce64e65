//! Who fills which limit, and that each is filled.

use harness::Scenario;
use kernel::limits::*;
use userland::Program;

use super::{files, memory, processes, queues, signals, system_v};

/// Who fills which limit, and which errors come of it there.
const FILLERS: &[Program] = &[
    Program::new("PROCESSES", "EAGAIN", &processes::processes),
    Program::new("FILES", "EMFILE ENFILE ENOENT", &files::files_and_pipes),
    Program::new("DESCRIPTORS", "EMFILE EBADF", &files::descriptors),
    Program::new("PIPES", "EMFILE ENFILE ENOENT", &files::files_and_pipes),
    Program::new("PIPE_PAGES", "EAGAIN", &files::pipe_pages),
    Program::new("PIPE_PAGES_MAX", "EPERM", &files::pipe_pages_max),
    Program::new("FRAMES", "ENOMEM EFAULT", &memory::frames),
    Program::new("NODES", "ENOMEM ENOSPC", &memory::nodes),
    Program::new("REGIONS", "ENOMEM", &memory::regions),
    Program::new("OBJECTS", "ENOMEM", &memory::objects),
    Program::new("MQUEUES", "ENOSPC", &queues::mqueues),
    Program::new("MQUEUE_MESSAGES", "EINVAL EAGAIN EMSGSIZE", &queues::mqueue_messages),
    Program::new("MQUEUE_MESSAGE_BYTES", "EINVAL EAGAIN EMSGSIZE", &queues::mqueue_messages),
    Program::new("MQ_MESSAGES", "EAGAIN ENOMEM", &queues::mq_messages),
    Program::new("SEGMENTS", "ENOMEM ENOSPC", &system_v::segments),
    Program::new("SEGMENT_PAGES", "EINVAL ENOSPC", &system_v::segment_pages),
    Program::new("MSG_QUEUES", "ENOSPC", &system_v::message_queues),
    Program::new("MESSAGES", "ENOMEM", &system_v::messages),
    Program::new("SEM_SETS", "ENOSPC", &system_v::semaphore_sets),
    Program::new("SEMAPHORES", "ENOSPC", &system_v::semaphores),
    Program::new("SEM_UNDOS", "ENOMEM", &system_v::undos),
    Program::new("SEM_OPERATIONS", "EIDRM ENOMEM", &system_v::waiting_operations),
    Program::new("ACTION_SETS", "", &signals::action_sets),
    Program::new("QUEUED_SIGNALS", "EAGAIN", &signals::queued_signals),
    Program::new("TIMERS", "EAGAIN", &signals::timers),
    Program::new("ARGUMENT_BYTES", "E2BIG", &processes::argument_bytes),
    Program::new("PATH_BYTES", "ENOENT ENAMETOOLONG", &files::path_bytes),
    Program::new("NAME_BYTES", "ENAMETOOLONG", &files::name_bytes),
    Program::new("INODES", "ENOSPC", &files::inodes),
    Program::new("NAMES", "ENOSPC", &files::names),
    Program::new("SPAWN_ACTIONS", "EINVAL", &processes::spawn_actions),
    Program::new("CONSOLE_PAGES", "", &files::console_pages),
    Program::new("PID_MAX", "EAGAIN", &processes::pid_max),
];

#[test]
fn every_limit_is_filled() {
    for limit in LIMITS {
        assert!(
            FILLERS.iter().any(|filler| filler.name == limit.name),
            "nobody fills {}: {}",
            limit.name,
            limit.when_full
        );
        println!("{} = {}: {}", limit.name, limit.value, limit.when_full);
        let console = vec![b'c'; 3 * CONSOLE_PAGES * abi::PAGE_SIZE + 5];
        let run = Scenario::command([limit.name]).among(FILLERS).input(console).checked_every(101).run();
        run.succeeds();
    }
    for filler in FILLERS {
        assert!(LIMITS.iter().any(|limit| limit.name == filler.name), "{} is no limit", filler.name);
    }
}
