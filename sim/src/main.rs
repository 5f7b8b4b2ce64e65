//! `vitrine`: runs programs on the microkernel, records and replays them, and shows what they do.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
