//! Moves as text, one a line, and back.
//!
//! ```text
//! c = b clone 17 0 0 0 0          a call; its child is c
//! b kill $c 9                     the process id of c; -$c is its group
//! b openat -100 "p" 0x42 0o644    a string in memory
//! b semop 0 h[0 -1 0] 1           numbers in memory: of two bytes (h), four (i) or eight ([...])
//! b read 3 &0 100                 an address in a room for results
//! b chdir x*300                   a string of 300 x; 40*x*4000 is an array of 40 such strings
//! b store 0x50000000              load, store, misaligned, jump; illegal, divide, abort; leave (a handler), run
//! b unknown 999                   a call that isn't in the table
//! signal b 15                     from outside; and: idle MICROSECONDS, input "TEXT", input x*100, input-end, resize 24 80
//! ```

use std::fmt::{self, Write};

use abi::Kind;

use crate::fuzz::coverage::Row;
use crate::fuzz::raw::moves::{Move, Name, Value, What};

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.who;
        if let Some(child) = self.child {
            write!(f, "{child} = ")?;
        }
        match self.what {
            What::Call { row, arguments } => {
                let info = row.info();
                write!(f, "{who} {}", info.name)?;
                for (argument, value) in info.arguments.iter().zip(arguments) {
                    f.write_char(' ')?;
                    self.show(value, argument.kind, f)?;
                }
                Ok(())
            }
            What::Unknown(number) => write!(f, "{who} unknown {number}"),
            What::Load(address) => write!(f, "{who} load {address:#x}"),
            What::Store(address) => write!(f, "{who} store {address:#x}"),
            What::Misaligned(address) => write!(f, "{who} misaligned {address:#x}"),
            What::Jump(address) => write!(f, "{who} jump {address:#x}"),
            What::Illegal => write!(f, "{who} illegal"),
            What::Divide => write!(f, "{who} divide"),
            What::Abort => write!(f, "{who} abort"),
            What::Leave => write!(f, "{who} leave"),
            What::Run => write!(f, "{who} run"),
            What::Signal(number) => write!(f, "signal {who} {number}"),
            What::Idle(us) => write!(f, "idle {us}"),
            What::Input => {
                f.write_str("input ")?;
                show_text(&self.data, f)
            }
            What::LongInput(bytes) => write!(f, "input x*{bytes}"),
            What::InputEnd => f.write_str("input-end"),
            What::Resize(rows, columns) => write!(f, "resize {rows} {columns}"),
        }
    }
}

impl Move {
    fn show(&self, value: Value, kind: Kind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match value {
            Value::Number(number) => show_number(number, kind, f),
            Value::Pid { of, negative } => write!(f, "{}${of}", if negative { "-" } else { "" }),
            Value::Long(letters) => write!(f, "x*{letters}"),
            Value::Strings { count, letters } => write!(f, "{count}*x*{letters}"),
            Value::Room(offset) => write!(f, "&{offset}"),
            Value::Data { start, bytes, width: 1 } => show_text(self.bytes(start, bytes), f),
            Value::Data { start, bytes, width } => {
                f.write_str(if width == 2 {
                    "h["
                } else if width == 4 {
                    "i["
                } else {
                    "["
                })?;
                for (place, piece) in self.bytes(start, bytes).chunks(width.into()).enumerate() {
                    if place > 0 {
                        f.write_char(' ')?;
                    }
                    let number = piece.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
                    let shift = 64 - 8 * u32::from(width);
                    show_number(((number << shift) as i64 >> shift) as u64, Kind::Integer, f)?;
                }
                f.write_char(']')
            }
        }
    }
}

fn show_number(number: u64, kind: Kind, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let signed = number as i64;
    match kind {
        Kind::Address | Kind::Flags { .. } if number > 9 => write!(f, "{number:#x}"),
        _ if (-100_000..1_000_000).contains(&signed) => write!(f, "{signed}"),
        _ => write!(f, "{number:#x}"),
    }
}

fn show_text(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for byte in bytes {
        match byte {
            b'"' | b'\\' => write!(f, "\\{}", char::from(*byte))?,
            b'\n' => f.write_str("\\n")?,
            b' '..=b'~' => f.write_char(char::from(*byte))?,
            _ => write!(f, "\\x{byte:02x}")?,
        }
    }
    f.write_char('"')
}

