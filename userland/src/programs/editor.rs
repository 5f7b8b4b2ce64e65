//! `editor`: keeps the lines that are typed, and on SIGINT asks before it lets go of them.

use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, SigActionFlags, SigInfo, Signal};

use crate::libc::{Manual, PLAIN, Reader, STDIN, counted, display_name, parse_number, perror};
use crate::sys::Action;
use crate::{Args, Sys, handlers, print, println, statics};

static MANUAL: Manual = Manual {
    name: "editor",
    usage: "",
    about: "Keep the lines that are typed. `.p` shows them, `.d N` deletes line N, `.q` or the end of\n\
            input ends. SIGINT (Ctrl+C) asks first whether all is to be thrown away.",
    misuse: 2,
    ..PLAIN
};

statics! { pub(super) STATICS: LINES: u64; }
handlers! { pub(super) HANDLERS: ASK = ask; }

/// Asks whether to quit. That a handler does it all leaves no gap: a signal that came just before the program waits for
/// the next line would not be noticed by anyone who only looked at a flag. Nothing here is forbidden to a handler
/// (`signal-safety(7)`): it writes, reads and exits.
async fn ask(sys: Sys, _: SigInfo) {
    let lines = counted(LINES.load(sys).await, "line");
    print!(sys, "\nQuit and throw {lines} away? (y/n) ").await;
    let mut answer = None;
    loop {
        let mut byte = [0];
        match sys.read(STDIN, &mut byte).await {
            Ok(1) if byte != *b"\n" => answer = answer.or(Some(byte[0])),
            Ok(1) => break,
            // Nobody is there to answer.
            _ => {
                answer = Some(b'y');
                break;
            }
        }
    }
    if matches!(answer, Some(b'y' | b'Y')) {
        println!(sys, "{lines} thrown away").await;
        sys.exit(1).await;
    }
    println!(sys, "{lines} kept, go on").await;
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    if let Err(status) = MANUAL.parse(sys, args.rest()).await {
        return status;
    }
    // The read that was waiting for a line starts again.
    let action = Action::catch(ASK).with_flags(SigActionFlags::SA_RESTART);
    if let Err(errno) = sys.sigaction(Signal::SIGINT, Some(action)).await {
        perror(sys, MANUAL.name, "SIGINT", errno).await;
        return 1;
    }
    match edit(sys).await {
        Ok(()) => 0,
        Err(errno) => {
            perror(sys, MANUAL.name, "standard input", errno).await;
            1
        }
    }
}

async fn edit(sys: Sys) -> Result<(), Errno> {
    let mut input = Reader::new(sys, STDIN);
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut line = Vec::new();
    while input.read_line(b'\n', &mut line).await? {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        match text {
            b".q" => break,
            b".p" => show(sys, &lines).await,
            [b'.', b'd', b' ', number @ ..] => delete(sys, &mut lines, number).await,
            _ => lines.push(text.into()),
        }
        LINES.store(sys, lines.len() as u64).await;
        line.clear();
    }
    println!(sys, "{} kept:", counted(lines.len() as u64, "line")).await;
    show(sys, &lines).await;
    Ok(())
}

async fn show(sys: Sys, lines: &[Vec<u8>]) {
    let text: String = lines.iter().map(|line| display_name(line).into_owned() + "\n").collect();
    print!(sys, "{text}").await;
}

async fn delete(sys: Sys, lines: &mut Vec<Vec<u8>>, number: &[u8]) {
    let index = parse_number(number).and_then(|number| usize::try_from(number).ok()?.checked_sub(1));
    match index.filter(|index| *index < lines.len()) {
        Some(index) => drop(lines.remove(index)),
        None => println!(sys, "there is no line {}", display_name(number)).await,
    }
}
