//! Which fault is planted in the kernel (`kernel/src/planted.rs`): a test build asks the environment, so that every command
//! and every test can be run with it. Any other build has no faults, and says so.

/// The variable that names the fault.
pub const VARIABLE: &str = "VITRINE_PLANT";

/// Plants the fault that the environment names, if it names one.
///
/// # Errors
/// There is no such fault: says which there are. Or this build has none: says which build has.
pub fn by_environment() -> Result<(), String> {
    match std::env::var_os(VARIABLE).filter(|name| !name.is_empty()) {
        Some(name) => by_name(&name),
        None => Ok(()),
    }
}

#[cfg(feature = "planted-faults")]
fn by_name(name: &std::ffi::OsStr) -> Result<(), String> {
    use kernel::planted::{Fault, plant};

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

#[cfg(not(feature = "planted-faults"))]
fn by_name(name: &std::ffi::OsStr) -> Result<(), String> {
    Err(format!(
        "{VARIABLE} names the fault `{}`, but none can be planted in this build; it takes one by \
         `cargo build --features vitrine/planted-faults`",
        name.display()
    ))
}
