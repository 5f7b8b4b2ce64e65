//! `ln(1)`: gives a file one more name. There are no symbolic links.

use abi::{Errno, S_IFDIR, S_IFMT};

use crate::libc::{Manual, Opt, PLAIN, basename, complain, join, perror, quote};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "ln",
    usage: "[OPTION]... TARGET LINK_NAME\n[OPTION]... TARGET... DIRECTORY",
    about: "Create a hard link to TARGET with the name LINK_NAME, or in DIRECTORY.",
    options: &[Opt::flag("f", "force", "remove existing destination files")],
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let (last, targets): (&[u8], _) = match given.operands.split_last() {
        None => return MANUAL.misuse(sys, "missing file operand").await,
        // In the working directory, by its own name.
        Some((only, [])) => (b".", core::slice::from_ref(only)),
        Some((last, targets)) => (last, targets),
    };
    let into = sys.stat(last).await.is_ok_and(|stat| stat.mode & S_IFMT == S_IFDIR);
    if targets.len() > 1 && !into {
        complain(sys, MANUAL.name, format_args!("target {}: {}", quote(last), Errno::ENOTDIR)).await;
        return 1;
    }
    let mut status = 0;
    for target in targets {
        let new = if into { join(last, basename(target)) } else { last.to_vec() };
        if sys.stat(target).await.is_ok_and(|stat| stat.mode & S_IFMT == S_IFDIR) {
            complain(sys, MANUAL.name, format_args!("{}: hard link not allowed for directory", quote_plain(target)))
                .await;
            status = 1;
            continue;
        }
        if given.has("force") {
            let _ = sys.unlink(&new).await;
        }
        if let Err(errno) = sys.link(target, &new).await {
            match sys.stat(target).await {
                Err(why) => perror(sys, MANUAL.name, format_args!("failed to access {}", quote(target)), why).await,
                Ok(_) => {
                    perror(sys, MANUAL.name, format_args!("failed to create hard link {}", quote(&new)), errno).await;
                }
            }
            status = 1;
        }
    }
    status
}

fn quote_plain(text: &[u8]) -> alloc::borrow::Cow<'_, str> {
    crate::libc::display_name(text)
}
