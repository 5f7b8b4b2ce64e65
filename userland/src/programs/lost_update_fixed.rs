//! `lost-update-fixed`: what `lost-update` does, so that nothing is lost: with an atomic addition, a loop that tries until
//! nobody came in between, or a semaphore around load and store.

use abi::{Errno, IPC_PRIVATE, IpcFlags, SEM_UNDO, SemCommand, SemOperation};

use super::increments::{self, Plan, THINK};
use crate::libc::{Manual, Opt, PLAIN, perror};
use crate::{Args, Sys};

static MANUAL: Manual = Manual {
    name: "lost-update-fixed",
    usage: increments::USAGE,
    about: "Have PROCESSES (2 by default) each add 1 to a shared word, INCREMENTS times (2 by default),\n\
            by an atomic addition or as the options say. Print what the word should be and what it is.\n\
            \n\
            There is room for 62 processes beside this one and PID 1, and so for 61 from the shell.\n\
            \n\
            Exit status: 0 if no update was lost, 1 if one was, 2 if something else went wrong.",
    options: &[
        Opt::flag("c", "compare", "load, and store by compare-and-exchange until nobody came in between"),
        Opt::flag("s", "semaphore", "load and store with a semaphore held"),
        THINK,
    ],
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
    match given.last_of(&["compare", "semaphore"]) {
        Some(("semaphore", _)) => with_semaphore(sys, plan).await,
        Some(_) => {
            increments::run(sys, &MANUAL, plan, async |word| {
                for _ in 0..plan.increments {
                    exchange(sys, plan, word).await;
                }
                Ok(())
            })
            .await
        }
        None => {
            increments::run(sys, &MANUAL, plan, async |word| {
                for _ in 0..plan.increments {
                    plan.think(sys).await;
                    sys.fetch_add(word, 1_u64).await;
                }
                Ok(())
            })
            .await
        }
    }
}

/// Adds 1, again and again until nobody has come in between.
async fn exchange(sys: Sys, plan: Plan, word: u64) {
    let mut value: u64 = sys.load(word).await;
    loop {
        plan.think(sys).await;
        match sys.compare_exchange(word, value, value + 1).await {
            Ok(_) => return,
            Err(other) => value = other,
        }
    }
}

/// One process at a time loads and stores.
async fn with_semaphore(sys: Sys, plan: Plan) -> i32 {
    let semaphore = match make_semaphore(sys).await {
        Ok(semaphore) => semaphore,
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot make a semaphore", errno).await;
            return 2;
        }
    };
    let status = increments::run(sys, &MANUAL, plan, async |word| {
        for _ in 0..plan.increments {
            change(sys, semaphore, -1).await?;
            let value: u64 = sys.load(word).await;
            plan.think(sys).await;
            sys.store(word, value + 1).await;
            change(sys, semaphore, 1).await?;
        }
        Ok(())
    })
    .await;
    match sys.semctl(semaphore, 0, SemCommand::IPC_RMID, 0).await {
        Ok(_) => status,
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot remove the semaphore", errno).await;
            2
        }
    }
}

/// A semaphore that one process can hold.
async fn make_semaphore(sys: Sys) -> Result<i32, Errno> {
    let semaphore = sys.semget(IPC_PRIVATE, 1, IpcFlags::from_bits_retain(0o600)).await?;
    sys.sem_set_values(semaphore, &[1]).await?;
    Ok(semaphore)
}

/// Takes the semaphore or gives it back. Whoever ends with it gives it back, too.
async fn change(sys: Sys, semaphore: i32, by: i16) -> Result<(), Errno> {
    loop {
        match sys.semop(semaphore, &[SemOperation { number: 0, op: by, flags: SEM_UNDO }]).await {
            Err(Errno::EINTR) => {}
            done => return done,
        }
    }
}
