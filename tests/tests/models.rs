//! The reference models (`sim/src/fuzz/model/`): they agree with everything that real Linux processes were recorded to do
//! (`tests/oracle/lockstep`), Vitrine agrees with them on fresh scripts, and they notice when a record isn't what happened.

use std::path::Path;

use serde_json::{Value, json};
use sim::fuzz::model::{Entry, MODELS, Modelled, judge, text};
use sim::fuzz::{Case, Coverage, Property, Stop};

const THEMES: [&str; 7] = ["proc", "signals", "pipes", "mqueue", "sysv", "memory", "mixed"];

/// Those of which there are records of operations that came later.
const NEWER: [&str; 4] = ["proc", "pipes", "memory", "mixed"];

/// The recorded scripts of a theme: their names and records.
fn recorded(theme: &str) -> Vec<(String, Vec<Value>)> {
    recorded_in("oracle/lockstep", theme)
}

/// The same of scripts with operations that came later too, and only those.
fn recorded_newer(theme: &str) -> Vec<(String, Vec<Value>)> {
    recorded_in("oracle/newer", theme)
}

fn recorded_in(folder: &str, theme: &str) -> Vec<(String, Vec<Value>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(theme).with_extension("jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let scripts = text.lines().map(|line| {
        let mut script: Value = serde_json::from_str(line).expect("a script is a line of JSON");
        let records = script["ops"].as_array_mut().map(std::mem::take).unwrap_or_default();
        (script["id"].as_str().unwrap_or("?").to_owned(), records)
    });
    scripts.collect()
}

fn model(name: &str) -> &'static Entry {
    MODELS.iter().find(|entry| entry.name == name).expect("there is such a model")
}

/// Scripts that a model can't follow: of several who went on at once, it keeps the first order that explains what was seen then, and
/// here a later operation shows that it was another.
const ORDER_SHOWS_LATER: &[(&str, &str)] =
    &[("messages", "which-sender-went-first-shows-when-its-message-is-received")];

#[test]
fn every_model_agrees_with_every_recorded_script_of_linux() {
    let mut known = Vec::new();
    let mut operations = 0;
    let mut objections = Vec::new();
    let scripts = THEMES.into_iter().flat_map(recorded).chain(NEWER.into_iter().flat_map(recorded_newer));
    let scripts = scripts.chain(recorded_in("tests/lockstep", "regressions"));
    for (name, records) in scripts {
        for entry in MODELS {
            match judge((entry.make)(), &records) {
                Ok(count) => operations += count,
                Err(_) if ORDER_SHOWS_LATER.contains(&(entry.name, name.as_str())) => {
                    known.push((entry.name, name.clone()))
                }
                Err(objection) => objections.push(format!("{}: {name}, {objection}", entry.name)),
            }
        }
    }
    println!("{operations} operations");
    assert_eq!(known.len(), ORDER_SHOWS_LATER.len(), "a model follows now what it couldn't: {known:?}");
    assert!(
        objections.is_empty(),
        "{} objections:\n{}",
        objections.len(),
        objections[..5.min(objections.len())].join("\n")
    );
    assert!(operations > 8 * 30_000, "only {operations} operations");
}

/// Seeds are fixed here. `vitrine fuzz all` tries others.
fn vitrine_agrees_with(name: &str, cases: u64) {
    let property = Modelled::new(model(name));
    let mut steps = 0;
    for seed in 0..cases {
        let case = Case { seed, steps: property.steps_per_case(), syscalls: Vec::new() };
        match property.run(&case, &mut Coverage::new()) {
            Ok(made) => steps += made,
            Err(failure) => panic!("seed {seed}: {}\n{}", failure.reason, failure.script),
        }
    }
    println!("{name}: {steps} operations");
    assert!(steps > cases * 20, "only {steps} operations in {cases} cases");
}

/// Operations whose answer a model says all of.
const SPOKEN_OF: &[(&str, &[&str], &str)] = &[
    ("tree", &["fork", "wait4", "getpgid", "getppid", "setsid", "setpgid"], "proc"),
    ("signals", &["sigaction", "sigprocmask", "sigtimedwait", "kill", "sigqueue", "sigsuspend"], "signals"),
    ("descriptors", &["pipe", "dup", "dup2", "dup3", "close", "fcntl"], "pipes"),
    ("pipes", &["read", "write", "mkfifo", "open"], "pipes"),
    ("queues", &["mq_send", "mq_receive", "mq_getattr", "mq_unlink"], "mqueue"),
    ("messages", &["msgget", "msgsnd", "msgrcv", "msgctl"], "sysv"),
    ("semaphores", &["semget", "semop", "semctl"], "sysv"),
    ("memory", &["load", "store", "mmap", "mprotect", "shmat", "shmdt", "shmctl"], "memory"),
];

