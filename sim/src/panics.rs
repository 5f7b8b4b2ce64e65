//! Panics of user code are caught, quietly: they end a process, not the simulator.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

/// What a panic of user code said, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Panic {
    /// Its message.
    pub message: String,
    /// The line, as `file:line`.
    pub place: String,
}

thread_local! {
    static IN_USER_CODE: Cell<bool> = const { Cell::new(false) };
    static CAUGHT: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// Makes panics of user code silent from here on; all others go to the hook that there was before. Once it is done this is one load.
#[inline]
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IN_USER_CODE.try_with(Cell::get).unwrap_or(false) {
                remember(info);
            } else {
                before(info);
            }
        }));
    });
}

fn remember(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(String::new, |place| format!("{}:{}", place.file(), place.line()));
    let panic = Panic { message: text(info.payload()), place };
    CAUGHT.with(|caught| *caught.borrow_mut() = Some(panic));
}

fn text(payload: &dyn Any) -> String {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).into(),
        (_, Some(text)) => text.clone(),
        _ => "something that isn't text".into(),
    }
}

/// Runs user code, up to its end or its panic, which isn't printed. A kernel that is being tested counts as user code too.
///
/// # Errors
/// The panic.
#[inline]
pub fn catch<T>(user_code: impl FnOnce() -> T) -> Result<T, Panic> {
    install();
    let outside = IN_USER_CODE.replace(true);
    let result = std::panic::catch_unwind(AssertUnwindSafe(user_code));
    IN_USER_CODE.set(outside);
    result.map_err(|payload| caught(&*payload))
}

#[cold]
fn caught(payload: &dyn Any) -> Panic {
    let seen = CAUGHT.with(|caught| caught.borrow_mut().take());
    seen.unwrap_or_else(|| Panic { message: text(payload), place: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_and_line_are_kept() {
        let line = line!() + 1;
        let panic = catch(|| panic!("{} pears", 3)).unwrap_err();
        assert_eq!(panic, Panic { message: "3 pears".into(), place: format!("{}:{line}", file!()) });
        assert_eq!(catch(|| 5), Ok(5));
        assert_eq!(catch(|| std::panic::panic_any(7)).unwrap_err().message, "something that isn't text");
    }
}
