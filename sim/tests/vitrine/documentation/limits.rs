//! `docs/limits.md`: its tables are those of `kernel/src/limits.rs`.

use kernel::limits::LIMITS;

use super::{compare, read, root, with_part};

/// The limits that can be set.
fn settable() -> String {
    let mut table =
        String::from("| limit | default | may be | what | when it is reached |\n| --- | --- | --- | --- | --- |\n");
    for limit in LIMITS {
        table += &format!(
            "| `{}` | `{}` | {} to {} | {} | {} |\n",
            limit.name,
            limit.default,
            limit.range.start(),
            limit.range.end(),
            limit.meaning,
            limit.when_full
        );
    }
    table
}

/// The other constants of the file, as the source has them.
fn fixed(source: &str) -> String {
    let mut table = String::from("| constant | value | what |\n| --- | --- | --- |\n");
    for (comment, line) in source.lines().zip(source.lines().skip(1)) {
        if let (Some(what), Some(constant)) = (comment.strip_prefix("/// "), line.strip_prefix("pub const "))
            && let Some((name, value)) = constant.split_once(": ")
            && let Some((_, value)) = value.split_once(" = ")
        {
            table += &format!("| `{name}` | `{}` | {what} |\n", value.trim_end_matches(';'));
        }
    }
    table
}

#[test]
fn limits_are_those_of_the_kernel() {
    let source = read(&root().join("kernel/src/limits.rs"));
    let page = read(&root().join("docs/limits.md"));
    compare("docs/limits.md", &with_part(&with_part(&page, "settable", &settable()), "fixed", &fixed(&source)));
}
