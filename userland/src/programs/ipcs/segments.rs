//! What is shown of shared memory segments.

use alloc::format;
use alloc::string::String;

use abi::{Errno, PAGE_SIZE, SHM_DEST, SHM_LOCKED, ShmidDs};

use super::{Unit, View, creators, creators_heading, heading, identity, rows, time};
use crate::Sys;

pub(super) async fn list(sys: Sys, view: View, unit: Unit) -> Result<String, Errno> {
    if view == View::Limits {
        let limits = sys.shm_limits().await?;
        let text = format!(
            "max number of segments = {}\n{}\n{}\n{}",
            limits.shmmni,
            unit.limit("max seg size", limits.shmmax, ("kbytes", 1024)),
            unit.limit("max total shared memory", limits.shmall.saturating_mul(PAGE_SIZE as u64), ("kbytes", 1024)),
            unit.limit("min seg size", limits.shmmin, ("bytes", 1))
        );
        return Ok(heading("Shared Memory Limits", &text));
    }
    let (highest, used) = sys.shm_info().await?;
    let head = match view {
        View::Summary => {
            let text = format!(
                "segments allocated {}\npages allocated {}\npages resident  {}\npages swapped   {}",
                used.used_ids, used.tot, used.rss, used.swp
            );
            return Ok(heading("Shared Memory Status", &text));
        }
        View::Creators => creators_heading("Shared Memory Segment Creators/Owners", "shmid"),
        View::Processes => heading(
            "Shared Memory Creator/Last-op PIDs",
            &format!("{:<10} {:<10} {:<10} {:<10}", "shmid", "owner", "cpid", "lpid"),
        ),
        View::Times => heading(
            "Shared Memory Attach/Detach/Change Times",
            &format!("{:<10} {:<10} {:<20} {:<20} {:<20}", "shmid", "owner", "attached", "detached", "changed"),
        ),
        View::Status | View::Limits => heading(
            "Shared Memory Segments",
            &format!(
                "{:<10} {:<10} {:<10} {:<10} {:<10} {:<10} {:<12}",
                "key",
                "shmid",
                "owner",
                "perms",
                unit.heading("bytes"),
                "nattch",
                "status"
            ),
        ),
    };
    let rows = rows(highest, async |slot| sys.shm_stat_slot(slot).await, |id, stat| row(view, unit, id, stat)).await;
    Ok(head + &rows)
}

fn row(view: View, unit: Unit, id: i32, stat: &ShmidDs) -> String {
    let ShmidDs { perm, segsz, ctime, cpid, lpid, nattch, .. } = stat;
    match view {
        View::Creators => creators(id, perm),
        View::Processes => format!("{id:<10} {:<10} {cpid:<10} {lpid:<10}\n", perm.uid),
        View::Times => {
            format!(
                "{id:<10} {:<10} {:<20} {:<20} {:<20}\n",
                perm.uid,
                attached(stat),
                detached(stat),
                time(*ctime, true)
            )
        }
        _ => {
            let removed = if perm.mode & SHM_DEST != 0 { "dest" } else { "" };
            let locked = if perm.mode & SHM_LOCKED != 0 { "locked" } else { "" };
            let size = unit.column(*segsz, 10);
            format!("{} {size} {nattch:<10} {removed:<6} {locked:<6}\n", identity(id, perm))
        }
    }
}

/// When somebody attached it last. There is a last process if anybody ever did.
fn attached(stat: &ShmidDs) -> String {
    time(stat.atime, stat.lpid != 0)
}

/// When somebody detached it last: in the first second, too, if it was attached and isn't any more.
fn detached(stat: &ShmidDs) -> String {
    time(stat.dtime, stat.lpid != 0 && stat.nattch == 0)
}

/// All that is known of one.
pub(super) async fn details(sys: Sys, id: i32, unit: Unit) -> Result<String, Errno> {
    let stat = sys.shm_stat(id).await?;
    let ShmidDs { perm, segsz, ctime, cpid, lpid, nattch, .. } = stat;
    let whose = format!("uid={}\tgid={}\tcuid={}\tcgid={}", perm.uid, perm.gid, perm.cuid, perm.cgid);
    let size = match unit {
        Unit::Human => format!("size={}", unit.of(segsz)),
        _ => format!("bytes={segsz}"),
    };
    Ok(format!(
        "Shared memory Segment shmid={id}\n{whose}\nmode={:04o}\taccess_perms={:04o}\n\
         {size}\tlpid={lpid}\tcpid={cpid}\tnattch={nattch}\n\
         att_time={:<26}\ndet_time={:<26}\nchange_time={:<26}\n",
        perm.mode,
        perm.mode & 0o777,
        attached(&stat),
        detached(&stat),
        time(ctime, true)
    ))
}
