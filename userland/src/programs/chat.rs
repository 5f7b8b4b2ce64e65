//! `chat`: two processes talk through two message queues, one in each direction.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use abi::{Errno, MqAttr, OpenFlags};

use super::participants::Participants;
use crate::libc::{Manual, Opt, PLAIN, Reader, STDIN, complain, counted, display_name, perror};
use crate::sys::Mqd;
use crate::{Args, Sys, println};

static MANUAL: Manual = Manual {
    name: "chat",
    usage: "[LINE]...\n-i",
    about: "Let two processes, Alice and Bob, talk through two POSIX message queues, one in each\n\
            direction. Alice says the LINEs, or some of her own; Bob answers each.\n\
            \n\
            A queue keeps messages apart, which a pipe doesn't: each receive gives one line, whole.\n\
            Alice's last message is empty, and says that she leaves; so she leaves out empty LINEs. A\n\
            message has at most 128 bytes: a longer LINE she leaves out too, says so, and goes on.",
    options: &[Opt::flag("i", "input", "Alice says the lines of standard input")],
    misuse: 2,
    ..PLAIN
};

/// What Alice says when she is told nothing, and what Bob answers.
const SCRIPT: [(&str, &str); 3] = [
    ("Hello, Bob.", "Hello, Alice. I am your brother, one fork later."),
    ("Can you see my variables?", "Only a copy of them, as they were at the fork. Write to me instead."),
    ("I did. Then I slept until you answered.", "And I slept until you wrote."),
];

/// What a queue holds: one line at a time, of so many bytes.
const SHAPE: MqAttr = MqAttr { flags: 0, maxmsg: 1, msgsize: MOST_BYTES as i64, curmsgs: 0, rest: [0; 4] };

/// The longest line.
const MOST_BYTES: usize = 128;

pub(super) async fn main(sys: Sys, args: Args) -> i32 {
    let given = match MANUAL.parse(sys, args.rest()).await {
        Ok(given) => given,
        Err(status) => return status,
    };
    let words = match (given.has("input"), &given.operands[..]) {
        (true, []) => Words::Input(Reader::new(sys, STDIN)),
        (true, _) => return MANUAL.misuse(sys, "either LINEs or -i").await,
        (false, []) => Words::list(SCRIPT.iter().map(|(line, _)| line.as_bytes())),
        (false, lines) => Words::list(lines.iter().copied()),
    };
    match talk(sys, words).await {
        Ok(all_said) => (!all_said).into(),
        Err(errno) => {
            perror(sys, MANUAL.name, "cannot talk", errno).await;
            1
        }
    }
}

/// Where Alice's lines come from.
enum Words {
    List(alloc::vec::IntoIter<Vec<u8>>),
    Input(Reader),
}

impl Words {
    fn list<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Words {
        Words::List(lines.map(<[u8]>::to_vec).collect::<Vec<_>>().into_iter())
    }

    /// The next line; `None` if there are no more. An empty one would mean the end, so it is left out.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Errno> {
        loop {
            let line = match self {
                Words::List(lines) => lines.next(),
                Words::Input(reader) => {
                    let mut line = Vec::new();
                    reader.read_line(b'\n', &mut line).await?.then(|| line.strip_suffix(b"\n").unwrap_or(&line).into())
                }
            };
            if line.as_ref().is_none_or(|line| !line.is_empty()) {
                return Ok(line);
            }
        }
    }
}

/// Makes the queues and the two who talk; whether they have said everything.
async fn talk(sys: Sys, mut words: Words) -> Result<bool, Errno> {
    let to_bob = queue(sys, "bob").await?;
    let to_alice = queue(sys, "alice").await?;
    let mut both = Participants::new(sys, MANUAL.name);
    both.add("Alice", async |sys| alice(sys, &mut words, to_bob, to_alice).await).await?;
    both.add("Bob", async |sys| bob(sys, to_bob, to_alice).await).await?;
    both.finish().await
}

/// A new queue. Both processes inherit its descriptor, so it needs its name no longer than until it is open; and whatever
/// becomes of them, nothing is left.
async fn queue(sys: Sys, to: &str) -> Result<Mqd, Errno> {
    let name = format!("/chat.{}.{to}", sys.getpid().await.0);
    let flags = OpenFlags::O_CREAT | OpenFlags::O_EXCL | OpenFlags::O_RDWR;
    let queue = sys.mq_open(name.as_bytes(), flags, 0o600, Some(SHAPE)).await?;
    sys.mq_unlink(name.as_bytes()).await?;
    Ok(queue)
}

async fn alice(sys: Sys, words: &mut Words, to_bob: Mqd, to_alice: Mqd) -> Result<(), Errno> {
    while let Some(line) = words.next().await? {
        if line.len() > MOST_BYTES {
            let bytes = line.len();
            complain(sys, MANUAL.name, format_args!("a line of {bytes} bytes is left out: the most is {MOST_BYTES}"))
                .await;
            continue;
        }
        println!(sys, "Alice: {}", display_name(&line)).await;
        sys.mq_send(to_bob, &line, 0).await?;
        let (answer, _) = sys.mq_receive(to_alice, MOST_BYTES).await?;
        println!(sys, "  Bob: {}", display_name(&answer)).await;
    }
    sys.mq_send(to_bob, b"", 0).await
}

async fn bob(sys: Sys, to_bob: Mqd, to_alice: Mqd) -> Result<(), Errno> {
    loop {
        let (line, _) = sys.mq_receive(to_bob, MOST_BYTES).await?;
        if line.is_empty() {
            return Ok(());
        }
        sys.mq_send(to_alice, answer(&line).as_bytes(), 0).await?;
    }
}

/// What Bob says to a line.
fn answer(line: &[u8]) -> String {
    match SCRIPT.iter().find(|(heard, _)| heard.as_bytes() == line) {
        Some((_, answer)) => (*answer).into(),
        None => {
            format!("A message of {}, with {}.", counted(line.len() as u64, "byte"), counted(words_of(line), "word"))
        }
    }
}

fn words_of(line: &[u8]) -> u64 {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).count() as u64
}
