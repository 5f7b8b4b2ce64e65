//! Who fills which limit, and that each is filled.

use harness::Scenario;
use kernel::limits::*;
use userland::Program;

use super::{files, memory, processes, queues, signals, system_v};

/// Who fills which limit.
const FILLERS: &[Program] = &[
    Program::new("PROCESSES", "", &processes::processes),
    Program::new("FILES", "", &files::files_and_pipes),
    Program::new("DESCRIPTORS", "", &files::descriptors),
    Program::new("PIPES", "", &files::files_and_pipes),
    Program::new("PIPE_PAGES", "", &files::pipe_pages),
    Program::new("PIPE_PAGES_MAX", "", &files::pipe_pages_max),
    Program::new("FRAMES", "", &memory::frames),
    Program::new("NODES", "", &memory::nodes),
    Program::new("REGIONS", "", &memory::regions),
    Program::new("OBJECTS", "", &memory::objects),
    Program::new("MQUEUES", "", &queues::mqueues),
    Program::new("MQUEUE_MESSAGES", "", &queues::mqueue_messages),
    Program::new("MQUEUE_MESSAGE_BYTES", "", &queues::mqueue_messages),
    Program::new("MQ_MESSAGES", "", &queues::mq_messages),
    Program::new("SEGMENTS", "", &system_v::segments),
    Program::new("SEGMENT_PAGES", "", &system_v::segment_pages),
    Program::new("MSG_QUEUES", "", &system_v::message_queues),
    Program::new("MESSAGES", "", &system_v::messages),
    Program::new("SEM_SETS", "", &system_v::semaphore_sets),
    Program::new("SEMAPHORES", "", &system_v::semaphores),
    Program::new("SEM_UNDOS", "", &system_v::undos),
    Program::new("SEM_OPERATIONS", "", &system_v::waiting_operations),
    Program::new("ACTION_SETS", "", &signals::action_sets),
    Program::new("QUEUED_SIGNALS", "", &signals::queued_signals),
    Program::new("TIMERS", "", &signals::timers),
    Program::new("ARGUMENT_BYTES", "", &processes::argument_bytes),
    Program::new("PATH_BYTES", "", &files::path_bytes),
    Program::new("NAME_BYTES", "", &files::name_bytes),
    Program::new("INODES", "", &files::inodes),
    Program::new("NAMES", "", &files::names),
    Program::new("SPAWN_ACTIONS", "", &processes::spawn_actions),
    Program::new("CONSOLE_PAGES", "", &files::console_pages),
    Program::new("PID_MAX", "", &processes::pid_max),
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
