//! An image as text.

use std::fmt::{self, Display};

use abi::{OpenFlags, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL, SI_USER, SigActionFlags, Signal, SignalSet};

use super::{Cause, CoreImage, MappedRegion, SignalState};
use crate::quote::Quoted;

/// Bytes of a page in a line.
const LINE_BYTES: usize = 16;

impl Display for CoreImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CoreImage { pid, ppid, pgid, sid, uids, gids, name, cause, place, .. } = self;
        writeln!(f, "process {pid} {name}, ended by {}", signal_name(cause.signal))?;
        let argv: Vec<_> = self.argv.iter().map(|argument| Quoted::whole(argument).to_string()).collect();
        writeln!(f, "  arguments  {}", argv.join(" "))?;
        writeln!(f, "  ids        parent {ppid}, group {pgid}, session {sid}")?;
        writeln!(f, "  user       {}, effective {}; group {}, effective {}", uids.0, uids.1, gids.0, gids.1)?;
        writeln!(f, "  cause      {}", Why(cause))?;
        if let Some(fault) = &cause.fault {
            writeln!(f, "  fault      {fault}")?;
        }
        writeln!(f, "  stood at   {}", place.line.as_deref().unwrap_or("its start"))?;
        if let Some(operation) = &place.operation {
            writeln!(f, "  in         {operation}")?;
        }
        writeln!(f, "  history    {} results; step {}, {} us after boot", place.history, place.step, place.time_us)?;
        show_signals(f, &self.signals)?;
        writeln!(f, "\ndescriptors")?;
        for open in &self.descriptors {
            let flags = OpenFlags::from_bits_retain(open.flags);
            let access = match (flags.readable(), flags.writable()) {
                (true, true) => "read, write",
                (true, false) => "read",
                (false, _) => "write",
            };
            let close = if open.close_on_exec { ", closed on exec" } else { "" };
            writeln!(f, "  {:3}  {access}{close}: {}", open.fd, open.what)?;
        }
        writeln!(f, "\nmemory")?;
        for region in &self.regions {
            show_region(f, region)?;
        }
        match self.pages_left_out {
            0 => Ok(()),
            left_out => writeln!(f, "  {left_out} pages more were present than RLIMIT_CORE allowed to write"),
        }
    }
}

/// A cause in words.
struct Why<'a>(&'a Cause);

impl Display for Why<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cause { signal, code, sender, sender_uid, value, .. } = *self.0;
        let sender = format!("process {sender} of user {sender_uid}");
        match (code, signal_of(signal)) {
            (SI_USER, _) => write!(f, "sent by {sender} (kill)"),
            (SI_TKILL, _) => write!(f, "sent by {sender} (tgkill)"),
            (SI_QUEUE, _) => write!(f, "sent by {sender} with the value {value:#x} (sigqueue)"),
            (SI_TIMER, _) => write!(f, "a timer, with the value {value:#x}"),
            (SI_KERNEL, _) => f.write_str("the kernel"),
            (abi::SEGV_MAPERR, Some(Signal::SIGSEGV)) => write!(f, "address {value:#x}: nothing is mapped there"),
            (abi::SEGV_ACCERR, Some(Signal::SIGSEGV)) => write!(f, "address {value:#x}: its mapping doesn't allow it"),
            (abi::BUS_ADRALN, Some(Signal::SIGBUS)) => write!(f, "address {value:#x}: not aligned"),
            (abi::ILL_ILLOPC, Some(Signal::SIGILL)) => f.write_str("an instruction that doesn't exist"),
            (abi::FPE_INTDIV, Some(Signal::SIGFPE)) => f.write_str("an integer division by zero"),
            _ => write!(f, "code {code}, value {value:#x}"),
        }
    }
}

fn signal_of(number: u8) -> Option<Signal> {
    Signal::new(number.into())
}

fn signal_name(number: u8) -> String {
    signal_of(number).map_or_else(|| format!("signal {number}"), |signal| signal.to_string())
}

fn show_signals(f: &mut fmt::Formatter<'_>, signals: &SignalState) -> fmt::Result {
    writeln!(f, "\nsignals")?;
    let sets = [
        ("pending", signals.pending),
        ("shared pending", signals.shared_pending),
        ("blocked", signals.blocked),
        ("ignored", signals.ignored),
        ("caught", signals.caught),
        ("delivered", signals.delivered),
    ];
    for (what, set) in sets {
        writeln!(f, "  {what:14}  {}", names(set))?;
    }
    for &(signal, handler, flags, mask) in &signals.actions {
        let handler = match handler {
            0 => "default".into(),
            1 => "ignored".into(),
            address => format!("handler {address:#x}"),
        };
        let flags = SigActionFlags::from_bits_retain(flags);
        writeln!(f, "  on {}: {handler}, flags {flags:?}, mask {}", signal_name(signal), names(mask))?;
    }
    Ok(())
}

fn names(set: u64) -> String {
    let names: Vec<_> = SignalSet::from_bits_retain(set).signals().map(|signal| signal.to_string()).collect();
    if names.is_empty() { "none".into() } else { names.join(" ") }
}

fn show_region(f: &mut fmt::Formatter<'_>, region: &MappedRegion) -> fmt::Result {
    let MappedRegion { start, end, rights, backing, pages } = region;
    writeln!(f, "  {start:#x}-{end:#x} {rights} {backing}, {} pages", pages.len())?;
    for (address, bytes) in pages {
        let mut last_shown = true;
        for (index, line) in bytes.chunks(LINE_BYTES).enumerate() {
            // Most of most pages is zeros.
            let shown = line.iter().any(|byte| *byte != 0);
            if shown {
                show_line(f, address + (index * LINE_BYTES) as u64, line)?;
            } else if last_shown {
                writeln!(f, "    {:#x}  zeros", address + (index * LINE_BYTES) as u64)?;
            }
            last_shown = shown;
        }
    }
    Ok(())
}

fn show_line(f: &mut fmt::Formatter<'_>, address: u64, bytes: &[u8]) -> fmt::Result {
    write!(f, "    {address:#x} ")?;
    for byte in bytes {
        write!(f, " {byte:02x}")?;
    }
    let text: String =
        bytes.iter().map(|&byte| if (b' '..=b'~').contains(&byte) { byte.into() } else { '.' }).collect();
    writeln!(f, "  {text}")
}
