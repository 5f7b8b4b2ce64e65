//! `head(1)`: the first lines or bytes of its inputs, or all but the last.

use alloc::vec::Vec;

use abi::Errno;

use super::excerpt::{Amount, Headings, Sign, Unit, count_delimiters, end_of_piece, modernize};
use crate::libc::{Manual, Opt, Output, PLAIN, Reader, complain, display_name, open_operand, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "head",
    usage: "[OPTION]... [FILE]...",
    about: "Print the first 10 lines of each FILE to standard output.\n\
            With more than one FILE, precede each with a header giving the file name.\n\n\
            With no FILE, or when FILE is -, read standard input.",
    options: &[
        Opt::value("c", "bytes", "[-]NUM", "print the first NUM bytes; with '-', all but the last NUM"),
        Opt::value("n", "lines", "[-]NUM", "print the first NUM lines; with '-', all but the last NUM"),
        Opt::flag("q", "quiet", "never print headers giving file names"),
        Opt::flag("", "silent", "same as --quiet"),
        Opt::flag("v", "verbose", "always print headers giving file names"),
        Opt::flag("z", "zero-terminated", "line delimiter is NUL, not newline"),
    ],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let arguments = modernize(args.rest());
    let given = MANUAL.parse(sys, arguments.iter().map(|argument| &**argument)).await?;
    let amount = match Amount::from_options(&given) {
        Ok(amount) => amount,
        Err(message) => {
            complain(sys, MANUAL.name, message).await;
            return Err(1);
        }
    };
    let mut headings = Headings::new(&given);
    let mut output = Output::new(sys, &MANUAL);
    let mut status = 0;
    for input in given.inputs() {
        let fd = match open_operand(sys, input).await {
            Ok(fd) => fd,
            Err(errno) => {
                output.flush().await?;
                let what = format_args!("cannot open {} for reading", quote(input));
                perror(sys, MANUAL.name, what, errno).await;
                status = 1;
                continue;
            }
        };
        headings.push(input, &mut output);
        let mut reader = Reader::new(sys, fd);
        let read = match amount.sign {
            Sign::Minus => all_but_last(&mut reader, amount, &mut output).await?,
            _ => first(&mut reader, amount, &mut output).await?,
        };
        if let Err(errno) = read {
            output.flush().await?;
            perror(sys, MANUAL.name, format_args!("error reading '{}'", display_name(input)), errno).await;
            status = 1;
        }
    }
    output.flush().await?;
    Ok(status)
}

/// Bytes that are read at once: what stands behind the last line is lost to those who read on, so it is as much as with
/// other implementations.
const CHUNK: usize = 8192;

/// Copies so much from the front, and reads no further than it must.
async fn first(reader: &mut Reader, amount: Amount, output: &mut Output) -> Result<Result<(), Errno>, i32> {
    let mut left = amount.count;
    while left > 0 {
        reader.set_chunk(match amount.unit {
            Unit::Bytes => left.min(CHUNK as u64) as usize,
            Unit::Lines(_) => CHUNK,
        });
        match reader.fill().await {
            Ok(true) => {}
            Ok(false) => break,
            Err(errno) => return Ok(Err(errno)),
        }
        let available = reader.available();
        let length = match amount.unit {
            Unit::Bytes => available.len().min(usize::try_from(left).unwrap_or(usize::MAX)),
            Unit::Lines(delimiter) => end_of_piece(available, delimiter, left),
        };
        let copied = &available[..length];
        left -= match amount.unit {
            Unit::Bytes => length as u64,
            Unit::Lines(delimiter) => count_delimiters(copied, delimiter),
        };
        output.push(copied);
        reader.consume(length);
        output.flush().await?;
    }
    Ok(Ok(()))
}

/// Copies everything but so much at the end: holds back what may still turn out to be the end.
async fn all_but_last(reader: &mut Reader, amount: Amount, output: &mut Output) -> Result<Result<(), Errno>, i32> {
    let mut held: Vec<u8> = Vec::new();
    loop {
        match reader.fill().await {
            Ok(true) => {}
            Ok(false) => break,
            Err(errno) => return Ok(Err(errno)),
        }
        held.extend_from_slice(reader.available());
        reader.consume_all();
        let passed = match amount.unit {
            Unit::Bytes => held.len() - held.len().min(usize::try_from(amount.count).unwrap_or(usize::MAX)),
            Unit::Lines(delimiter) => {
                end_of_piece(&held, delimiter, count_delimiters(&held, delimiter).saturating_sub(amount.count))
            }
        };
        output.push(&held[..passed]);
        held.drain(..passed);
        output.settle().await?;
    }
    if let Unit::Lines(delimiter) = amount.unit
        && held.last().is_some_and(|&last| last != delimiter)
    {
        // The last line has no delimiter, and counts nevertheless.
        let lines = count_delimiters(&held, delimiter) + 1;
        output.push(&held[..end_of_piece(&held, delimiter, lines.saturating_sub(amount.count))]);
    }
    Ok(Ok(()))
}
