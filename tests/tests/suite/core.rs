//! Core images (`core(5)`): who leaves one, what the wait status says of it, and what is in it.

use abi::{
    DefaultAction, MaskHow, Out, PAGE_SIZE, Pid, RLIM_INFINITY, Resource, Rlimit, Signal, SignalSet, WaitStatus,
};
use harness::{fork, map, table, until_state};
use sim::core_image::CoreImage;
use sim::{Machine, Observer, Outcome, Settings, chooser};
use userland::program::Main;
use userland::{Args, Program, Sys};

/// Keeps the images.
#[derive(Default)]
struct Images(Vec<CoreImage>);

impl Observer for Images {
    fn wants_cores(&self) -> bool {
        true
    }
    fn core(&mut self, image: &CoreImage) {
        self.0.push(image.clone());
    }
}

/// Runs a program as PID 1, which must exit with 0.
fn run(main: &'static dyn Main, settings: Settings) -> Vec<CoreImage> {
    let settings = Settings { check_every: 1, ..settings };
    let mut machine = Machine::new(table(&[Program::new("tested", "", main)]), settings);
    let mut images = Images::default();
    let argv: [&[u8]; 2] = [b"tested", b"an argument"];
    let mut world = machine.boot(&argv, &[], &mut images).unwrap();
    let outcome = machine.run(&mut world, &mut chooser::Default, &mut images, 100_000);
    assert_eq!(outcome, Some(Outcome::Halted(WaitStatus::Exited(0))));
    images.0
}

fn with_cores(main: &'static dyn Main) -> Vec<CoreImage> {
    run(main, Settings { cores: true, ..Settings::default() })
}

/// Waits for the child, which a signal must have ended; whether there is an image of it.
async fn dumped(sys: Sys, child: Pid, signal: Signal) -> bool {
    let waited = sys.waitpid(child, abi::WaitOptions::empty()).await;
    match waited {
        Ok(Some((pid, WaitStatus::Signaled { signal: by, core }))) if pid == child && by == signal => core,
        other => panic!("{signal}: {other:?}"),
    }
}

/// A child that waits for ever.
async fn sleeper(sys: Sys) -> Pid {
    let child = fork(sys, async |sys| {
        let _ = sys.nanosleep(abi::Timespec { sec: 1 << 40, nsec: 0 }).await;
    })
    .await;
    until_state(sys, child, 'S').await;
    child
}

async fn each_signal(sys: Sys, _: Args) -> i32 {
    for number in (1..=64).filter_map(Signal::new) {
        let action = number.default_action();
        if matches!(action, DefaultAction::Terminate | DefaultAction::Core) {
            let child = sleeper(sys).await;
            sys.kill(child, Some(number)).await.unwrap();
            assert_eq!(dumped(sys, child, number).await, action == DefaultAction::Core, "{number}");
        }
    }
    0
}

#[test]
fn exactly_the_signals_whose_action_is_core_leave_an_image() {
    let images = with_cores(&each_signal);
    let signals: Vec<_> = images.iter().map(|image| image.cause.signal).collect();
    // QUIT ILL TRAP ABRT BUS FPE SEGV XCPU XFSZ SYS.
    assert_eq!(signals, [3, 4, 5, 6, 7, 8, 11, 24, 25, 31]);
    for image in &images {
        assert_eq!((image.cause.sender, image.cause.code, image.ppid), (1, abi::SI_USER, 1));
        assert_eq!(image.argv, [&b"tested"[..], b"an argument"]);
        assert!(image.place.line.as_deref().is_some_and(|line| line.contains("core.rs:")), "{:?}", image.place);
        assert!(image.place.history > 0);
        let read = CoreImage::from_bytes(&image.to_bytes().unwrap());
        assert_eq!(read.as_ref(), Ok(image));
    }
}

async fn limits(sys: Sys, _: Args) -> i32 {
    let limit = sys.getrlimit(Resource::RLIMIT_CORE).await.unwrap();
    assert_eq!(limit, Rlimit { cur: RLIM_INFINITY, max: RLIM_INFINITY });
    for (cur, expected) in [(0, false), (1, true), (RLIM_INFINITY, true)] {
        let child = sleeper(sys).await;
        sys.prlimit(child, Resource::RLIMIT_CORE, Some(Rlimit { cur, ..limit })).await.unwrap();
        sys.kill(child, Some(Signal::SIGQUIT)).await.unwrap();
        assert_eq!(dumped(sys, child, Signal::SIGQUIT).await, expected, "{cur}");
    }
    0
}