/// Reads one line of a script. Strings get no end of their own: `"p\x00"` is a C string, and `"p"` too, because what lies
/// behind in memory is zero.
///
/// # Errors
/// It is no move; says why.
pub fn parse(line: &str) -> Result<Move, String> {
    let words = split(line)?;
    let mut words = &words[..];
    let mut child = None;
    if let [name, "=", rest @ ..] = words {
        child = Some(parse_name(name)?);
        words = rest;
    }
    let mut made = match words {
        ["idle", us] if us.starts_with('-') => return Err(format!("{us} is no time")),
        ["idle", us] => Move::new(Name::FIRST, What::Idle(parse_number(us)?)),
        ["input-end"] => Move::new(Name::FIRST, What::InputEnd),
        ["input", text] if text.starts_with("x*") => Move::new(Name::FIRST, What::LongInput(parse_small(&text[2..])?)),
        ["input", text] => {
            let mut made = Move::new(Name::FIRST, What::Input);
            let bytes = parse_text(text)?;
            made.add(&bytes, 1).ok_or("too many bytes for one line")?;
            made
        }
        ["resize", rows, columns] => Move::new(Name::FIRST, What::Resize(parse_small(rows)?, parse_small(columns)?)),
        ["signal", who, number] => {
            let number = parse_number(number)?;
            let number = u8::try_from(number).map_err(|_| format!("{number} is no signal"))?;
            Move::new(parse_name(who)?, What::Signal(number))
        }
        ["idle", ..] => return Err("it is: idle MICROSECONDS".into()),
        ["input", ..] => return Err("it is: input TEXT".into()),
        ["input-end", ..] => return Err("`input-end` has no arguments".into()),
        ["resize", ..] => return Err("it is: resize ROWS COLUMNS".into()),
        ["signal", ..] => return Err("it is: signal PROCESS NUMBER".into()),
        [who, what, arguments @ ..] => parse_action(parse_name(who)?, what, arguments)?,
        _ => return Err("a line is a process and what it does, or what comes from outside".into()),
    };
    made.child = child;
    Ok(made)
}

fn parse_action(who: Name, what: &str, arguments: &[&str]) -> Result<Move, String> {
    let simple = match (what, arguments) {
        ("unknown", [number]) => What::Unknown(parse_number(number)?),
        ("load", [address]) => What::Load(parse_number(address)?),
        ("store", [address]) => What::Store(parse_number(address)?),
        ("misaligned", [address]) => What::Misaligned(parse_number(address)?),
        ("jump", [address]) => What::Jump(parse_number(address)?),
        ("illegal", []) => What::Illegal,
        ("divide", []) => What::Divide,
        ("abort", []) => What::Abort,
        ("leave", []) => What::Leave,
        ("run", []) => What::Run,
        ("unknown" | "load" | "store" | "misaligned" | "jump", []) => {
            return Err(format!("`{what}` lacks its argument"));
        }
        ("unknown" | "load" | "store" | "misaligned" | "jump", _) => {
            return Err(format!("`{what}` has one argument, not {}", arguments.len()));
        }
        ("illegal" | "divide" | "abort" | "leave" | "run", _) => return Err(format!("`{what}` has no arguments")),
        _ => return parse_call(who, what, arguments),
    };
    Ok(Move::new(who, simple))
}

fn parse_call(who: Name, call: &str, arguments: &[&str]) -> Result<Move, String> {
    let row = Row::by_name(call).ok_or_else(|| format!("there is no system call `{call}`"))?;
    let most = row.info().arguments.len();
    if arguments.len() > most {
        return Err(format!("`{call}` has {most} arguments, not {}", arguments.len()));
    }
    let mut made = Move::new(who, What::Illegal);
    let mut values = [Value::Number(0); 6];
    for (value, text) in values.iter_mut().zip(arguments) {
        *value = parse_value(text, &mut made)?;
    }
    made.what = What::Call { row, arguments: values };
    Ok(made)
}

fn parse_value(text: &str, made: &mut Move) -> Result<Value, String> {
    if let Some(name) = text.strip_prefix('$') {
        return Ok(Value::Pid { of: parse_name(name)?, negative: false });
    }
    if let Some(name) = text.strip_prefix("-$") {
        return Ok(Value::Pid { of: parse_name(name)?, negative: true });
    }
    if let Some(offset) = text.strip_prefix('&') {
        return Ok(Value::Room(parse_small(offset)?));
    }
    if let Some(letters) = text.strip_prefix("x*") {
        return Ok(Value::Long(parse_small(letters)?));
    }
    if text.contains('*')
        && let Some((count, letters)) = text.split_once("*x*")
    {
        return Ok(Value::Strings { count: parse_small(count)?, letters: parse_small(letters)? });
    }
    let many = || "too many bytes for one line".to_string();
    if text.starts_with('"') {
        return made.add(&parse_text(text)?, 1).ok_or_else(many);
    }
    if let Some(inner) = text.strip_suffix(']') {
        let (width, inner) = match inner.as_bytes() {
            [b'[', ..] => (8, &inner[1..]),
            [b'i', b'[', ..] => (4, &inner[2..]),
            [b'h', b'[', ..] => (2, &inner[2..]),
            _ => return Err(format!("`{text}` isn't an argument")),
        };
        let mut bytes = Vec::new();
        for number in inner.split_whitespace() {
            bytes.extend_from_slice(&parse_number(number)?.to_le_bytes()[..width]);
        }
        return made.add(&bytes, width as u8).ok_or_else(many);
    }
    parse_number(text).map(Value::Number)
}

