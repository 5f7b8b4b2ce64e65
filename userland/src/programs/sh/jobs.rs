//! The builtins of job control: `jobs`, `fg`, `bg`.

use alloc::vec::Vec;

use abi::{Pid, Signal};

use super::builtin::print;
use super::job_name::find;
use super::report::{Detail, lines, rank};
use super::run::Flow;
use super::state::Shell;
use crate::libc::display_name;

/// `jobs [-l|-p] [%JOB]...`: what has become of jobs. Those that have ended are forgotten then.
pub(super) async fn jobs(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let mut detail = Detail::Short;
    let mut names = arguments;
    while let Some((option, rest)) = names.split_first().filter(|(option, _)| option.starts_with(b"-")) {
        names = rest;
        match &option[..] {
            b"--" => break,
            b"-l" => detail = Detail::Long,
            b"-p" => detail = Detail::Pid,
            _ => {
                shell.complain(format_args!("jobs: illegal option {}", display_name(option))).await;
                return 2;
            }
        }
    }
    shell.look_after_jobs().await;
    let mut status = 0;
    let mut numbers: Vec<usize> = shell.jobs.list.iter().map(|job| job.number).collect();
    if !names.is_empty() {
        numbers.clear();
        for name in names {
            match find(&shell.jobs, name) {
                Ok(number) => numbers.push(number),
                Err(message) => {
                    shell.complain(format_args!("jobs: {message}")).await;
                    status = 1;
                }
            }
        }
    }
    let shown = numbers.iter().filter_map(|&number| shell.jobs.get(number));
    let text: Vec<u8> = shown.flat_map(|job| lines(&shell.jobs, job, detail)).collect();
    if detail != Detail::Pid {
        for number in numbers {
            shell.jobs.get_mut(number).into_iter().for_each(|job| job.news = false);
            if shell.jobs.get(number).is_some_and(|job| job.has_ended()) {
                shell.jobs.remove(number);
            }
        }
    }
    status.max(print(shell, &text).await)
}

/// `fg [%JOB]`: puts a job into the foreground, and lets it go on if it is stopped.
///
/// # Errors
/// `$?` if there is no such job.
pub(super) async fn fg(shell: &mut Shell, arguments: &[Vec<u8>]) -> Result<Flow, i32> {
    let number = controlled(shell, "fg", arguments.first()).await?;
    let text = shell.jobs.get(number).map(|job| job.text()).unwrap_or_default();
    print(shell, &[&text[..], b"\n"].concat()).await;
    if let Err(errno) = shell.give_terminal(number).await {
        shell.complain(format_args!("fg: {errno}")).await;
    }
    Ok(shell.wait_for_foreground(number).await)
}

/// `bg [%JOB]...`: lets stopped jobs go on in the background.
pub(super) async fn bg(shell: &mut Shell, arguments: &[Vec<u8>]) -> i32 {
    let mut status = 0;
    let names: Vec<Option<&Vec<u8>>> =
        if arguments.is_empty() { Vec::from([None]) } else { arguments.iter().map(Some).collect() };
    for name in names {
        if let Err(failed) = put_into_background(shell, name).await {
            status = failed;
        }
    }
    status
}

async fn put_into_background(shell: &mut Shell, name: Option<&Vec<u8>>) -> Result<(), i32> {
    let number = controlled(shell, "bg", name).await?;
    let Some(job) = shell.jobs.get(number) else { return Err(1) };
    if !job.is_stopped() {
        shell.complain(format_args!("bg: job {number} already in background")).await;
        return Ok(());
    }
    let mut text = alloc::format!("[{number}]{} ", rank(&shell.jobs, job)).into_bytes();
    text.extend(job.text());
    text.extend_from_slice(b" &\n");
    print(shell, &text).await;
    let Some(job) = shell.jobs.get_mut(number) else { return Err(1) };
    job.background = true;
    job.continued();
    if let Some(group) = job.group
        && let Err(errno) = shell.sys.kill(Pid(-group), Some(Signal::SIGCONT)).await
    {
        shell.complain(format_args!("bg: {errno}")).await;
        return Err(1);
    }
    Ok(())
}

/// The number of a job that can be moved between foreground and background; or `$?`, and why has been said.
async fn controlled(shell: &mut Shell, builtin: &str, name: Option<&Vec<u8>>) -> Result<usize, i32> {
    shell.look_after_jobs().await;
    let found = if shell.options.monitor {
        find(&shell.jobs, name.map_or(b"%+", |name| &name[..]))
    } else {
        Err("no job control".into())
    };
    let found = found.and_then(|number| match shell.jobs.get(number) {
        Some(job) if job.has_ended() => Err("job has terminated".into()),
        Some(job) if job.group.is_none() => Err(alloc::format!("job {number} started without job control")),
        _ => Ok(number),
    });
    match found {
        Ok(number) => Ok(number),
        Err(message) => {
            shell.complain(format_args!("{builtin}: {message}")).await;
            Err(1)
        }
    }
}
