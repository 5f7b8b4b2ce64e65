//! Samples, each taken in turn with one of a yardstick, and each short enough to be done before another job of the machine
//! has its turn on the CPU; of those that aren't the median knows nothing.

use std::time::Duration;

use criterion::{Criterion, SamplingMode};

use crate::host::{Host, Operation};
use crate::report::{Goal, Report, Row, median};

/// All measurements of a run.
pub(crate) struct Comparison<'a> {
    criterion: &'a mut Criterion,
    report: Report,
}

impl<'a> Comparison<'a> {
    pub(crate) fn new(criterion: &'a mut Criterion) -> Comparison<'a> {
        Comparison { criterion, report: Report::default() }
    }

    /// Measures an operation without a yardstick: `sample` gives nanoseconds of one of so many that it does.
    pub(crate) fn alone(&mut self, name: &str, sample: (u64, impl FnMut() -> f64)) {
        self.beside(name, sample, ("", || f64::NAN), Goal::None);
    }

    /// Measures an operation beside one of the host's.
    pub(crate) fn beside_host(
        &mut self,
        name: &str,
        sample: (u64, impl FnMut() -> f64),
        (host, operation): (&Host, Operation),
        goal: Goal,
    ) {
        self.beside(name, sample, ("the host", || host.time(operation)), goal);
    }

    /// Measures an operation beside a yardstick with a name.
    pub(crate) fn beside(
        &mut self,
        name: &str,
        (operations, mut sample): (u64, impl FnMut() -> f64),
        (yardstick_name, mut yardstick): (&'static str, impl FnMut() -> f64),
        goal: Goal,
    ) {
        let mut samples: Vec<(f64, f64)> = Vec::new();
        let mut group = self.criterion.benchmark_group("vitrine");
        group.sampling_mode(SamplingMode::Flat);
        group.bench_function(name, |bencher| {
            bencher.iter_custom(|iterations| {
                let took = median((0..iterations.div_ceil(operations)).map(|_| sample()));
                samples.push((took, yardstick()));
                Duration::from_nanos((took * iterations as f64) as u64)
            });
        });
        group.finish();
        if samples.is_empty() {
            return;
        }
        let ratios = samples.iter().map(|(sample, yardstick)| yardstick / sample);
        self.report.add(Row {
            name: name.to_string(),
            nanoseconds: median(samples.iter().map(|pair| pair.0)),
            yardstick: (yardstick_name, median(samples.iter().map(|pair| pair.1))),
            ratio: median(ratios),
            goal,
        });
    }

    /// What came of it.
    pub(crate) fn finish(self) -> Report {
        self.report
    }
}

/// Whether everything is measured: the command line names no benchmark, and asks for no mere test.
pub(crate) fn runs_all() -> bool {
    std::env::args().skip(1).all(|argument| argument == "--bench")
}
