//! How jobs are shown: `[1]+  Stopped                 yes | wc`, in the columns of bash.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use abi::WaitStatus;

use super::job::{Job, Jobs, State};

/// How much of a job is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Detail {
    /// Its number, state and command.
    Short,
    /// Its process ids too (`-l`).
    Long,
    /// The id of its first process only (`-p`).
    Pid,
}

/// The line of a job, or its lines, with `+` behind the current one's number and `-` behind the previous one's.
pub(super) fn lines(jobs: &Jobs, job: &Job, detail: Detail) -> Vec<u8> {
    let leader = job.members.first().map_or(0, |member| member.pid);
    let state = state_text(job.state());
    let ampersand = if job.state() == State::Running && job.background { " &" } else { "" };
    let head = format!("[{}]{}", job.number, rank(jobs, job));
    let mut text = match detail {
        Detail::Pid => return format!("{leader}\n").into(),
        Detail::Short => format!("{head}  {state:<24}").into_bytes(),
        Detail::Long => format!("{head} {leader} {state:<24}").into_bytes(),
    };
    for (index, member) in job.members.iter().enumerate() {
        if index > 0 {
            let separator = match detail {
                Detail::Long => format!("\n     {} {:>24}", member.pid, "| "),
                _ => " | ".into(),
            };
            text.extend_from_slice(separator.as_bytes());
        }
        text.extend_from_slice(&member.text);
    }
    text.extend_from_slice(ampersand.as_bytes());
    text.push(b'\n');
    text
}

/// `+` for the current job, `-` for the previous one.
pub(super) fn rank(jobs: &Jobs, job: &Job) -> char {
    let (current, previous) = jobs.current_and_previous();
    match Some(job.number) {
        number if number == current => '+',
        number if number == previous => '-',
        _ => ' ',
    }
}

fn state_text(state: State) -> String {
    match state {
        State::Running => "Running".into(),
        State::Stopped(signal) => signal.text().into(),
        State::Ended(WaitStatus::Exited(0)) => "Done".into(),
        State::Ended(WaitStatus::Exited(code)) => format!("Exit {code}"),
        State::Ended(WaitStatus::Signaled { signal, core }) => {
            signal.text().to_string() + if core { " (core dumped)" } else { "" }
        }
        State::Ended(_) => "Done".into(),
    }
}

#[cfg(test)]
mod tests {
    use abi::{Pid, Signal};

    use super::super::job::Member;
    use super::*;

    fn shown(jobs: &Jobs, detail: Detail) -> String {
        let all: Vec<u8> = jobs.list.iter().flat_map(|job| lines(jobs, job, detail)).collect();
        String::from_utf8(all).unwrap()
    }

    #[test]
    fn jobs_look_as_in_bash() {
        let mut jobs = Jobs::default();
        let member = |pid, text: &str| Member { pid, state: State::Running, text: text.into() };
        jobs.add(Some(Pid(70)), [member(70, "sleep 9")].into(), true);
        jobs.add(Some(Pid(71)), [member(71, "yes"), member(72, "wc")].into(), true);
        jobs.add(None, [member(73, "false")].into(), true);
        jobs.changed(71, WaitStatus::Stopped(Signal::SIGTSTP));
        jobs.changed(72, WaitStatus::Stopped(Signal::SIGTSTP));
        jobs.changed(73, WaitStatus::Exited(1));
        assert_eq!(
            shown(&jobs, Detail::Short),
            "[1]   Running                 sleep 9 &\n\
             [2]+  Stopped                 yes | wc\n\
             [3]-  Exit 1                  false\n"
        );
        assert_eq!(
            shown(&jobs, Detail::Long),
            "[1]  70 Running                 sleep 9 &\n\
             [2]+ 71 Stopped                 yes\n     72                       | wc\n\
             [3]- 73 Exit 1                  false\n"
        );
        assert_eq!(shown(&jobs, Detail::Pid), "70\n71\n73\n");
    }
}
