//! Which fault is planted in the kernel (`kernel/src/planted.rs`): a test build asks the environment, so that every command
//! and every test can be run with it.

use kernel::planted::{Fault, plant};

/// The variable that names the fault.
pub const VARIABLE: &str = "VITRINE_PLANT";

/// Plants the fault that the environment names, if it names one.
///
/// # Errors
/// There is no such fault: says which there are.
pub fn by_environment() -> Result<(), String> {
    let Some(name) = std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) else { return Ok(()) };
    match name.to_str().and_then(Fault::from_name) {
        Some(fault) => {
            plant(Some(fault));
            Ok(())
        }
        None => {
            let all: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
            Err(format!("{VARIABLE}: no fault `{}`; there are {}", name.display(), all.join(", ")))
        }
    }
}
