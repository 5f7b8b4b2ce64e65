//! `lost-update`: processes increment a word that they share by a load, an addition and a store. Whoever comes between
//! another's load and store loses what it stores.

use super::increments::{self, Plan, THINK};
use crate::libc::{Manual, PLAIN};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "lost-update",
    usage: increments::USAGE,
    about: "Have PROCESSES (2 by default) each add 1 to a shared word, INCREMENTS times (2 by default):\n\
            load, add, store. Print what the word should be and what it is. If someone else stores\n\
            between a load and the store that follows it, that update is lost. lost-update-fixed does it right.\n\
            \n\
            There is room for 62 processes beside this one and PID 1, and so for 61 from the shell.\n\
            \n\
            Exit status: 0 if no update was lost, 1 if one was, 2 if something else went wrong.",
    options: &[THINK],
    misuse: 2,
    ..PLAIN
};

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let plan = match Plan::from_given(sys, &MANUAL, &given).await {
        Ok(plan) => plan,
        Err(status) => return status,
    };
    increments::run(sys, &MANUAL, plan, async |word| {
        for _ in 0..plan.increments {
            let value: u64 = sys.load(word).await;
            plan.think(sys).await;
            sys.store(word, value + 1).await;
        }
        Ok(())
    })
    .await
}
