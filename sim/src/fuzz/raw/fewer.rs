//! Scripts with fewer processes, for shrinking: one does what another did, PID 1 makes the child that another made, and names are
//! in order.

use std::collections::BTreeMap;

use crate::fuzz::raw::moves::{Move, Name};
use crate::fuzz::raw::script::Born;
use crate::fuzz::raw::text;

/// The script without moves of processes that no line makes, and with 0 for their ids: it does the same.
pub(super) fn repaired(lines: Vec<String>) -> Vec<String> {
    let mut born = Born::default();
    let repair = |line: String| match text::parse(&line) {
        Ok(made) => born.without_strangers(made).map(|made| made.to_string()),
        Err(_) => Some(line),
    };
    lines.into_iter().filter_map(repair).collect()
}

/// Scripts to try in the place of this one. For each process: who made it does what it did, or another does who was made before;
/// then, PID 1 makes it.
pub(super) fn simpler_scripts(lines: &[String]) -> Vec<Vec<String>> {
    let read: Vec<Option<Move>> = lines.iter().map(|line| text::parse(line).ok()).collect();
    let births = |read: &[Option<Move>]| -> Vec<(usize, Name, Name)> {
        let birth = |(at, made): (usize, &Option<Move>)| {
            let made = made.as_ref()?;
            Some((at, made.who, made.child?))
        };
        read.iter().enumerate().filter_map(birth).collect()
    };
    let births = births(&read);
    let mut simpler = Vec::new();
    for (number, (at, parent, child)) in births.iter().enumerate() {
        let before = births[..number].iter().map(|(_, _, other)| *other).filter(|other| other != parent);
        for other in [*parent].into_iter().chain(before) {
            let mut script = renamed(lines, |name| if name == *child { other } else { name });
            script.remove(*at);
            simpler.push(script);
        }
    }
    for (at, parent, _) in births {
        if let Some(made) = read[at].clone().filter(|_| parent != Name::FIRST) {
            let mut script = lines.to_vec();
            script[at] = Move { who: Name::FIRST, ..made }.to_string();
            simpler.push(script);
        }
    }
    simpler
}

/// The same script, with its processes called `b`, `c`, `d` ... by their lines.
pub(super) fn in_order(lines: &[String]) -> Vec<String> {
    let children = lines.iter().filter_map(|line| text::parse(line).ok()?.child);
    let names: BTreeMap<Name, Name> = children.zip((1..).map(Name)).collect();
    renamed(lines, |name| names.get(&name).copied().unwrap_or(name))
}

fn renamed(lines: &[String], new: impl Fn(Name) -> Name) -> Vec<String> {
    let rename = |line: &String| match text::parse(line) {
        Ok(mut made) => {
            made.for_each_name(|name| *name = new(*name));
            made.child = made.child.map(&new);
            made.to_string()
        }
        Err(_) => line.clone(),
    };
    lines.iter().map(rename).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(script: &str) -> Vec<String> {
        script.lines().map(String::from).collect()
    }

    #[test]
    fn who_was_never_made_is_not_named() {
        let script =
            "terminal\nc = b clone 17\nb = a clone 0x11 0 0 0 0\nb kill $c 9\nsignal c 9\nb kill -$b 9\nidle 5";
        let right = "terminal\nb = a clone 0x11 0 0 0 0\nb kill 0 9\nb kill -$b 9\nidle 5";
        assert_eq!(repaired(lines(script)), lines(right));
        assert_eq!(repaired(lines(right)), lines(right));
    }

    #[test]
    fn one_does_what_another_did_or_pid_1_makes_its_child() {
        let script = "x = a clone 0x11 0 0 0 0\nz = x clone 0x11 0 0 0 0\nx kill $z 9\nz kill -$x 9";
        let simpler: Vec<String> = simpler_scripts(&lines(script)).iter().map(|script| script.join("\n")).collect();
        let right = [
            "z = a clone 0x11 0 0 0 0\na kill $z 9\nz kill -$a 9",
            "x = a clone 0x11 0 0 0 0\nx kill $x 9\nx kill -$x 9",
            "x = a clone 0x11 0 0 0 0\nz = a clone 0x11 0 0 0 0\nx kill $z 9\nz kill -$x 9",
        ];
        assert_eq!(simpler, right);
        let ordered = "b = a clone 0x11 0 0 0 0\nc = b clone 0x11 0 0 0 0\nb kill $c 9\nc kill -$b 9";
        assert_eq!(in_order(&lines(script)), lines(ordered));
    }
}
