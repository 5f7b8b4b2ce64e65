//! Runs the `vitrine` binary as a user would.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A command line that starts with `vitrine`.
pub(crate) fn vitrine(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vitrine"));
    command.args(arguments).env_remove("RUST_LOG");
    command
}

/// Runs `vitrine` with this standard input.
pub(crate) fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = vitrine(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("vitrine starts");
    let mut stdin = child.stdin.take().expect("it was asked for");
    let input = input.to_vec();
    // From a thread: it may print before it has read everything. It may also end before.
    let feeder = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().expect("it ends");
    feeder.join().expect("feeding doesn't panic");
    output
}

/// Runs `vitrine` without input.
pub(crate) fn run(arguments: &[&str]) -> Output {
    with_input(arguments, b"")
}

/// Its standard output as text.
pub(crate) fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Its standard error as text.
pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of a test's own, removed when the test is done.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty one; the name is for whoever finds it after a failure.
    pub(crate) fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("vitrine-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder can be made");
        Folder(path)
    }

    /// A file in it, as an argument.
    pub(crate) fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the path is text").to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
