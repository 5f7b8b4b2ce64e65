//! The machine as a whole: what a program observes of it, and that its futures are nothing but a cache.

mod harness;

use abi::{Signal, WaitStatus};
use harness::{DEADLOCK_LINE, ENDING, INPUT, PROGRAMS, boot, run};
use sim::chooser::{self, Seeded};
use sim::{Machine, Outcome, Settings, Unobserved, World};

fn glass() -> Settings {
    Settings { glass: true, ..Settings::default() }
}

fn ends(command: &str) -> (WaitStatus, String, String) {
    match run(command, &mut chooser::Default, Settings::default()) {
        (Outcome::Halted(status), out, err) => (status, out, err),
        (other, ..) => panic!("{command}: {other:?}"),
    }
}

#[track_caller]
fn exits(command: &str, code: u8, output: &str) {
    assert_eq!(ends(command), (WaitStatus::Exited(code), output.into(), String::new()));
}

#[test]
fn arguments_arrive_and_the_status_of_pid_1_is_the_machine_s() {
    exits("hello world", 2, "hello world\n");
}

#[test]
fn fork_returns_twice_with_all_locals() {
    exits("fork", 0, "before childbefore parent");
}

#[test]
fn forks_within_forks() {
    let (status, out, err) = ends("nested_forks");
    assert_eq!((status, err.as_str()), (WaitStatus::Exited(0), ""));
    assert_eq!(out.len(), 15);
}

#[test]
fn bytes_go_through_pipes() {
    exits("pipe 50", 0, "");
}

#[test]
fn memory_is_copied_on_write() {
    exits("memory", 0, "a piece of text that lies on two pages");
}

#[test]
fn exec_starts_afresh_and_a_failed_one_goes_on() {
    exits("exec you", 2, "hello you\n");
}

#[test]
fn a_checkpoint_starts_from_its_state() {
    exits("checkpoint", 0, "0123");
}

#[test]
fn console_input_arrives_whole_and_ends() {
    exits("cat", 0, std::str::from_utf8(INPUT).unwrap());
}

#[test]
fn a_bad_address_is_a_signal() {
    exits("parent_of bad_store", 128 + Signal::SIGSEGV.number(), "");
}

#[test]
fn a_deadlock_names_who_waits_for_what_on_which_line() {
    let (outcome, ..) = run("deadlock", &mut chooser::Default, Settings::default());
    let Outcome::Deadlock(deadlock) = outcome else { panic!("{outcome:?}") };
    let [waiting] = &deadlock.waiting[..] else { panic!("{deadlock:?}") };
    assert_eq!((waiting.pid, waiting.name.as_str()), (1, "deadlock"));
    assert_eq!(waiting.line.map(|line| line.line()), Some(DEADLOCK_LINE));
    assert!(deadlock.to_string().contains("1 deadlock waits for data in pipe 0 at "), "{deadlock}");
}

#[test]
fn a_faulty_program_ends_with_a_message_and_nobody_else_does() {
    let aborted = 128 + Signal::SIGABRT.number();
    for (program, code, message) in [
        ("panics", aborted, "panics: panicked at sim/tests/harness/mod.rs:"),
        ("panics_in_drop", 5, ""),
        ("two_traps", aborted, "two_traps: two operations at once at sim/tests/harness/mod.rs:"),
        ("foreign_future", aborted, "foreign_future: awaited something that isn't a system call"),
        ("forking_leaf", aborted, "forking_leaf: forked at sim/tests/harness/mod.rs:"),
    ] {
        let (status, out, err) = ends(&format!("parent_of {program}"));
        assert_eq!((status, out.as_str()), (WaitStatus::Exited(code), ""), "{program}: {err}");
        assert!(err.starts_with(message), "{program}: {err}");
    }
}

#[test]
fn a_program_that_depends_on_more_than_its_inputs_is_reported_with_the_event() {
    let (status, _, err) = ends("parent_of moody");
    assert_eq!(status, WaitStatus::Exited(0));
    assert!(err.starts_with("moody: diverged at event 0 of its history, at sim/tests/harness/mod.rs:"), "{err}");
}

/// The exact hash after each step.
fn hashes(command: &str, seed: u64, settings: Settings) -> Vec<u64> {
    let (mut machine, mut world, _) = boot(command, settings);
    let mut chooser = Seeded::new(seed);
    let mut hashes = Vec::new();
    while let Outcome::Stepped { .. } = machine.step(&mut world, &mut chooser, &mut Unobserved) {
        hashes.push(world.exact_hash());
    }
    hashes
}

#[test]
fn futures_are_a_cache() {
    for command in ENDING {
        for seed in 0..4 {
            let kept = hashes(command, seed, Settings::default());
            assert_eq!(kept, hashes(command, seed, glass()), "{command}, seed {seed}: history kept or not");
            for every in [1, 3] {
                let settings = Settings { forget_every: every, ..glass() };
                assert_eq!(kept, hashes(command, seed, settings), "{command}, seed {seed}: forgotten every {every}");
            }
        }
    }
}

#[test]
fn a_world_can_be_left_and_come_back_to() {
    for command in ENDING {
        let (mut machine, mut world, _) = boot(command, glass());
        let mut past: Vec<World> = Vec::new();
        loop {
            past.push(world.clone());
            if !matches!(machine.step(&mut world, &mut chooser::Default, &mut Unobserved), Outcome::Stepped { .. }) {
                break;
            }
        }
        // Backwards, and by another machine.
        let mut other = Machine::new(PROGRAMS, glass()).with_input(INPUT.to_vec());
        for pair in past.windows(2).rev() {
            for machine in [&mut machine, &mut other] {
                let mut again = pair[0].clone();
                machine.step(&mut again, &mut chooser::Default, &mut Unobserved);
                assert!(again == pair[1], "{command}: step {}", again.steps());
                assert_eq!(again.exact_hash(), pair[1].exact_hash());
                assert_eq!(again.behaviour_hash(), pair[1].behaviour_hash());
            }
        }
    }
}

#[test]
fn a_saved_world_goes_on_as_the_original() {
    for command in ENDING {
        let (mut machine, mut world, _) = boot(command, glass());
        loop {
            let saved = machine.save(&world).unwrap();
            let mut loaded = Machine::new(PROGRAMS, glass()).load(&saved).unwrap();
            assert!(loaded == world, "{command}: step {}", world.steps());
            let ended =
                !matches!(machine.step(&mut world, &mut chooser::Default, &mut Unobserved), Outcome::Stepped { .. });
            machine.step(&mut loaded, &mut chooser::Default, &mut Unobserved);
            assert_eq!(loaded.exact_hash(), world.exact_hash(), "{command}: step {}", world.steps());
            if ended {
                break;
            }
        }
    }
}

#[test]
fn what_is_no_saved_world_is_refused() {
    let (mut machine, world, _) = boot("pipe", glass());
    let saved = machine.save(&world).unwrap();
    assert!(machine.load(b"").is_err());
    assert!(machine.load(&saved[..saved.len() - 1]).is_err());
    for at in [0, 20, saved.len() / 2, saved.len() - 9] {
        let mut damaged = saved.clone();
        damaged[at] ^= 0x55;
        assert!(machine.load(&damaged).is_err(), "byte {at}");
    }
    let mut without = Machine::new(&PROGRAMS[1..], glass());
    assert_eq!(without.load(&saved).unwrap_err(), sim::save::SaveError::OtherPrograms);
}
