//! User and group ids: real, effective and saved (`credentials(7)`, `setresuid(2)`). User 0 is privileged.

use abi::{Errno, Out};

use crate::dispatch::{Cx, Flow, Outcome};
use crate::host::Host;
use crate::kernel::Kernel;
use crate::process::Process;

/// The ids of a process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Credentials {
    /// Who started it.
    pub real_uid: u32,
    /// By which its rights are judged.
    pub effective_uid: u32,
    /// To which it may go back.
    pub saved_uid: u32,
    /// The group of who started it.
    pub real_gid: u32,
    /// The group by which its rights are judged.
    pub effective_gid: u32,
    /// The group to which it may go back.
    pub saved_gid: u32,
}

/// "Leave it as it is", as an id.
const UNCHANGED: u32 = u32::MAX;

impl Credentials {
    /// Those of user 0.
    pub const ROOT: Credentials =
        Credentials { real_uid: 0, effective_uid: 0, saved_uid: 0, real_gid: 0, effective_gid: 0, saved_gid: 0 };

    /// Whether the process may do what only user 0 may.
    pub const fn is_privileged(&self) -> bool {
        self.effective_uid == 0
    }

    /// A program is executed: the saved ids become the effective ones (`execve(2)`).
    pub(crate) fn save_effective(&mut self) {
        self.saved_uid = self.effective_uid;
        self.saved_gid = self.effective_gid;
    }

    fn owns_uid(&self, uid: u32) -> bool {
        [self.real_uid, self.effective_uid, self.saved_uid].contains(&uid)
    }

    fn owns_gid(&self, gid: u32) -> bool {
        [self.real_gid, self.effective_gid, self.saved_gid].contains(&gid)
    }

    fn may_become(&self, uid: u32) -> bool {
        uid == UNCHANGED || self.is_privileged() || self.owns_uid(uid)
    }

    fn may_join(&self, gid: u32) -> bool {
        gid == UNCHANGED || self.is_privileged() || self.owns_gid(gid)
    }
}

fn set(id: &mut u32, new: u32) {
    if new != UNCHANGED {
        *id = new;
    }
}

impl Kernel {
    fn credentials<H>(&mut self, cx: &Cx<'_, H>) -> &mut Credentials {
        let process: &mut Process = self.processes.at_mut(cx.process);
        &mut process.credentials
    }

    pub(crate) fn sys_getuid<H>(&mut self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.credentials(cx).real_uid.into()))
    }

    pub(crate) fn sys_geteuid<H>(&mut self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.credentials(cx).effective_uid.into()))
    }

    pub(crate) fn sys_getgid<H>(&mut self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.credentials(cx).real_gid.into()))
    }

    pub(crate) fn sys_getegid<H>(&mut self, cx: &Cx<'_, H>) -> Outcome {
        Ok(Flow::Done(self.credentials(cx).effective_gid.into()))
    }

    /// A privileged process changes all three, another one only the effective id.
    pub(crate) fn sys_setuid<H>(&mut self, cx: &Cx<'_, H>, uid: u32) -> Outcome {
        let ids = self.credentials(cx);
        if uid == UNCHANGED {
            return Err(Errno::EINVAL);
        }
        if ids.is_privileged() {
            (ids.real_uid, ids.effective_uid, ids.saved_uid) = (uid, uid, uid);
        } else if uid == ids.real_uid || uid == ids.saved_uid {
            ids.effective_uid = uid;
        } else {
            return Err(Errno::EPERM);
        }
        Ok(Flow::Done(0))
    }

    /// As `setuid`, for the group.
    pub(crate) fn sys_setgid<H>(&mut self, cx: &Cx<'_, H>, gid: u32) -> Outcome {
        let ids = self.credentials(cx);
        if gid == UNCHANGED {
            return Err(Errno::EINVAL);
        }
        if ids.is_privileged() {
            (ids.real_gid, ids.effective_gid, ids.saved_gid) = (gid, gid, gid);
        } else if gid == ids.real_gid || gid == ids.saved_gid {
            ids.effective_gid = gid;
        } else {
            return Err(Errno::EPERM);
        }
        Ok(Flow::Done(0))
    }

    /// The saved id follows the effective one if the real id is set, or if the effective one becomes another than the real.
    pub(crate) fn sys_setreuid<H>(&mut self, cx: &Cx<'_, H>, real: u32, effective: u32) -> Outcome {
        let ids = self.credentials(cx);
        let real_allowed =
            real == UNCHANGED || ids.is_privileged() || real == ids.real_uid || real == ids.effective_uid;
        if !real_allowed || !ids.may_become(effective) {
            return Err(Errno::EPERM);
        }
        let old_real = ids.real_uid;
        set(&mut ids.real_uid, real);
        set(&mut ids.effective_uid, effective);
        if real != UNCHANGED || (effective != UNCHANGED && effective != old_real) {
            ids.saved_uid = ids.effective_uid;
        }
        Ok(Flow::Done(0))
    }

    /// As `setreuid`, for the group.
    pub(crate) fn sys_setregid<H>(&mut self, cx: &Cx<'_, H>, real: u32, effective: u32) -> Outcome {
        let ids = self.credentials(cx);
        let real_allowed =
            real == UNCHANGED || ids.is_privileged() || real == ids.real_gid || real == ids.effective_gid;
        if !real_allowed || !ids.may_join(effective) {
            return Err(Errno::EPERM);
        }
        let old_real = ids.real_gid;
        set(&mut ids.real_gid, real);
        set(&mut ids.effective_gid, effective);
        if real != UNCHANGED || (effective != UNCHANGED && effective != old_real) {
            ids.saved_gid = ids.effective_gid;
        }
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_setresuid<H>(&mut self, cx: &Cx<'_, H>, real: u32, effective: u32, saved: u32) -> Outcome {
        let ids = self.credentials(cx);
        if ![real, effective, saved].iter().all(|uid| ids.may_become(*uid)) {
            return Err(Errno::EPERM);
        }
        set(&mut ids.real_uid, real);
        set(&mut ids.effective_uid, effective);
        set(&mut ids.saved_uid, saved);
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_setresgid<H>(&mut self, cx: &Cx<'_, H>, real: u32, effective: u32, saved: u32) -> Outcome {
        let ids = self.credentials(cx);
        if ![real, effective, saved].iter().all(|gid| ids.may_join(*gid)) {
            return Err(Errno::EPERM);
        }
        set(&mut ids.real_gid, real);
        set(&mut ids.effective_gid, effective);
        set(&mut ids.saved_gid, saved);
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_getresuid<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        real: Out<u32>,
        effective: Out<u32>,
        saved: Out<u32>,
    ) -> Outcome {
        let ids = *self.credentials(cx);
        self.put(cx.host, cx.process, real.address, &ids.real_uid)?;
        self.put(cx.host, cx.process, effective.address, &ids.effective_uid)?;
        self.put(cx.host, cx.process, saved.address, &ids.saved_uid)?;
        Ok(Flow::Done(0))
    }

    pub(crate) fn sys_getresgid<H: Host>(
        &mut self,
        cx: &mut Cx<'_, H>,
        real: Out<u32>,
        effective: Out<u32>,
        saved: Out<u32>,
    ) -> Outcome {
        let ids = *self.credentials(cx);
        self.put(cx.host, cx.process, real.address, &ids.real_gid)?;
        self.put(cx.host, cx.process, effective.address, &ids.effective_gid)?;
        self.put(cx.host, cx.process, saved.address, &ids.saved_gid)?;
        Ok(Flow::Done(0))
    }
}
