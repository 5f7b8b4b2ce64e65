//! `tail(1)`: the last lines or bytes of its inputs, or all from a given one on.

use alloc::vec::Vec;

use abi::Errno;

use super::excerpt::{Amount, Headings, Sign, Unit, count_delimiters, end_of_piece, modernize};
use crate::libc::{Manual, Opt, Output, PLAIN, Reader, complain, display_name, open_operand, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "tail",
    usage: "[OPTION]... [FILE]...",
    about: "Print the last 10 lines of each FILE to standard output.\n\
            With more than one FILE, precede each with a header giving the file name.\n\n\
            With no FILE, or when FILE is -, read standard input.",
    options: &[
        Opt::value("c", "bytes", "[+]NUM", "output the last NUM bytes; with '+', from byte NUM on"),
        Opt::value("n", "lines", "[+]NUM", "output the last NUM lines; with '+', from line NUM on"),
        Opt::flag("q", "quiet", "never output headers giving file names"),
        Opt::flag("", "silent", "same as --quiet"),
        Opt::flag("v", "verbose", "always output headers giving file names"),
        Opt::flag("z", "zero-terminated", "line delimiter is NUL, not newline"),
    ],
    ..PLAIN
};

/// Surplus is thrown away once so much is held.
const TRIM_AT: usize = 1 << 20;

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
            Sign::Plus => from(&mut reader, amount, &mut output).await?,
            _ => last(&mut reader, amount, &mut output).await?,
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

/// Copies everything from piece number `amount` on, the first being number 1.
async fn from(reader: &mut Reader, amount: Amount, output: &mut Output) -> Result<Result<(), Errno>, i32> {
    let mut skip = amount.count.saturating_sub(1);
    loop {
        match reader.fill().await {
            Ok(true) => {}
            Ok(false) => return Ok(Ok(())),
            Err(errno) => return Ok(Err(errno)),
        }
        let available = reader.available();
        let skipped = match amount.unit {
            Unit::Bytes => available.len().min(usize::try_from(skip).unwrap_or(usize::MAX)),
            Unit::Lines(delimiter) => end_of_piece(available, delimiter, skip),
        };
        skip -= match amount.unit {
            Unit::Bytes => skipped as u64,
            Unit::Lines(delimiter) => count_delimiters(&available[..skipped], delimiter),
        };
        output.push(&available[skipped..]);
        reader.consume_all();
        output.flush().await?;
    }
}

/// Copies the last pieces.
async fn last(reader: &mut Reader, amount: Amount, output: &mut Output) -> Result<Result<(), Errno>, i32> {
    let mut held: Vec<u8> = Vec::new();
    let mut trim_at = TRIM_AT;
    loop {
        match reader.fill().await {
            Ok(true) => {}
            Ok(false) => break,
            Err(errno) => return Ok(Err(errno)),
        }
        held.extend_from_slice(reader.available());
        reader.consume_all();
        if held.len() >= trim_at {
            held.drain(..start_of_last(&held, amount));
            trim_at = TRIM_AT.max(held.len() * 2);
        }
    }
    output.push(&held[start_of_last(&held, amount)..]);
    output.settle().await?;
    Ok(Ok(()))
}

/// Where the last so many pieces begin. A last line without its delimiter counts.
fn start_of_last(bytes: &[u8], amount: Amount) -> usize {
    match amount.unit {
        Unit::Bytes => bytes.len() - bytes.len().min(usize::try_from(amount.count).unwrap_or(usize::MAX)),
        Unit::Lines(delimiter) => {
            let partial = bytes.last().is_some_and(|&last| last != delimiter);
            let lines = count_delimiters(bytes, delimiter) + u64::from(partial);
            end_of_piece(bytes, delimiter, lines.saturating_sub(amount.count))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_counted_from_the_end() {
        let start = |text: &str, count| {
            start_of_last(text.as_bytes(), Amount { unit: Unit::Lines(b'\n'), sign: Sign::None, count })
        };
        assert_eq!(start("a\nb\nc\n", 2), 2);
        assert_eq!(start("a\nb\nc", 2), 2);
        assert_eq!(start("a\nb\nc", 0), 5);
        assert_eq!(start("a\n", 5), 0);
        assert_eq!(start("", 5), 0);
    }
}