fn parse_name(text: &str) -> Result<Name, String> {
    Name::parse(text).ok_or_else(|| format!("`{text}` is no process: they are called a, b, c ..."))
}

fn parse_small(text: &str) -> Result<u16, String> {
    let number = parse_number(text)?;
    // What a room or a string needs at most.
    u16::try_from(number).ok().filter(|number| *number <= 12_000).ok_or_else(|| format!("{number} is too large"))
}

fn parse_number(text: &str) -> Result<u64, String> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let number = match (digits.strip_prefix("0x"), digits.strip_prefix("0o")) {
        (Some(digits), _) => u64::from_str_radix(digits, 16),
        (_, Some(digits)) => u64::from_str_radix(digits, 8),
        _ => digits.parse(),
    };
    let number = number.map_err(|_| format!("`{text}` isn't a number"))?;
    Ok(if negative { number.wrapping_neg() } else { number })
}

/// The bytes of a quoted text.
fn parse_text(text: &str) -> Result<Vec<u8>, String> {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).ok_or("a text is in quotes")?;
    let (mut bytes, mut rest) = (Vec::new(), inner.bytes());
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'n') => bytes.push(b'\n'),
            Some(b'x') => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.map_or('?', char::from));
                let value = u8::from_str_radix(&digits.iter().collect::<String>(), 16);
                bytes.push(value.map_err(|_| "\\x wants two hexadecimal digits")?);
            }
            Some(escaped @ (b'"' | b'\\')) => bytes.push(escaped),
            _ => return Err("a backslash stands before n, x, a quote or a backslash".into()),
        }
    }
    Ok(bytes)
}

/// Words between spaces; quotes and brackets hold one together.
fn split(line: &str) -> Result<Vec<&str>, String> {
    // As many as most lines have.
    let mut words = Vec::with_capacity(10);
    let (mut start, mut quoted, mut escaped, mut nested) = (None, false, false, false);
    for (place, letter) in line.char_indices() {
        let inside = quoted || nested;
        if letter.is_whitespace() && !inside {
            if let Some(start) = start.take() {
                words.push(&line[start..place]);
            }
            continue;
        }
        start = start.or(Some(place));
        match letter {
            '"' if !escaped && !nested => quoted = !quoted,
            '[' if !quoted => nested = true,
            ']' if !quoted => nested = false,
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
    }
    if quoted || nested {
        return Err("a quote or a bracket isn't closed".into());
    }
    words.extend(start.map(|start| &line[start..]));
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_printing_and_parsing() {
        for line in [
            "c = b clone 0x11 0 0 0 0",
            "b kill $c 9",
            "b kill -$aa 9",
            r#"b openat -100 "p\x00 \"q\\" 0x42 420"#,
            "b semop 0 h[0 -1 4096] 1",
            "b rt_sigaction 10 [0x40000000 4 -1 0] &4092 8",
            "b timer_create 0 i[7 -3] 0",
            "b chdir x*300",
            "b execve \"program\" 40*x*4000 0",
            "b brk 0x50000000",
            "b unknown 99999",
            "b store 0x50000000",
            "b leave",
            "signal b 15",
            "idle 1000",
            "input \"abc\\n\"",
            "input x*5000",
            "input-end",
            "resize 24 80",
        ] {
            assert_eq!(parse(line).unwrap().to_string(), line);
        }
    }

    #[test]
    fn what_is_no_move_is_refused_with_a_reason() {
        for (line, reason) in [
            ("b frobnicate", "there is no system call `frobnicate`"),
            ("B getpid", "`B` is no process: they are called a, b, c ..."),
            ("b getpid 1", "`getpid` has 0 arguments, not 1"),
            ("b close x", "`x` isn't a number"),
            ("b chdir \"p", "a quote or a bracket isn't closed"),
            ("b", "a line is a process and what it does, or what comes from outside"),
            ("signal b 300", "300 is no signal"),
            ("signal b", "it is: signal PROCESS NUMBER"),
            ("idle", "it is: idle MICROSECONDS"),
            ("idle -5", "-5 is no time"),
            ("b load", "`load` lacks its argument"),
            ("b unknown 1 2", "`unknown` has one argument, not 2"),
            ("b run 1", "`run` has no arguments"),
            ("b chdir x*60000", "60000 is too large"),
        ] {
            assert_eq!(parse(line).unwrap_err(), reason, "{line}");
        }
    }
}