/// The same of operations that came later.
const SPOKEN_OF_NEWER: &[(&str, &[&str], &str)] = &[
    ("tree", &["waitid"], "proc"),
    ("pipes", &["fionread"], "pipes"),
    ("descriptors", &["shm_open"], "memory"),
    ("memory", &["shm_unlink", "ftruncate", "mapfd"], "memory"),
];

/// Another answer than the recorded one: one more, another name, another error, or success.
fn falsified(record: &Value) -> Option<Value> {
    let mut other = record.clone();
    match (&record["r"], &record["e"]) {
        // What these give is elsewhere.
        _ if record["n"].is_number() => other["n"] = json!(record["n"].as_i64()? + 1),
        _ if record["who"] == "0" => other["who"] = json!("z"),
        _ if record["who"].is_string() => other["who"] = json!("0"),
        (Value::Number(number), _) => other["r"] = json!(number.as_i64()? + 1),
        (Value::String(_), _) => other["r"] = json!("z"),
        (_, Value::String(_)) => other["e"] = json!("ENOSYS"),
        _ => return None,
    }
    Some(other)
}

#[test]
fn a_model_objects_to_an_answer_that_is_changed() {
    for (name, operations, theme) in SPOKEN_OF {
        objects_to_changes(name, operations, recorded(theme), 30);
    }
    for (name, operations, theme) in SPOKEN_OF_NEWER {
        objects_to_changes(name, operations, recorded_newer(theme), 4);
    }
}

/// In each script one of these operations is given another answer, and the model notices.
fn objects_to_changes(name: &str, operations: &[&str], scripts: Vec<(String, Vec<Value>)>, least: usize) {
    let (mut changed, mut missed) = (0, Vec::new());
    for (number, (script, mut records)) in scripts.into_iter().enumerate() {
        // Which error it is, is the business of the model of memory.
        let of_another = |record: &Value| name == "descriptors" && record["o"] == "shm_open" && record["e"].is_string();
        let spoken_of =
            |record: &Value| operations.iter().any(|operation| record["o"] == *operation) && !of_another(record);
        let places: Vec<usize> = (0..records.len()).filter(|place| spoken_of(&records[*place])).collect();
        let Some(place) = places.get(number * 7 % places.len().max(1)).copied() else { continue };
        let Some(other) = falsified(&records[place]) else { continue };
        records[place] = other;
        changed += 1;
        if judge((model(name).make)(), &records).err().is_none_or(|objection| objection.operation != place) {
            missed.push(format!("{script}, operation {place}: {}", records[place]));
        }
    }
    // Of a process to whom several things happen at once not everything is known.
    assert!(missed.len() * 20 <= changed, "{name}, {} of {changed} missed:\n{}", missed.len(), missed.join("\n"));
    assert!(changed >= least, "{name}: only {changed} answers were changed");
}

#[test]
fn a_model_objects_to_a_call_that_goes_on_waiting_though_it_could_end() {
    let waits = [
        ("tree", "wait4", "proc"),
        ("signals", "sigsuspend", "signals"),
        ("signals", "sigtimedwait", "signals"),
        ("pipes", "read", "pipes"),
        ("pipes", "write", "pipes"),
        ("pipes", "open", "pipes"),
        ("queues", "mq_send", "mqueue"),
        ("queues", "mq_receive", "mqueue"),
        ("messages", "msgsnd", "sysv"),
        ("messages", "msgrcv", "sysv"),
        ("semaphores", "semop", "sysv"),
    ];
    for (name, operation, theme) in waits {
        let (mut withheld, mut missed) = (0, Vec::new());
        for (script, mut records) in recorded(theme) {
            let ends = |record: &Value| {
                let done = record["done"].as_array().map_or(&[][..], Vec::as_slice);
                // What a handler interrupts may be made again instead: that is for the model of signals.
                let undisturbed = |who: &Value| who.as_str().is_some_and(|who| record["h"][who].is_null());
                matches!(done, [only] if only["o"] == operation && (name == "signals" || undisturbed(&only["p"])))
            };
            let Some(place) = records.iter().position(ends) else { continue };
            let who = records[place]["done"][0]["p"].as_str().unwrap_or("?").to_owned();
            if let Some(record) = records[place].as_object_mut() {
                record.remove("done");
            }
            if let Some(fields) = records[place]["st"][&who].as_object_mut() {
                fields.remove("s");
            }
            withheld += 1;
            if judge((model(name).make)(), &records).err().is_none_or(|objection| objection.operation != place) {
                missed.push(format!("{script}, operation {place}: {}", records[place]));
            }
        }
        // Who waits for a process group isn't woken when it becomes empty.
        assert!(missed.len() * 20 <= withheld, "{name}, {} of {withheld} missed:\n{}", missed.len(), missed.join("\n"));
        assert!(withheld >= 8, "{name}: only {withheld} ends of {operation} were withheld");
    }
}

