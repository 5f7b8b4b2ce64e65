//! Log lines of kernel and programs, with virtual time and process id: `RUST_LOG=kernel=debug vitrine run ...`.

use std::cell::Cell;
use std::io::Write;

thread_local! {
    /// The virtual time and the process that runs.
    static CONTEXT: Cell<(u64, u32)> = const { Cell::new((0, 0)) };
}

/// From here on, log lines are of this time and this process.
pub(crate) fn set_context(time_us: u64, pid: u32) {
    CONTEXT.set((time_us, pid));
}

/// Whether anybody wants log lines.
pub(crate) fn enabled() -> bool {
    log::max_level() > log::LevelFilter::Off
}

/// Logs what `RUST_LOG` asks for; nothing without it.
pub(crate) fn install() {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("off"))
        .format(|out, record| {
            // A rebuild repeats what a program has computed and logged before.
            if sim::is_rebuilding() {
                return Ok(());
            }
            let (time_us, pid) = CONTEXT.get();
            let level = record.level();
            let style = out.default_level_style(level);
            writeln!(out, "{time_us:>10} {pid:>4} {style}{level:<5}{style:#} {}: {}", record.target(), record.args())
        })
        .init();
}
