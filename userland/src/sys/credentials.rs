//! Who a process is: user and group ids, real, effective and saved (`credentials(7)`), and `umask(2)`.

use abi::*;

use super::Sys;
use crate::hart::{Filled, OutRegion};

/// In `setreuid`, `setresuid` and their likes: leave this id as it is.
pub const UNCHANGED: u32 = u32::MAX;

/// A real, an effective and a saved id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ids {
    /// Who started the process.
    pub real: u32,
    /// Whose rights it has.
    pub effective: u32,
    /// Whose rights it may take again.
    pub saved: u32,
}

/// Getters that cannot fail.
macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $variant:ident;)*) => {
        impl Sys {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(self) -> impl Future<Output = u32> {
                let line = self.caller();
                async move { self.call(move || Syscall::$variant {}, line).await.unwrap_or(0) as u32 }
            }
        )*}
    };
}
getters! {
    /// The real user id (`getuid(2)`).
    getuid: Getuid;
    /// The effective user id (`geteuid(2)`).
    geteuid: Geteuid;
    /// The real group id (`getgid(2)`).
    getgid: Getgid;
    /// The effective group id (`getegid(2)`).
    getegid: Getegid;
}

/// Setters: `EPERM` is what they share.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $variant:ident($($argument:ident),*);)*) => {
        impl Sys {$(
            $(#[$doc])*
            ///
            /// # Errors
            /// `EPERM`: without privilege, an id that is neither the real, the effective nor the saved one (for
            /// `setreuid` and `setregid` the details are in the manual). `EINVAL`: `UNCHANGED` as the only id.
            #[track_caller]
            pub fn $name(self, $($argument: u32),*) -> impl Future<Output = Result<(), Errno>> {
                let line = self.caller();
                async move { self.call(move || Syscall::$variant { $($argument),* }, line).await.map(drop) }
            }
        )*}
    };
}
setters! {
    /// Sets the effective user id; with privilege all three (`setuid(2)`).
    setuid: Setuid(uid);
    /// Sets the effective group id; with privilege all three (`setgid(2)`).
    setgid: Setgid(gid);
    /// Sets the real and the effective user id (`setreuid(2)`).
    setreuid: Setreuid(real, effective);
    /// Sets the real and the effective group id (`setregid(2)`).
    setregid: Setregid(real, effective);
    /// Sets all three user ids (`setresuid(2)`).
    setresuid: Setresuid(real, effective, saved);
    /// Sets all three group ids (`setresgid(2)`).
    setresgid: Setresgid(real, effective, saved);
}

impl Sys {
    /// Sets the effective user id alone (`seteuid(2)`): to the real or the saved one, or with privilege to any.
    ///
    /// # Errors
    /// `EPERM`: neither of them, without privilege. `EINVAL`: no valid id.
    #[track_caller]
    pub fn seteuid(self, uid: u32) -> impl Future<Output = Result<(), Errno>> {
        let sys = self.here();
        async move { if uid == UNCHANGED { Err(Errno::EINVAL) } else { sys.setresuid(UNCHANGED, uid, UNCHANGED).await } }
    }

    /// Sets the effective group id alone (`setegid(2)`), as [`Sys::seteuid`] does for users.
    ///
    /// # Errors
    /// As [`Sys::seteuid`].
    #[track_caller]
    pub fn setegid(self, gid: u32) -> impl Future<Output = Result<(), Errno>> {
        let sys = self.here();
        async move { if gid == UNCHANGED { Err(Errno::EINVAL) } else { sys.setresgid(UNCHANGED, gid, UNCHANGED).await } }
    }

    /// The three user ids (`getresuid(2)`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn getresuid(self) -> impl Future<Output = Result<Ids, Errno>> {
        self.three_ids(|real, effective, saved| Syscall::Getresuid { real, effective, saved })
    }

    /// The three group ids (`getresgid(2)`).
    ///
    /// # Errors
    /// None that a caller could cause.
    #[track_caller]
    pub fn getresgid(self) -> impl Future<Output = Result<Ids, Errno>> {
        self.three_ids(|real, effective, saved| Syscall::Getresgid { real, effective, saved })
    }

    /// Three ids side by side on the stack, read back as one region.
    #[track_caller]
    fn three_ids(self, call: fn(Out<u32>, Out<u32>, Out<u32>) -> Syscall) -> impl Future<Output = Result<Ids, Errno>> {
        let line = self.caller();
        async move {
            let address = self.hart.stage().room(3 * u32::SIZE);
            let out = OutRegion { address, length: 3 * u32::SIZE as u32, filled: Filled::OnSuccess };
            let at = |index: usize| Out::at(address + (index * u32::SIZE) as u64);
            self.staged(move || call(at(0), at(1), at(2)), [Some(out), None], line).await?;
            let [real, effective, saved] = self.result_at::<[u32; 3]>(0);
            Ok(Ids { real, effective, saved })
        }
    }

    /// Sets which permissions new files don't get, and returns the former mask (`umask(2)`).
    #[track_caller]
    pub fn umask(self, mask: u32) -> impl Future<Output = u32> {
        let line = self.caller();
        async move { self.call(move || Syscall::Umask { mask }, line).await.unwrap_or(0) as u32 }
    }
}
