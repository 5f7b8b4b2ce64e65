//! The parent of a test's program: PID 1 as small as it can be, with two marks between which nothing may leak.

use abi::{Pid, WaitOptions};
use userland::sys::FileActions;
use userland::{Args, Sys};

/// Its name in the table of programs. It runs its arguments, and its status is theirs.
pub const NAME: &str = "test-init";
/// The name it gives itself before it runs them: from here on leaks are counted.
pub(crate) const BEFORE: &str = "before";
/// The name it gives itself when all its children, adopted ones too, are gone.
pub(crate) const AFTER: &str = "after";

/// The message queue of the test program `letters`.
pub const LETTERS: &[u8] = b"/letters";

pub(crate) async fn main(sys: Sys, args: Args) -> i32 {
    // Twice through everything, so that the pages that it needs itself are there when the counting starts.
    run(sys, &[b"true"], &[]).await;
    let _ = sys.set_name(BEFORE).await;
    let argv: Vec<&[u8]> = args.rest().collect();
    let code = run(sys, &argv, &args.envp()).await;
    // A name outlives who made it. If that one was killed before it could take the name away, nobody else would.
    let _ = sys.mq_unlink(LETTERS).await;
    let _ = sys.set_name(AFTER).await;
    code
}

/// Runs a program, and waits until it and all that it left behind are gone.
async fn run(sys: Sys, argv: &[&[u8]], envp: &[&[u8]]) -> i32 {
    let Ok(child) = sys.posix_spawn(argv[0], &FileActions::new(), argv, envp).await else { return 127 };
    let mut code = 126;
    while let Ok(Some((pid, status))) = sys.waitpid(Pid(-1), WaitOptions::empty()).await {
        if pid == child {
            code = status.shell_code();
        }
    }
    code
}
