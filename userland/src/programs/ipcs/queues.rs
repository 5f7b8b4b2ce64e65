//! What is shown of message queues.

use alloc::format;
use alloc::string::String;

use abi::{Errno, MsgCommand, MsqidDs};

use super::{Unit, View, creators, creators_heading, heading, identity, rows, time};
use crate::Sys;

pub(super) async fn list(sys: Sys, view: View, unit: Unit) -> Result<String, Errno> {
    if view == View::Limits {
        let limits = sys.msg_info(MsgCommand::IPC_INFO).await?.1;
        let text = format!(
            "max queues system wide = {}\n{}\n{}",
            limits.msgmni,
            unit.limit("max size of message", limits.msgmax as u64, ("bytes", 1)),
            unit.limit("default max size of queue", limits.msgmnb as u64, ("bytes", 1))
        );
        return Ok(heading("Messages Limits", &text));
    }
    let (highest, used) = sys.msg_info(MsgCommand::MSG_INFO).await?;
    let head = match view {
        View::Summary => {
            let text = format!(
                "allocated queues = {}\nused headers = {}\nused space = {}{}",
                used.msgpool,
                used.msgmap,
                unit.of(used.msgtql as u64),
                if unit == Unit::Human { "" } else { " bytes" }
            );
            return Ok(heading("Messages Status", &text));
        }
        View::Creators => creators_heading("Message Queues Creators/Owners", "msqid"),
        View::Processes => {
            heading("Message Queues PIDs", &format!("{:<10} {:<10} {:<10} {:<10}", "msqid", "owner", "lspid", "lrpid"))
        }
        View::Times => heading(
            "Message Queues Send/Recv/Change Times",
            &format!("{:<8} {:<10} {:<20} {:<20} {:<20}", "msqid", "owner", "send", "recv", "change"),
        ),
        View::Status | View::Limits => heading(
            "Message Queues",
            &format!(
                "{:<10} {:<10} {:<10} {:<10} {:<12} {:<12}",
                "key",
                "msqid",
                "owner",
                "perms",
                unit.heading("used-bytes"),
                "messages"
            ),
        ),
    };
    let rows = rows(highest, async |slot| sys.msg_stat_slot(slot).await, |id, stat| row(view, unit, id, stat)).await;
    Ok(head + &rows)
}

fn row(view: View, unit: Unit, id: i32, stat: &MsqidDs) -> String {
    let MsqidDs { perm, stime, rtime, ctime, cbytes, qnum, lspid, lrpid, .. } = stat;
    match view {
        View::Creators => creators(id, perm),
        View::Processes => format!("{id:<8} {:<10} {lspid:>6}    {lrpid:>6}\n", perm.uid),
        View::Times => {
            format!(
                "{id:<8} {:<10} {:<20} {:<20} {:<20}\n",
                perm.uid,
                time(*stime, *lspid != 0),
                time(*rtime, *lrpid != 0),
                time(*ctime, true)
            )
        }
        _ => format!("{} {} {qnum:<12}\n", identity(id, perm), unit.column(*cbytes, 12)),
    }
}

/// All that is known of one.
pub(super) async fn details(sys: Sys, id: i32, unit: Unit) -> Result<String, Errno> {
    let MsqidDs { perm, stime, rtime, ctime, cbytes, qnum, qbytes, lspid, lrpid, .. } = sys.msg_stat(id).await?;
    let whose =
        format!("uid={}\tgid={}\tcuid={}\tcgid={}\tmode={:04o}", perm.uid, perm.gid, perm.cuid, perm.cgid, perm.mode);
    let sizes = match unit {
        Unit::Human => format!("csize={}\tqsize={}", unit.of(cbytes), unit.of(qbytes)),
        _ => format!("cbytes={cbytes}\tqbytes={qbytes}"),
    };
    Ok(format!(
        "Message Queue msqid={id}\n{whose}\n{sizes}\tqnum={qnum}\tlspid={lspid}\tlrpid={lrpid}\n\
         send_time={:<26}\nrcv_time={:<26}\nchange_time={:<26}\n",
        time(stime, lspid != 0),
        time(rtime, lrpid != 0),
        time(ctime, true)
    ))
}
