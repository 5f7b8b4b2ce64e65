//! The reference models (`sim/src/fuzz/model/`): they agree with everything that real Linux processes were recorded to do
//! (`tests/oracle/lockstep`), Vitrine agrees with them on fresh scripts, and they notice when a record isn't what happened.

use std::path::Path;

use serde_json::{Value, json};
use sim::fuzz::model::{Entry, MODELS, Modelled, judge};
use sim::fuzz::{Case, Coverage, Property};

const THEMES: [&str; 7] = ["proc", "signals", "pipes", "mqueue", "sysv", "memory", "mixed"];

/// The recorded scripts of a theme: their names and records.
fn recorded(theme: &str) -> Vec<(String, Vec<Value>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/lockstep").join(theme).with_extension("jsonl");
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

#[test]
fn every_model_agrees_with_every_recorded_script_of_linux() {
    let mut operations = 0;
    let mut objections = Vec::new();
    for theme in THEMES {
        for (name, records) in recorded(theme) {
            for entry in MODELS {
                match judge((entry.make)(), &records) {
                    Ok(count) => operations += count,
                    Err(objection) => objections.push(format!("{}: {name}, {objection}", entry.name)),
                }
            }
        }
    }
    println!("{operations} operations");
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
    ("descriptors", &["pipe", "open", "dup", "dup2", "dup3", "close", "fcntl"], "pipes"),
    ("pipes", &["read", "write", "mkfifo", "open"], "pipes"),
    ("queues", &["mq_send", "mq_receive", "mq_getattr", "mq_unlink"], "mqueue"),
    ("messages", &["msgget", "msgsnd", "msgrcv", "msgctl"], "sysv"),
    ("semaphores", &["semget", "semop", "semctl"], "sysv"),
    ("memory", &["load", "store", "mmap", "mprotect", "shmat", "shmdt", "shmctl"], "memory"),
];

/// Another answer than the recorded one: one more, another name, another error, or success.
fn falsified(record: &Value) -> Option<Value> {
    let mut other = record.clone();
    match (&record["r"], &record["e"]) {
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
        let mut changed = 0;
        for (number, (script, mut records)) in recorded(theme).into_iter().enumerate() {
            let spoken_of = |record: &Value| operations.iter().any(|operation| record["o"] == *operation);
            let places: Vec<usize> = (0..records.len()).filter(|place| spoken_of(&records[*place])).collect();
            let Some(place) = places.get(number * 7 % places.len().max(1)).copied() else { continue };
            let Some(other) = falsified(&records[place]) else { continue };
            records[place] = other;
            let objection = judge((model(name).make)(), &records).expect_err("a changed answer is noticed");
            assert_eq!(objection.operation, place, "{name}: {script}, {objection}");
            changed += 1;
        }
        assert!(changed > 30, "{name}: only {changed} answers were changed");
    }
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
        let mut withheld = 0;
        for (script, mut records) in recorded(theme) {
            let ends = |record: &Value| {
                let done = record["done"].as_array().map_or(&[][..], Vec::as_slice);
                // What a handler interrupts may be made again instead: that is for the model of signals.
                matches!(done, [only] if only["o"] == operation && (name == "signals" || only["e"] != "EINTR"))
            };
            let Some(place) = records.iter().position(ends) else { continue };
            let who = records[place]["done"][0]["p"].as_str().unwrap_or("?").to_owned();
            if let Some(record) = records[place].as_object_mut() {
                record.remove("done");
            }
            if let Some(fields) = records[place]["st"][&who].as_object_mut() {
                fields.remove("s");
            }
            let objection = judge((model(name).make)(), &records).expect_err("a lost wake-up is noticed");
            assert_eq!(objection.operation, place, "{name}: {script}, {objection}");
            withheld += 1;
        }
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
