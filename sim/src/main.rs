//! `vitrine`: runs programs on the microkernel, records and replays them, steps through them, and shows what they do.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
