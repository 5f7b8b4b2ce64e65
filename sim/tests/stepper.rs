//! The stepper: wherever one comes from, an instant looks the same; and a choice leads into another future.

mod harness;

use harness::INPUT;
use sim::chooser::{Choice, Chooser, Replaying, Seeded};
use sim::stepper::{Chosen, Refused, Report, Stepper};
use sim::{Machine, Outcome, Output, Settings, Unobserved, views};
use userland::Program;

type Walk = Stepper<Option<Seeded>>;

fn stepper(programs: &'static [Program], argv: &[&str], seed: Option<u64>, forget_every: u64) -> Walk {
    let settings = Settings { glass: true, forget_every, ..Settings::default() };
    let mut machine = Machine::new(programs, settings).with_input(INPUT.to_vec());
    let argv: Vec<&[u8]> = argv.iter().map(|argument| argument.as_bytes()).collect();
    let world = machine.boot(&argv, &[b"PATH=/bin"], &mut Unobserved).unwrap();
    Stepper::new(machine, world, seed.map(Seeded::new))
}

/// The programs of Vitrine, below init.
fn vitrine(argv: &[&str], seed: Option<u64>, forget_every: u64) -> Walk {
    stepper(userland::programs::PROGRAMS, &[&["init"], argv].concat(), seed, forget_every)
}

/// All that can be seen where one stands.
fn picture(stepper: &Walk) -> String {
    let world = stepper.world();
    let mut text = format!("{} {}\n", world.steps(), world.kernel.now_us());
    text += &views::processes(world).to_string();
    text += &views::places(world, None).to_string();
    text += &views::pipes(world).to_string();
    for (id, _) in world.kernel.processes() {
        for table in [views::descriptors(world, id), views::memory(world, id), views::signals(world, id)] {
            text += &table.to_string();
        }
    }
    text
}

/// An instant: its hash, how it looks, and what is told of the step that led to it.
type Instant = (u64, String, Option<String>);

fn instant(stepper: &Walk, report: Option<&Report>) -> Instant {
    (stepper.world().exact_hash(), picture(stepper), report.map(Report::to_string))
}

/// Every instant of a run, and its end.
fn instants(stepper: &mut Walk) -> (Vec<Instant>, Outcome) {
    let mut instants = vec![instant(stepper, None)];
    loop {
        match stepper.step() {
            Ok(report) => instants.push(instant(stepper, Some(&report))),
            Err(end) => return (instants, end),
        }
    }
}

const PROGRAMS: &[&[&str]] = &[
    &["sh", "-c", "cat | sort | head -n 2; (exit 3) || true & wait"],
    &["orphans"],
    &["cow"],
    &["zombies"],
    &["preempt"],
    &["ping", "40"],
    &["sh", "-c", "yes | head -n 1"],
];

#[test]
fn an_instant_looks_the_same_wherever_one_comes_from() {
    for (number, program) in PROGRAMS.iter().enumerate() {
        for (seed, forget_every) in [(None, 0), (Some(3), 0), (Some(4), 1), (None, 7)] {
            let (instants, end) = instants(&mut vitrine(program, seed, 0));
            let last = instants.len() as u64 - 1;
            let mut stepper = vitrine(program, seed, forget_every);
            let mut dice = Seeded::new(number as u64);
            let mut below = |bound: u64| dice.choose(0, Choice::Run, bound as usize) as u64;
            for _ in 0..120 {
                let from = stepper.world().steps();
                let report = match below(6) {
                    0 => {
                        let report = stepper.arrive(from.saturating_sub(1 + below(30)));
                        assert_eq!(report.is_some(), stepper.world().steps() > 0);
                        report
                    }
                    1 => {
                        stepper.go_to(below(last + 10));
                        None
                    }
                    2 => {
                        let limit = below(40);
                        assert_eq!(stepper.run(limit, &mut Unobserved).is_some(), from + limit > last);
                        stepper.arrive(stepper.world().steps())
                    }
                    _ => match stepper.step() {
                        Ok(report) => Some(report),
                        Err(reached) => {
                            assert_eq!((&reached, from), (&end, last), "{program:?}");
                            stepper.go_to(below(last + 1));
                            None
                        }
                    },
                };
                let step = stepper.world().steps();
                let (hash, seen, told) = instant(&stepper, report.as_ref());
                let known = &instants[step as usize];
                assert_eq!(hash, known.0, "{program:?}, seed {seed:?}, from step {from} to {step}");
                assert_eq!(seen, known.1, "{program:?}, seed {seed:?}, from step {from} to {step}");
                assert!(told.is_none() || told == known.2, "{program:?}: {told:?} isn't {:?}", known.2);
            }
        }
    }
}

