//! What is shown of sets of semaphores.

use alloc::format;
use alloc::string::String;
use core::fmt::Write;

use abi::{Errno, SemCommand, SemidDs};

use super::{View, creators, creators_heading, heading, identity, rows, time};
use crate::Sys;

pub(super) async fn list(sys: Sys, view: View) -> Result<String, Errno> {
    if view == View::Limits {
        let limits = sys.sem_info(SemCommand::IPC_INFO).await?.1;
        let text = format!(
            "max number of arrays = {}\nmax semaphores per array = {}\nmax semaphores system wide = {}\n\
             max ops per semop call = {}\nsemaphore max value = {}",
            limits.semmni, limits.semmsl, limits.semmns, limits.semopm, limits.semvmx
        );
        return Ok(heading("Semaphore Limits", &text));
    }
    let (highest, used) = sys.sem_info(SemCommand::SEM_INFO).await?;
    let head = match view {
        View::Summary => {
            let text = format!("used arrays = {}\nallocated semaphores = {}", used.semusz, used.semaem);
            return Ok(heading("Semaphore Status", &text));
        }
        View::Creators => creators_heading("Semaphore Arrays Creators/Owners", "semid"),
        View::Times => heading(
            "Semaphore Operation/Change Times",
            &format!("{:<8} {:<10} {:<26} {:<26}", "semid", "owner", "last-op", "last-changed"),
        ),
        View::Status | View::Processes | View::Limits => heading(
            "Semaphore Arrays",
            &format!("{:<10} {:<10} {:<10} {:<10} {:<10}", "key", "semid", "owner", "perms", "nsems"),
        ),
    };
    let rows = rows(highest, async |slot| sys.sem_stat_slot(slot).await, |id, stat| row(view, id, stat)).await;
    Ok(head + &rows)
}

fn row(view: View, id: i32, stat: &SemidDs) -> String {
    let SemidDs { perm, otime, ctime, nsems, .. } = stat;
    match view {
        View::Creators => creators(id, perm),
        View::Times => format!("{id:<8} {:<10} {:<26} {:<26}\n", perm.uid, time(*otime, false), time(*ctime, true)),
        _ => format!("{} {nsems:<10}\n", identity(id, perm)),
    }
}

/// All that is known of one, and of each of its semaphores.
pub(super) async fn details(sys: Sys, id: i32) -> Result<String, Errno> {
    let SemidDs { perm, otime, ctime, nsems, .. } = sys.sem_stat(id).await?;
    let whose = format!("uid={}\t gid={}\t cuid={}\t cgid={}", perm.uid, perm.gid, perm.cuid, perm.cgid);
    let mut text = format!(
        "Semaphore Array semid={id}\n{whose}\nmode={:04o}, access_perms={:04o}\nnsems = {nsems}\n\
         otime = {:<26}\nctime = {:<26}\n{:<10} {:<10} {:<10} {:<10} {:<10}\n",
        perm.mode,
        perm.mode & 0o777,
        time(otime, false),
        time(ctime, true),
        "semnum",
        "value",
        "ncount",
        "zcount",
        "pid"
    );
    for number in 0..nsems as i32 {
        let value = sys.semctl(id, number, SemCommand::GETVAL, 0).await?;
        let growing = sys.semctl(id, number, SemCommand::GETNCNT, 0).await?;
        let zero = sys.semctl(id, number, SemCommand::GETZCNT, 0).await?;
        let pid = sys.semctl(id, number, SemCommand::GETPID, 0).await?;
        let _ = writeln!(text, "{number:<10} {value:<10} {growing:<10} {zero:<10} {pid:<10}");
    }
    Ok(text)
}
