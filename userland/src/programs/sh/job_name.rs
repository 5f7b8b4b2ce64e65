//! How a job is named: `%1`, `%+`, `%-`, `%string` (POSIX.1-2024, Base Definitions, 3.182, "Job ID").

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::job::{Job, Jobs};
use crate::libc::{display_name, parse_number};

/// The number of the job with this name, or why there is none.
///
/// # Errors
/// A message: no job has the name, or several have.
pub(super) fn find(jobs: &Jobs, name: &[u8]) -> Result<usize, String> {
    let (current, previous) = jobs.current_and_previous();
    let found = match name.strip_prefix(b"%").unwrap_or(name) {
        b"" | b"+" | b"%" => current.ok_or("current"),
        b"-" => previous.ok_or("previous"),
        text => return by_text(jobs, name, text),
    };
    found.map_err(|which| format!("{which}: no such job"))
}

fn by_text(jobs: &Jobs, name: &[u8], text: &[u8]) -> Result<usize, String> {
    if let Some(number) = parse_number(text) {
        let job = usize::try_from(number).ok().and_then(|number| jobs.get(number));
        return job.map(|job| job.number).ok_or_else(|| no_such_job(name));
    }
    let fits = |job: &&Job| match text.strip_prefix(b"?") {
        Some(part) => job.text().windows(part.len().max(1)).any(|window| window == part),
        None => job.text().starts_with(text),
    };
    match jobs.list.iter().filter(fits).map(|job| job.number).collect::<Vec<_>>()[..] {
        [number] => Ok(number),
        [] => Err(no_such_job(name)),
        _ => Err(format!("{}: ambiguous job spec", display_name(name))),
    }
}

fn no_such_job(name: &[u8]) -> String {
    format!("{}: no such job", display_name(name))
}

#[cfg(test)]
mod tests {
    use super::super::job::{Member, State};
    use super::*;

    #[test]
    fn jobs_by_number_rank_and_text() {
        let mut jobs = Jobs::default();
        assert_eq!(find(&jobs, b"%%"), Err("current: no such job".into()));
        for (pid, text) in [(5, "sleep 10"), (6, "yes"), (7, "sleep 20")] {
            jobs.add(None, Vec::from([Member { pid, state: State::Running, text: text.into() }]), true);
        }
        for (name, number) in [("%1", 1), ("%+", 3), ("%%", 3), ("%", 3), ("%-", 2), ("%ye", 2), ("%?20", 3)] {
            assert_eq!(find(&jobs, name.as_bytes()), Ok(number), "{name}");
        }
        assert_eq!(find(&jobs, b"%sleep"), Err("%sleep: ambiguous job spec".into()));
        assert_eq!(find(&jobs, b"%9"), Err("%9: no such job".into()));
        assert_eq!(find(&jobs, b"%no"), Err("%no: no such job".into()));
        assert_eq!(find(&jobs, b"%?"), Err("%?: no such job".into()));
    }
}