#[test]
fn input_that_was_taken_comes_again() {
    let mut stepper = vitrine(&["cat"], None, 0);
    let (instants, _) = instants(&mut stepper);
    let end = stepper.world().input_position();
    assert_eq!(end, INPUT.len() as u64);
    stepper.go_to(2);
    assert_eq!(stepper.world().input_position(), 0);
    let mut output = Output::default();
    assert!(stepper.run(u64::MAX, &mut output).is_some());
    assert_eq!((stepper.world().input_position(), stepper.world().exact_hash()), (end, instants.last().unwrap().0));
    // It was told before.
    assert_eq!(output, Output::default());
}

/// Two children that could run in either order, and what comes out of it.
const RACE: &[&str] = &["sh", "-c", "echo one & echo two & wait"];

/// The processes that could make the next step.
fn able(stepper: &Walk) -> Vec<u32> {
    let kernel = &stepper.world().kernel;
    let cpu = kernel::CpuNo(0);
    kernel.current(cpu).into_iter().chain(kernel.runnable(cpu)).map(|thread| kernel.pid_of(thread)).collect()
}

/// Goes to the first instant at which so many could run.
fn until_able(stepper: &mut Walk, count: usize) -> Vec<u32> {
    while able(stepper).len() < count {
        stepper.step().unwrap();
    }
    able(stepper)
}

/// What it writes from here to its end, and the hash there.
fn rest(stepper: &mut Walk) -> (String, u64) {
    let mut output = Output::default();
    stepper.run(u64::MAX, &mut output).unwrap();
    (String::from_utf8(output.out).unwrap(), stepper.world().exact_hash())
}

#[test]
fn choose_back_and_another_choice_explore_the_other_branch() {
    for seed in [None, Some(1)] {
        let mut stepper = vitrine(RACE, seed, 0);
        // The two children, while their parent waits.
        while able(&stepper) != [3, 4] && able(&stepper) != [4, 3] {
            stepper.step().unwrap();
        }
        let here = stepper.world().steps();
        let mut ends = Vec::new();
        for pid in [3, 4, 3, 4] {
            stepper.go_to(here);
            assert!(matches!(stepper.choose(pid), Ok(Chosen::Changed { .. })));
            let report = stepper.step().unwrap();
            assert_eq!((report.who.pid, report.step), (pid, here + 1));
            // Back before the choice and forth again, it is made again.
            stepper.go_to(here - 2);
            stepper.go_to(here);
            assert_eq!(stepper.step().unwrap().who.pid, pid);
            ends.push(rest(&mut stepper));
        }
        assert_ne!(ends[0].1, ends[1].1, "{ends:?}");
        assert_eq!((&ends[0], &ends[1]), (&ends[2], &ends[3]));
    }
}

#[test]
fn a_choice_keeps_the_future_if_it_is_what_happened() {
    let mut stepper = vitrine(RACE, Some(5), 0);
    until_able(&mut stepper, 2);
    let here = stepper.world().steps();
    let pid = stepper.step().unwrap().who.pid;
    stepper.step().unwrap();
    stepper.go_to(here);
    assert!(matches!(stepper.choose(pid), Ok(Chosen::Known(_))));
    assert_eq!(stepper.furthest(), here + 2);
}