#[test]
fn vitrine_agrees_with_the_model_of_processes() {
    vitrine_agrees_with("tree", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_signals() {
    vitrine_agrees_with("signals", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_descriptors() {
    vitrine_agrees_with("descriptors", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_pipes() {
    vitrine_agrees_with("pipes", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_queues() {
    vitrine_agrees_with("queues", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_messages() {
    vitrine_agrees_with("messages", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_semaphores() {
    vitrine_agrees_with("semaphores", 60);
}

#[test]
fn vitrine_agrees_with_the_model_of_memory() {
    vitrine_agrees_with("memory", 60);
}

#[test]
fn a_script_is_printed_and_read_again() {
    use sim::fuzz::model::text::{line, parse};
    for theme in THEMES {
        for (name, records) in recorded(theme) {
            for record in records {
                let operation = json!({"p": record["p"], "o": record["o"], "a": record["a"]});
                assert_eq!(parse(&line(&operation)).as_ref(), Ok(&operation), "{name}");
            }
        }
    }
}

/// Whether a model's property can't read a script, and in which line.
fn unreadable(script: &str) -> Option<usize> {
    match Modelled::new(model("tree")).replay(script, &mut Coverage::new()) {
        Err(Stop::Unreadable { line, .. }) => Some(line),
        Err(Stop::Broken { line, reason }) => panic!("{script}\nline {line}: {reason}"),
        Ok(_) => None,
    }
}

#[test]
fn a_line_that_isnt_of_the_format_is_refused() {
    let deep = format!("a sigsuspend {}", "[".repeat(100_000));
    let lines = [
        "a wait4 0 [RESTART]",
        "a wait4 0 [EXITED]",
        "a wait4",
        "a wait4 0 [] 0",
        "a open f0 [NOHANG]",
        "a open 0 [NONBLOCK]",
        "a sigaction 10 CATCH [CREAT] []",
        "a sigaction 10 CATCH [RESTART,RESTART] []",
        "a sigaction 9223372036854775807 CATCH [] []",
        "a load 9223372036854775807 9223372036854775807",
        "a load 9223372036854775807 9223372036854775807 0",
        "a write 1 10 9223372036854775807",
        "a write 1 -1 0",
        "a write 1 9223372036854775807 0",
        "a mmap 0 9999999999999 RW SHARED",
        "a mmap 0 1 RW 0",
        "a semop s0 [[0,99999999,[]]]",
        "a semop s0 [[0,1]]",
        "a semop q0 [[0,1,[]]]",
        "a msgrcv q0 4 -9223372036854775808 []",
        "a msgctl q0 SET",
        "a kill R 9",
        "a kill 1 9",
        "a kill -1 9",
        "a sigsuspend [0]",
        "a frok",
        "a shm_open 0 [NOHANG]",
        "a",
        "R fork",
        "aa fork",
        &deep,
    ];
    for line in lines {
        assert_eq!(unreadable(&format!("# a comment\na fork\n{line}\n")), Some(3), "{}", &line[..line.len().min(60)]);
    }
}

#[test]
fn what_cant_be_done_yet_is_passed_over() {
    for line in ["b getppid", "a kill c 10", "a msgctl q0 RMID", "a semop s3 [[0,1,[]]]", "a shmat m0 1 0"] {
        assert_eq!(unreadable(&format!("{line}\na getppid\n")), None, "{line}");
    }
}

/// Words and bytes of lines that are right, exchanged, left out and repeated.
#[test]
fn whatever_a_script_says_it_is_carried_out_or_refused() {
    const PIECES: &[&str] = &[
        "-1",
        "0",
        "9",
        "99999999999",
        "-9223372036854775808",
        "[]",
        "[",
        "]",
        ",",
        "\"0\"",
        "null",
        "none",
        "-b",
        "s0",
        "q0",
        "[NOWAIT]",
        "[1]",
        "[[0,-1,[UNDO]]]",
        "SET",
        "RW",
        "é",
        "R",
    ];
    let mut random = fastrand::Rng::with_seed(7);
    let mut refused = 0;
    for (number, theme) in THEMES.iter().cycle().take(70).enumerate() {
        let scripts = recorded(theme);
        let (_, records) = &scripts[number % scripts.len()];
        let lines: Vec<String> = records.iter().map(text::line).collect();
        for _ in 0..20 {
            let end = random.usize(1..=lines.len());
            let mut words: Vec<&str> = lines[end - 1].split(' ').collect();
            let place = random.usize(..words.len());
            match random.u32(..4) {
                0 => drop(words.remove(place)),
                1 => words.insert(place, PIECES[random.usize(..PIECES.len())]),
                2 => words.swap(place, 0),
                _ => words[place] = PIECES[random.usize(..PIECES.len())],
            }
            let mut script = lines[..end - 1].join("\n");
            script.push('\n');
            script.push_str(&words.join(" "));
            refused += usize::from(unreadable(&script).is_some());
        }
    }
    assert!((300..1390).contains(&refused), "{refused} of 1400 were refused");
}
