//! Processes that work together. Whoever made them waits for all of them, and if one ends before its work is done, ends the
//! others, which might wait for it for ever.

use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, Pid, Signal, WaitStatus};

use crate::Sys;
use crate::libc::{complain, describe, perror, reap};
use crate::sys::Forked;

/// The children that take part, by name.
pub(super) struct Participants {
    sys: Sys,
    program: &'static str,
    present: Vec<(Pid, String)>,
}

impl Participants {
    /// Nobody yet; messages are in the name of `program`.
    pub(super) fn new(sys: Sys, program: &'static str) -> Participants {
        Participants { sys, program, present: Vec::new() }
    }

    /// Forks one who does this work, and exits with 0 if it could.
    ///
    /// # Errors
    /// Those of `fork(2)`; then the others have been ended.
    pub(super) async fn add(
        &mut self,
        name: impl Into<String>,
        work: impl AsyncFnOnce(Sys) -> Result<(), Errno>,
    ) -> Result<(), Errno> {
        let (sys, name) = (self.sys, name.into());
        match sys.fork().await {
            Ok(Forked::Parent(child)) => {
                self.present.push((child, name));
                Ok(())
            }
            Ok(Forked::Child) => {
                let result = work(sys).await;
                if let Err(errno) = result {
                    perror(sys, self.program, name, errno).await;
                }
                match sys.exit(result.is_err().into()).await {}
            }
            Err(errno) => {
                self.dismiss().await;
                while !self.present.is_empty() && self.wait().await.is_ok() {}
                Err(errno)
            }
        }
    }

    /// Waits until all have ended; whether all of them have done their work. The first who hasn't is named.
    ///
    /// # Errors
    /// Those of `wait4(2)`.
    pub(super) async fn finish(&mut self) -> Result<bool, Errno> {
        let mut all_done = true;
        while !self.present.is_empty() {
            if let Some((name, status)) = self.wait().await?
                && status != WaitStatus::Exited(0)
                && all_done
            {
                all_done = false;
                complain(self.sys, self.program, format_args!("{name} {}", describe(status))).await;
                self.dismiss().await;
            }
        }
        Ok(all_done)
    }

    /// Waits for the next one who ends; `None` if it is somebody else.
    async fn wait(&mut self) -> Result<Option<(String, WaitStatus)>, Errno> {
        let (pid, status) = reap(self.sys, Pid(-1)).await?;
        let index = self.present.iter().position(|(present, _)| *present == pid);
        Ok(index.map(|index| (self.present.remove(index).1, status)))
    }

    async fn dismiss(&self) {
        for (pid, _) in &self.present {
            let _ = self.sys.kill(*pid, Some(Signal::SIGKILL)).await;
        }
    }
}