#[test]
fn whoever_could_run_can_be_chosen_and_nobody_else() {
    for program in [RACE, &["preempt"], &["ping", "3"], &["sh", "-c", "sleep 0.002 & sleep 0.002 & wait"]] {
        let mut stepper = vitrine(program, None, 0);
        loop {
            let here = stepper.world().steps();
            let Ok(usual) = stepper.step().map(|report| report.who.pid) else { break };
            stepper.go_to(here);
            let able = able(&stepper);
            for (id, process) in stepper.world().clone().kernel.processes() {
                let pid = process.pid;
                match stepper.choose(pid) {
                    Ok(_) => {
                        assert_eq!(stepper.step().unwrap().who.pid, pid, "{program:?}, step {here}, {id:?}");
                        stepper.go_to(here);
                    }
                    Err(why) => {
                        let waits = matches!(why, Refused::Waits(_) | Refused::Zombie(_));
                        let has_had_its_turn = why == Refused::QuantumUsed && able.first() == Some(&pid);
                        assert!(
                            !able.contains(&pid) && waits || has_had_its_turn,
                            "{program:?}, step {here}, {pid}: {why}"
                        );
                    }
                }
            }
            assert_eq!(stepper.choose(99), Err(Refused::NoProcess));
            stepper.choose(usual).unwrap();
            assert_eq!(stepper.step().unwrap().who.pid, usual);
        }
        assert_eq!(stepper.choose(1), Err(Refused::Halted));
    }
}

#[test]
fn the_choices_of_a_walk_are_its_record() {
    let mut stepper = vitrine(RACE, Some(9), 0);
    let mut step = 0;
    // The one that has waited longest, every third time.
    while stepper.step().is_ok() {
        step += 1;
        if step % 3 == 0
            && let Some(&pid) = able(&stepper).last()
        {
            stepper.choose(pid).unwrap();
        }
    }
    assert!(stepper.choices().len() > 5);
    let mut machine = Machine::new(userland::programs::PROGRAMS, Settings::default()).with_input(INPUT.to_vec());
    let argv: Vec<&[u8]> = ["init"].iter().chain(RACE).map(|argument| argument.as_bytes()).collect();
    let mut world = machine.boot(&argv, &[b"PATH=/bin"], &mut Unobserved).unwrap();
    let mut replaying = Replaying::new(stepper.choices().iter().copied());
    machine.run(&mut world, &mut replaying, &mut Unobserved, u64::MAX).unwrap();
    assert_eq!((world.exact_hash(), replaying.end()), (stepper.world().exact_hash(), None));
}

#[test]
fn the_end_looks_the_same_whether_one_tried_to_go_on_or_not() {
    for program in ["deadlock", "hello you", "cat", "panics"] {
        let argv: Vec<&str> = program.split(' ').collect();
        let mut stepper = stepper(harness::PROGRAMS, &argv, None, 0);
        let (instants, end) = instants(&mut stepper);
        let (hash, seen, _) = instants.last().unwrap();
        assert_eq!((stepper.world().exact_hash(), &picture(&stepper)), (*hash, seen), "{program}");
        assert_eq!(stepper.step().unwrap_err(), end);
        assert_eq!(matches!(end, Outcome::Deadlock(_)), program == "deadlock");
    }
}

#[test]
fn one_step_back_after_many_is_quick() {
    let mut stepper = vitrine(&["ping", "30000"], None, 0);
    let began = std::time::Instant::now();
    assert!(stepper.run(u64::MAX, &mut Unobserved).is_some());
    let whole = began.elapsed();
    assert!(stepper.world().steps() > 100_000);
    let began = std::time::Instant::now();
    for _ in 0..10 {
        stepper.go_to(stepper.world().steps() - 1);
    }
    // To begin again each time would take ten times as long as the run, however busy the machine is. To make the futures again from
    // their past takes about as long, for all ten, as the run.
    assert!(began.elapsed() < 4 * whole, "{:?} of {whole:?}", began.elapsed());
}

/// A stop, and a continuation that the child tells itself when it runs.
#[test]
fn a_step_says_that_a_process_is_continued() {
    let mut walk = vitrine(&["sh", "-c", "sleep 1 & kill -STOP $!; sleep 0.1; kill -CONT $!; wait"], None, 0);
    let (instants, _) = instants(&mut walk);
    let told: Vec<&String> = instants.iter().filter_map(|(_, _, told)| told.as_ref()).collect();
    let said = told.iter().find(|told| told.contains("tells its parent that it is continued"));
    let said = said.expect("a step says so");
    // The shell waits for it, and is woken by that.
    assert!(said.contains(" 3 sh ") && said.contains("+++ woken +++"), "{said}");
}