#[test]
fn a_limit_of_0_means_none_and_a_small_one_leaves_pages_out() {
    let images = with_cores(&limits);
    let [small, whole] = &images[..] else { panic!("{} images", images.len()) };
    let pages = |image: &CoreImage| image.regions.iter().map(|region| region.pages.len() as u64).sum::<u64>();
    assert!(pages(whole) > 0 && whole.pages_left_out == 0);
    assert_eq!((pages(small), small.pages_left_out), (0, pages(whole)));
}

async fn unwanted(sys: Sys, _: Args) -> i32 {
    let limit = sys.getrlimit(Resource::RLIMIT_CORE).await.unwrap();
    assert_eq!(limit.cur, 0);
    sys.setrlimit(Resource::RLIMIT_CORE, Rlimit { cur: RLIM_INFINITY, ..limit }).await.unwrap();
    let child = sleeper(sys).await;
    sys.kill(child, Some(Signal::SIGQUIT)).await.unwrap();
    assert!(!dumped(sys, child, Signal::SIGQUIT).await);
    0
}

#[test]
fn where_nobody_wants_images_no_status_speaks_of_one() {
    assert_eq!(run(&unwanted, Settings::default()), []);
}

async fn faults(sys: Sys, _: Args) -> i32 {
    let page = map(sys, 1).await;
    sys.store_bytes(page + 100, b"what it knew").await;
    let (read, _write) = sys.pipe().await.unwrap();
    sys.store::<u64>(page, SignalSet::of(Signal::SIGUSR1).bits()).await;
    sys.raw().rt_sigprocmask(MaskHow::SIG_BLOCK, abi::In::at(page), Out::NULL, 8).await.unwrap();
    let child = fork(sys, async |sys| {
        sys.close(read).await.unwrap();
        sys.kill(sys.getpid().await, Some(Signal::SIGUSR1)).await.unwrap();
        sys.load::<u32>(0x12_3450).await;
    })
    .await;
    assert!(dumped(sys, child, Signal::SIGSEGV).await);
    let child = fork(sys, async |_| panic!("it can't be")).await;
    assert!(dumped(sys, child, Signal::SIGABRT).await);
    0
}

#[test]
fn an_image_holds_the_fault_its_line_the_memory_and_the_descriptors() {
    let images = with_cores(&faults);
    let [fault, panic] = &images[..] else { panic!("{} images", images.len()) };
    assert_eq!((fault.cause.code, fault.cause.value, fault.cause.sender), (abi::SEGV_MAPERR, 0x12_3450, 0));
    assert!(fault.place.operation.as_deref().is_some_and(|operation| operation == "load(0x123450, 4)"));
    let mut pages = fault.regions.iter().flat_map(|region| &region.pages);
    assert!(pages.any(|(_, bytes)| bytes.len() == PAGE_SIZE && bytes[100..].starts_with(b"what it knew")));
    let open: Vec<_> = fault.descriptors.iter().map(|open| (open.fd, open.what.split(' ').next().unwrap())).collect();
    assert_eq!(open, [(0, "console"), (1, "console"), (2, "console,"), (4, "pipe")]);
    let usr1 = SignalSet::of(Signal::SIGUSR1).bits();
    assert_eq!((fault.signals.blocked, fault.signals.shared_pending), (usr1, usr1));
    let text = fault.to_string();
    for part in ["ended by SIGSEGV", "address 0x123450: nothing is mapped there", "core.rs:", "what it knew"] {
        assert!(text.contains(part), "{part} isn't in {text}");
    }
    assert!(panic.cause.fault.as_deref().is_some_and(|fault| fault.contains("it can't be")), "{:?}", panic.cause);
}

#[test]
fn images_are_the_same_whether_futures_are_kept_or_made_again() {
    let forgetful = Settings { cores: true, glass: true, forget_every: 1, ..Settings::default() };
    assert_eq!(with_cores(&faults), run(&faults, forgetful));
}
