//! POSIX message queues: mq_overview(7), mq_open(3), mq_send(3), mq_receive(3), mq_getattr(3), mq_unlink(3).
//!
//! A message has a priority; the oldest of the highest is received first. Senders wait for room, receivers for a message, each
//! first come, first served. On Linux a queue's descriptor is a file descriptor.

use std::collections::BTreeMap;

use serde_json::json;

use super::exchange::{Begun, Exchange};
use super::opened::{Description, Opened};
use super::record::{Answer, Name, Step, pattern, shown};
use super::waiting::{Domain, Stage, Tried, Waiters};

/// mq_overview(7), "msg_max": the most messages that a queue may be made for.
const MOST_MESSAGES: i64 = 10;
/// mq_overview(7), "msgsize_max", in bytes.
const LONGEST_BYTES: i64 = 8192;
/// mq_send(3): "the priority is from 0 to sysconf(_SC_MQ_PRIO_MAX) - 1".
const PRIORITIES: i64 = 32_768;

#[derive(Clone)]
struct Queue {
    messages: Vec<(i64, Vec<u8>)>,
    most: i64,
    longest_bytes: i64,
}

#[derive(Clone)]
pub(super) enum Call {
    Send { description: usize, priority: i64, bytes: Vec<u8> },
    Receive { description: usize },
}

#[derive(Clone, Default)]
pub(super) struct Queues {
    queues: Vec<Queue>,
    opened: Opened<usize>,
}

impl Domain for Queues {
    type Call = Call;

    fn attempt(&mut self, _: Name, call: &mut Call, stage: Stage) -> Tried {
        let (Call::Send { description, .. } | Call::Receive { description }) = call;
        let Some(Description { object, nonblocking, .. }) = self.opened.described(*description).cloned() else {
            return Tried::Done(Answer::error("EBADF"));
        };
        let queue = &mut self.queues[object];
        match call {
            Call::Send { .. } if queue.messages.len() as i64 >= queue.most => {}
            Call::Send { priority, bytes, .. } => {
                // "Messages are placed on the queue in decreasing order of priority, newer ones after older ones."
                let place = queue.messages.iter().position(|(other, _)| other < priority);
                queue.messages.insert(place.unwrap_or(queue.messages.len()), (*priority, bytes.clone()));
                return Tried::Done(Answer::value(0));
            }
            Call::Receive { .. } if queue.messages.is_empty() => {}
            Call::Receive { .. } => {
                let (priority, bytes) = queue.messages.remove(0);
                return Tried::Done(Answer::value(bytes.len()).with("prio", priority).with("d", shown(&bytes)));
            }
        }
        // Whoever waits when the flag is set goes on waiting, but a call that is made again after a handler sees it.
        if nonblocking && stage != Stage::Asleep { Tried::Done(Answer::error("EAGAIN")) } else { Tried::Waits }
    }

    fn queue(&self, call: &Call) -> (usize, u8) {
        let (Call::Send { description, .. } | Call::Receive { description }) = call;
        let object = self.opened.described(*description).map_or(usize::MAX, |description| description.object);
        (object, u8::from(matches!(call, Call::Send { .. })))
    }
}

/// The model.
#[derive(Default)]
pub struct MessageQueues {
    queues: Queues,
    names: BTreeMap<i64, usize>,
    waiters: Waiters<Queues>,
}

impl MessageQueues {
    /// mq_open(3). Which descriptor it is, is not this model's business.
    fn open(&mut self, step: &Step<'_>) -> Answer {
        let seen = step.answer().cloned().unwrap_or_default();
        let (name, most, longest_bytes) = (step.int(0), step.int(2), step.int(3));
        let number = match self.names.get(&name) {
            _ if seen.errno() == Some("EMFILE") => return seen,
            Some(_) if step.has(1, "CREAT") && step.has(1, "EXCL") => return Answer::error("EEXIST"),
            Some(number) => *number,
            None if !step.has(1, "CREAT") => return Answer::error("ENOENT"),
            // EINVAL: "O_CREAT was specified, and attr wasn't NULL, but mq_maxmsg or mq_msgsize was invalid."
            None if !(1..=MOST_MESSAGES).contains(&most) || !(1..=LONGEST_BYTES).contains(&longest_bytes) => {
                return Answer::error("EINVAL");
            }
            None if seen.errno() == Some("ENOSPC") && self.names.len() >= 4 => return seen,
            None => {
                self.queues.queues.push(Queue { messages: Vec::new(), most, longest_bytes });
                self.names.insert(name, self.queues.queues.len() - 1);
                self.queues.queues.len() - 1
            }
        };
        let Some(fd) = seen.number() else { return Answer::value("a descriptor") };
        let (reads, writes) = (!step.has(1, "WRONLY"), !step.has(1, "RDONLY"));
        let nonblocking = step.has(1, "NONBLOCK");
        self.queues.opened.open(step.caller, fd, Description { object: number, reads, writes, nonblocking });
        seen
    }

    /// mq_getattr(3), and mq_setattr(3), which gives what was before.
    fn attributes(&self, step: &Step<'_>) -> Answer {
        let Some(description) = self.queues.opened.get(step.caller, step.int(0)) else { return Answer::error("EBADF") };
        let Queue { messages, most, longest_bytes } = &self.queues.queues[description.object];
        let attributes = json!([i32::from(description.nonblocking), most, longest_bytes, messages.len()]);
        Answer::value(0).with("attr", attributes)
    }

    fn call(&self, step: &Step<'_>) -> Result<Call, &'static str> {
        let (fd, size, sends) = (step.int(0), step.int(1), step.operation == "mq_send");
        if sends && !(0..PRIORITIES).contains(&step.int(2)) {
            return Err("EINVAL");
        }
        let opened = self.queues.opened.number(step.caller, fd).zip(self.queues.opened.get(step.caller, fd));
        // EBADF: "The descriptor was invalid or not opened for writing" (or reading).
        let (number, description) = opened
            .filter(|(_, description)| if sends { description.writes } else { description.reads })
            .ok_or("EBADF")?;
        let longest_bytes = self.queues.queues[description.object].longest_bytes;
        match sends {
            // EMSGSIZE: "msg_len was greater than the mq_msgsize attribute"; of receiving, "less than".
            true if size > longest_bytes => Err("EMSGSIZE"),
            true => Ok(Call::Send { description: number, priority: step.int(2), bytes: pattern(size, step.int(3)) }),
            false if size < longest_bytes => Err("EMSGSIZE"),
            false => Ok(Call::Receive { description: number }),
        }
    }
}

impl Exchange for MessageQueues {
    type Domain = Queues;
    const CONTROL_PAGE: &'static str = "mq_open(3)";
    const PAGE: &'static str = "mq_overview(7)";

    fn begin(&mut self, step: &Step<'_>) -> Begun<Call> {
        match step.operation {
            "mq_open" => Begun::Over(self.open(step)),
            "mq_unlink" => Begun::Over(match self.names.remove(&step.int(0)) {
                Some(_) => Answer::value(0),
                None => Answer::error("ENOENT"),
            }),
            "mq_getattr" | "mq_setattr" => Begun::Over(self.attributes(step)),
            "mq_send" | "mq_receive" => Begun::of(self.call(step)),
            _ => Begun::Foreign,
        }
    }

    fn follow(&mut self, step: &Step<'_>) {
        self.queues.opened.follow(step);
    }

    fn parts(&mut self) -> (&mut Queues, &mut Waiters<Queues>) {
        (&mut self.queues, &mut self.waiters)
    }
}
