//! Pages that take a reader through a change, followed literally on a copy of the repository: their edits are made as they
//! stand there, their commands are run, and what those print is what the page shows.
//!
//! After a change that is meant, `VITRINE_UPDATE=1 cargo test --test followed_pages` writes the new outputs into the pages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// One thing that the page asks for.
#[derive(PartialEq, Eq, Debug)]
enum Task<'a> {
    /// "Make the file `path`:"
    Make { path: &'a str, content: String },
    /// "In `path`, behind the line", the line, "insert", the lines.
    Insert { path: &'a str, behind: String, lines: String },
    /// A command of a `console` block.
    Run { command: &'a str },
}

/// Settings for the packages of the copy. It is about what happens, not about speed, so they are built fast. And they have other
/// settings than the original's have, so that they have other names, too: both can be built in one folder, and what belongs to
/// neither is built once.
const SETTINGS: &str = "opt-level = 0\ndebug = false\n";

const PACKAGES: [&str; 5] = ["vitrine-abi", "vitrine-kernel", "vitrine-userland", "vitrine", "vitrine-tests"];

/// A copy that a page is followed on. What is built of it is kept for the next page, and for the next time.
struct Copy {
    root: PathBuf,
    target: PathBuf,
    /// Where the tests are built, this one too.
    build: PathBuf,
}

impl Copy {
    fn make() -> Copy {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let folder = temporary.join("followed-pages");
        let build = temporary.parent().expect("it is inside of what is built").to_owned();
        let copy = Copy { root: folder.join("copy"), target: folder.join("target"), build };
        let _ = fs::remove_dir_all(&copy.root);
        copy_folder(&repository(), &copy.root);
        // Cargo looks for it in the folders above, so the copy stays as it is.
        fs::create_dir_all(folder.join(".cargo")).expect("a folder can be made");
        let settings = PACKAGES.map(|package| format!("[profile.dev.package.{package}]\n{SETTINGS}"));
        fs::write(folder.join(".cargo/config.toml"), settings.concat()).expect("the settings can be written");
        copy
    }

    fn carry_out(&self, task: &Task) {
        match task {
            Task::Make { path, content } => {
                let path = self.root.join(path);
                assert!(!path.exists(), "{} exists already", path.display());
                fs::write(path, content).expect("the file can be made");
            }
            Task::Insert { path, behind, lines } => {
                let file = self.root.join(path);
                let before = fs::read_to_string(&file).expect("the file is there");
                assert_eq!(before.matches(&format!("\n{behind}")).count(), 1, "{path} has this line once:\n{behind}");
                fs::write(file, before.replacen(&format!("\n{behind}"), &format!("\n{behind}{lines}"), 1))
                    .expect("the file can be changed");
            }
            Task::Run { .. } => {}
        }
    }

    /// What a command prints.
    fn output(&self, command: &str) -> String {
        let output = Command::new("sh")
            .args(["-c", command])
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", &self.target)
            .env("CARGO_BUILD_BUILD_DIR", &self.build)
            // A page builds again and again, with a few lines changed.
            .env("CARGO_INCREMENTAL", "1")
            .env_remove("VITRINE_UPDATE")
            .env_remove("RUST_LOG")
            .output()
            .expect("there is a shell");
        let (out, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "`{command}` failed:\n{out}{errors}");
        out.into_owned()
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Copies a folder, but nothing that was built, and nothing hidden.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let entry = entry.expect("it can be listed");
        let name = entry.file_name();
        if name == "target" || name.as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type().expect("it has a type").is_dir() {
            copy_folder(&entry.path(), &to.join(name));
        } else {
            fs::copy(entry.path(), to.join(name)).expect("a file can be copied");
        }
    }
}

/// The lines of a block that has just begun, and what is behind it.
fn block<'a>(lines: &mut impl Iterator<Item = &'a str>) -> String {
    lines.take_while(|line| *line != "```").map(|line| format!("{line}\n")).collect()
}

/// What the page asks for, in order.
fn tasks(page: &str) -> Vec<Task<'_>> {
    let mut tasks = Vec::new();
    let mut anchor = None;
    // The paragraph before a block says what the block is.
    let mut said = "";
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        match line {
            "```rust" => {
                let text = block(&mut lines);
                let path = said.split('`').nth(1).unwrap_or_default();
                if said.starts_with("Make the file `") {
                    tasks.push(Task::Make { path, content: text });
                } else if said.starts_with("In `") && said.ends_with("`, behind the line") {
                    anchor = Some((path, text));
                } else if let ("insert", Some((path, behind))) = (said, anchor.take()) {
                    tasks.push(Task::Insert { path, behind, lines: text });
                } else {
                    panic!("nothing says where this goes:\n{text}");
                }
            }
            "```console" => {
                let commands = lines.by_ref().take_while(|line| *line != "```");
                tasks.extend(commands.filter_map(|line| Some(Task::Run { command: line.strip_prefix("$ ")? })));
            }
            "" => {}
            line => said = line,
        }
    }
    tasks
}

/// The page with the outputs of its commands, in order, in place of those that it shows.
fn with_outputs(page: &str, outputs: &[String]) -> String {
    let mut outputs = outputs.iter();
    let mut renewed = String::new();
    let mut in_session = false;
    for line in page.lines() {
        in_session = line == "```console" || in_session && line != "```";
        if line.starts_with("$ ") && in_session {
            renewed += &format!("{line}\n{}", outputs.next().expect("each command was run"));
        } else if !in_session || line == "```console" {
            renewed += &format!("{line}\n");
        }
    }
    renewed
}

/// One page after the other: they share a folder, so that most is built once.
fn follow(page: &str) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let file = repository().join(page);
    let page = fs::read_to_string(&file).expect("the page is there");
    let copy = Copy::make();
    let mut outputs = Vec::new();
    for task in tasks(&page) {
        copy.carry_out(&task);
        if let Task::Run { command } = task {
            outputs.push(copy.output(command));
        }
    }
    let renewed = with_outputs(&page, &outputs);
    if std::env::var_os("VITRINE_UPDATE").is_some() {
        fs::write(&file, renewed).expect("the page can be written");
    } else {
        assert!(page == renewed, "the page doesn't show what happens; that is:\n{renewed}");
    }
}

#[test]
fn a_syscall_can_be_added() {
    follow("docs/adding-a-syscall.md");
}

#[test]
fn an_invariant_can_be_added_and_seen_to_fail() {
    follow("docs/an-invariant.md");
}

#[test]
fn tasks_are_read_as_a_person_reads_them() {
    let page = "In `a.rs`, behind the line\n\n```rust\nmod a;\n```\n\ninsert\n\n```rust\nmod b;\n```\n\n\
                ```console\n$ cargo run\noutput\n$ true\n```\nMake the file `b.rs`:\n\n```rust\nfn b() {}\n```\n";
    assert_eq!(
        tasks(page),
        [
            Task::Insert { path: "a.rs", behind: "mod a;\n".into(), lines: "mod b;\n".into() },
            Task::Run { command: "cargo run" },
            Task::Run { command: "true" },
            Task::Make { path: "b.rs", content: "fn b() {}\n".into() },
        ]
    );
    let renewed = with_outputs(page, &["new\n".into(), String::new()]);
    assert_eq!(renewed, page.replace("output", "new"));
}
