//! `tr(1)`: translates, squeezes and deletes characters.
//!
//! | question | file |
//! | --- | --- |
//! | how is `a-z[:digit:][x*5]\n` read? | `set.rs` |
//! | what becomes of each byte? | `table.rs` |

mod set;
mod table;

use crate::libc::{Manual, Opt, Order, Output, PLAIN, Reader, STDIN, complain, perror, quote};
use crate::{Args, Sys};
use table::Table;

static MANUAL: Manual = Manual {
    name: "tr",
    usage: "[OPTION]... STRING1 [STRING2]",
    about: "Translate, squeeze, and/or delete characters from standard input,\n\
            writing to standard output.  STRING1 and STRING2 specify arrays of\n\
            characters: themselves, ranges a-z, classes [:upper:], repeats [x*] and [x*5],\n\
            [=c=], and the escapes \\NNN \\\\ \\a \\b \\f \\n \\r \\t \\v.",
    options: &[
        Opt::flag("c", "complement", "use the complement of ARRAY1"),
        Opt::flag("C", "", "same as -c"),
        Opt::flag("d", "delete", "delete characters in ARRAY1, do not translate"),
        Opt::flag("s", "squeeze-repeats", "replace repeats of a character of the last ARRAY by one"),
        Opt::flag("t", "truncate-set1", "first truncate ARRAY1 to length of ARRAY2"),
    ],
    order: Order::First,
    ..PLAIN
};

/// What is asked of `tr`.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Task {
    complement: bool,
    delete: bool,
    squeeze: bool,
    truncate: bool,
    /// There are two strings, and nothing is deleted.
    translate: bool,
}

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    run(sys, &args).await.unwrap_or_else(|status| status)
}

async fn run(sys: Sys, args: &Args) -> Result<i32, i32> {
    let given = MANUAL.parse(sys, args.rest()).await?;
    let task = Task {
        complement: given.has("complement") || given.has("C"),
        delete: given.has("delete"),
        squeeze: given.has("squeeze-repeats"),
        truncate: given.has("truncate-set1"),
        translate: given.operands.len() == 2 && !given.has("delete"),
    };
    if let Some(status) = refuse_operands(sys, task, &given.operands).await {
        return Err(status);
    }
    let second = given.operands.get(1).copied().unwrap_or_default();
    let table = match Table::new(task, given.operands[0], second) {
        Ok(table) => table,
        Err(message) => {
            complain(sys, MANUAL.name, message).await;
            return Err(1);
        }
    };
    let mut reader = Reader::new(sys, STDIN);
    let mut output = Output::new(sys, &MANUAL);
    let mut last = None;
    loop {
        match reader.fill().await {
            Ok(true) => {}
            Ok(false) => break,
            Err(errno) => {
                perror(sys, MANUAL.name, "read error", errno).await;
                return Err(1);
            }
        }
        table.convert(reader.available(), &mut last, &mut output);
        reader.consume_all();
        output.settle().await?;
    }
    output.flush().await?;
    Ok(0)
}

/// Says what is wrong with the number of operands, if anything is.
async fn refuse_operands(sys: Sys, task: Task, operands: &[&[u8]]) -> Option<i32> {
    let least = if task.delete == task.squeeze { 2 } else { 1 };
    let most = if task.delete && !task.squeeze { 1 } else { 2 };
    let Some(first) = operands.first() else {
        return Some(MANUAL.misuse(sys, "missing operand").await);
    };
    let explanation = if operands.len() < least {
        complain(sys, MANUAL.name, format_args!("missing operand after {}", quote(first))).await;
        if task.squeeze {
            "Two strings must be given when both deleting and squeezing repeats.\n"
        } else {
            "Two strings must be given when translating.\n"
        }
    } else if let Some(extra) = operands.get(most) {
        complain(sys, MANUAL.name, format_args!("extra operand {}", quote(extra))).await;
        if operands.len() == 2 { "Only one string may be given when deleting without squeezing repeats.\n" } else { "" }
    } else {
        return None;
    };
    let _ = crate::libc::write_all(sys, crate::libc::STDERR, explanation.as_bytes()).await;
    Some(MANUAL.give_up(sys).await)
}
