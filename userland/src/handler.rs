//! Signal handlers: what makes a plain `async fn` one, and how a program names it (`sigaction(2)`).
//!
//! A handler needs an identity that is the same in every rebuild, in every saved world and on every host. The address of a
//! Rust function isn't, so each program has a static table, and a handler's address, as `rt_sigaction` takes it, is that of
//! its row: a place in the range where a compiled program would have its code.

use alloc::boxed::Box;
use core::future::Future;

use abi::{HANDLER_BYTES, SigInfo, TEXT_START};

use crate::program::Running;
use crate::sys::Sys;

/// What runs when a signal is caught. Implemented by every `async fn(Sys, SigInfo)`.
pub trait Catch: Sync {
    /// Begins it.
    fn start(&self, sys: Sys, info: SigInfo) -> Running;
}

impl<F, Fut> Catch for F
where
    F: Fn(Sys, SigInfo) -> Fut + Sync,
    Fut: Future<Output = ()> + 'static,
{
    fn start(&self, sys: Sys, info: SigInfo) -> Running {
        let run = self(sys, info);
        Box::pin(async move {
            run.await;
            0
        })
    }
}

/// One row of a program's table of handlers. [`handlers!`](crate::handlers) writes it.
#[derive(Clone, Copy)]
pub struct Handler {
    /// What the program and those who watch it call it.
    pub name: &'static str,
    /// Its entry.
    pub catch: &'static dyn Catch,
}

/// The address of a handler: that of a row in its program's table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HandlerAddress(pub u64);

impl HandlerAddress {
    /// Of the row with this name.
    ///
    /// # Panics
    /// There is none: when the program is compiled, if this is used for a constant.
    pub const fn named(table: &[Handler], name: &str) -> HandlerAddress {
        let mut index = 0;
        while index < table.len() {
            if same(table[index].name.as_bytes(), name.as_bytes()) {
                return HandlerAddress(TEXT_START + index as u64 * HANDLER_BYTES);
            }
            index += 1;
        }
        panic!("the table has no handler with this name")
    }

    /// Its row's index, if it is the address of one in a table of so many.
    pub fn index(self, rows: usize) -> Option<usize> {
        let offset = self.0.checked_sub(TEXT_START)?;
        let index = (offset / HANDLER_BYTES) as usize;
        (offset.is_multiple_of(HANDLER_BYTES) && index < rows).then_some(index)
    }
}

const fn same(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// A program's table of handlers, and a constant for each, by which the program names it.
///
/// ```
/// use abi::{SigInfo, Signal};
/// use userland::{Args, Program, Sys, handlers};
/// use userland::sys::Action;
///
/// handlers! { HANDLERS: ON_TERM = on_term; }
///
/// async fn on_term(sys: Sys, info: SigInfo) {
///     userland::print!(sys, "signal {} of process {}\n", info.signo, info.pid).await;
/// }
///
/// async fn program(sys: Sys, _: Args) -> i32 {
///     sys.sigaction(Signal::SIGTERM, Some(Action::catch(ON_TERM))).await.is_err().into()
/// }
///
/// static PROGRAM: Program = Program::new("patient", "waits", &program).with_handlers(HANDLERS);
/// assert_eq!(PROGRAM.handlers[0].name, "ON_TERM");
/// ```
#[macro_export]
macro_rules! handlers {
    ($visibility:vis $table:ident: $($name:ident = $catch:expr;)*) => {
        $visibility const $table: &[$crate::handler::Handler] = &[
            $($crate::handler::Handler { name: stringify!($name), catch: &$catch }),*
        ];
        $($visibility const $name: $crate::handler::HandlerAddress =
            $crate::handler::HandlerAddress::named($table, stringify!($name));)*
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn nothing(_: Sys, _: SigInfo) {}

    handlers! { TABLE: ONE = nothing; ANOTHER = nothing; }

    #[test]
    fn no_two_handlers_share_an_address() {
        assert_ne!(ONE, ANOTHER);
        assert_eq!((ONE.index(2), ANOTHER.index(2)), (Some(0), Some(1)));
        assert_eq!(
            (ANOTHER.index(1), HandlerAddress(0).index(2), HandlerAddress(ONE.0 + 1).index(2)),
            (None, None, None)
        );
        assert_eq!(TABLE.len(), 2);
    }
}
