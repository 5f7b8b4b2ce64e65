//! The processes of scripts live apart: in a name space of their own for process ids, so that no signal of a script can
//! reach any other process, and with a file system in memory for their FIFOs and shared memory objects.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The status that says that the host refuses what is needed, and nothing has been carried out.
const REFUSED: u8 = 77;

/// Runs `body` as PID 1 of a name space of its own, with an empty directory; its status. 77: the host refused that.
pub(crate) fn isolated(body: impl FnOnce(&Path) -> Result<ExitCode, String>) -> ExitCode {
    let directory = std::env::temp_dir().join(format!("vitrine-host-{}", std::process::id()));
    let made = fs::create_dir_all(&directory).map_err(|error| format!("{}: {error}", directory.display()));
    let status = made.and_then(|()| in_name_spaces(&directory, body));
    let _ = fs::remove_dir(&directory);
    status.unwrap_or_else(|message| {
        eprintln!("vitrine-host: {message}");
        ExitCode::from(REFUSED)
    })
}

fn refused(what: &str) -> String {
    let error = std::io::Error::last_os_error();
    format!("{what}: {error} (it takes the right to make name spaces, which root has)")
}

fn in_name_spaces(directory: &Path, body: impl FnOnce(&Path) -> Result<ExitCode, String>) -> Result<ExitCode, String> {
    // SAFETY: this process has one thread; name spaces have nothing to do with its memory.
    unsafe {
        if libc::unshare(libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::CLONE_NEWIPC) != 0 {
            return Err(refused("name spaces"));
        }
        match libc::fork() {
            -1 => Err(refused("fork")),
            0 => {
                libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
                let done = mount(directory).map_err(|message| (message, REFUSED));
                let code = match done.and_then(|()| body(directory).map_err(|message| (message, 1))) {
                    Ok(code) => u8::from(code != ExitCode::SUCCESS),
                    Err((message, code)) => {
                        eprintln!("vitrine-host: {message}");
                        code
                    }
                };
                libc::_exit(code.into())
            }
            child => {
                let mut status = 0;
                libc::waitpid(child, &raw mut status, 0);
                let code = if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { 1 };
                Ok(ExitCode::from(code as u8))
            }
        }
    }
}

/// Mounts a `/proc` of this name space, and an empty file system in memory on the directory. Nobody else sees either.
fn mount(directory: &Path) -> Result<(), String> {
    let path = CString::new(directory.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    let nothing = std::ptr::null();
    // SAFETY: all strings end with a zero byte, and null stands where none is needed.
    unsafe {
        if libc::mount(nothing, c"/".as_ptr(), nothing, libc::MS_REC | libc::MS_PRIVATE, nothing.cast()) != 0 {
            return Err(refused("a private view of the file systems"));
        }
        for (kind, place) in [(c"proc", c"/proc"), (c"tmpfs", path.as_c_str())] {
            if libc::mount(kind.as_ptr(), place.as_ptr(), kind.as_ptr(), 0, nothing.cast()) != 0 {
                return Err(refused(&place.to_string_lossy()));
            }
        }
    }
    Ok(())
}

/// A directory for one script, within that of [`isolated`].
pub(crate) fn empty_directory(within: &Path) -> Result<(PathBuf, CString), String> {
    let directory = within.join("script");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir(&directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let path = CString::new(directory.as_os_str().as_bytes()).map_err(|error| error.to_string())?;
    Ok((directory, path))
}
