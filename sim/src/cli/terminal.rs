//! The host's terminal while a machine's console stands in for it: raw, so that every key goes to the machine as it is.
//!
//! Its settings come back whatever happens: at the end, when a run fails, when Vitrine panics, and when it is told to end by
//! a signal.

use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use abi::WindowSize;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGWINCH};

/// The settings to come back. Global, because the hook for panics must find them.
static SAVED: Mutex<Option<Termios>> = Mutex::new(None);

/// The host's terminal, in raw mode as long as this exists.
pub(crate) struct Terminal {
    /// A byte comes here with every signal that is caught.
    woken: UnixStream,
    /// The signal that asks for the end; 0 is none.
    ending: Arc<AtomicUsize>,
    /// Not 0 if the window may have another size.
    resized: Arc<AtomicUsize>,
    window: WindowSize,
}

/// What a look at the terminal showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen {
    /// Nothing, within the time that was given.
    Nothing,
    /// So many bytes were typed, and put into the buffer.
    Typed(usize),
    /// The window has another size.
    Resized(WindowSize),
    /// Nobody is there any more.
    Gone,
    /// This signal asks for the end.
    Ending(usize),
}

impl Terminal {
    /// Whether standard input and output are a terminal.
    pub(crate) fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal over.
    pub(crate) fn take() -> io::Result<Terminal> {
        let (woken, waker) = UnixStream::pair()?;
        woken.set_nonblocking(true)?;
        waker.set_nonblocking(true)?;
        let (ending, resized) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        for signal in [SIGHUP, SIGINT, SIGTERM, SIGWINCH] {
            let flag = if signal == SIGWINCH { &resized } else { &ending };
            signal_hook::flag::register_usize(signal, flag.clone(), signal as usize)?;
            signal_hook::low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        restore_on_panic();
        let settings = tcgetattr(io::stdin())?;
        let mut raw = settings.clone();
        raw.make_raw();
        *SAVED.lock().unwrap_or_else(PoisonError::into_inner) = Some(settings);
        let terminal = Terminal { woken, ending, resized, window: window()? };
        tcsetattr(io::stdin(), OptionalActions::Drain, &raw)?;
        Ok(terminal)
    }

    /// The size of its window.
    pub(crate) fn window(&self) -> WindowSize {
        self.window
    }

    /// Looks what there is, and waits for it at most so long (`None`: for ever).
    pub(crate) fn look(&mut self, patience: Option<Duration>, buffer: &mut [u8]) -> io::Result<Seen> {
        let stdin = io::stdin();
        let mut ready = [
            PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.woken.as_fd(), PollFlags::IN),
        ];
        let timeout = patience.and_then(|patience| Timespec::try_from(patience).ok());
        match poll(&mut ready, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) | Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        let typed = !ready[0].revents().is_empty();
        if !ready[1].revents().is_empty() {
            let _ = (&self.woken).read(&mut [0; 64]);
        }
        match self.ending.load(Ordering::Relaxed) {
            0 => {}
            signal => return Ok(Seen::Ending(signal)),
        }
        if self.resized.swap(0, Ordering::Relaxed) != 0 {
            let window = window()?;
            if std::mem::replace(&mut self.window, window) != window {
                return Ok(Seen::Resized(window));
            }
        }
        if !typed {
            return Ok(Seen::Nothing);
        }
        match rustix::io::read(io::stdin(), buffer) {
            Ok(0) | Err(rustix::io::Errno::IO) => Ok(Seen::Gone),
            Ok(count) => Ok(Seen::Typed(count)),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(Seen::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        restore();
    }
}

fn window() -> io::Result<WindowSize> {
    let size = tcgetwinsize(io::stdin())?;
    Ok(WindowSize { rows: size.ws_row, columns: size.ws_col, ..WindowSize::default() })
}

/// Gives the terminal the settings back that it had.
fn restore() {
    if let Some(settings) = SAVED.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // If even that fails nobody is left to see it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Drain, &settings);
    }
}

/// The message of a panic is to be readable, and the terminal usable behind it.
fn restore_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
    });
}
