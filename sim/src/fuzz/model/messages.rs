//! System V message queues: msgget(2), msgop(2), msgctl(2).
//!
//! A queue is a list of messages, each with a type greater than 0. Its bytes are limited (`msg_qbytes`), and so is, on Linux, the
//! number of its messages by the same figure. Senders wait for room, receivers for a message of the type they ask for.

use serde_json::json;

use super::exchange::{Begun, Exchange};
use super::identifiers::{Got, Objects};
use super::record::{Answer, Name, Step, pattern, shown};
use super::waiting::{Domain, Stage, Tried, Waiters};

/// msgget(2), "MSGMAX": the longest message, in bytes.
const LONGEST_BYTES: i64 = 8192;
/// msgget(2), "MSGMNB": what a new queue may hold, in bytes.
const QUEUE_BYTES: i64 = 16_384;

#[derive(Clone)]
struct Queue {
    messages: Vec<(i64, Vec<u8>)>,
    limit_bytes: i64,
    last_sender: Option<Name>,
    last_receiver: Option<Name>,
}

impl Queue {
    fn bytes(&self) -> i64 {
        self.messages.iter().map(|(_, bytes)| bytes.len() as i64).sum()
    }

    /// msgop(2): "If msgtyp is 0, then the first message in the queue is read. If greater than 0, the first message of
    /// that type. If less than 0, the first message of the lowest type less than or equal to its absolute value."
    fn find(&self, wanted: i64) -> Option<usize> {
        let types = || self.messages.iter().map(|(kind, _)| *kind);
        let kind = match wanted {
            0 => return (!self.messages.is_empty()).then_some(0),
            1.. => wanted,
            _ => types().filter(|kind| *kind <= -wanted).min()?,
        };
        types().position(|other| other == kind)
    }
}

#[derive(Clone)]
pub(super) enum Call {
    Send { queue: usize, kind: i64, bytes: Vec<u8>, no_wait: bool },
    Receive { queue: usize, size: i64, wanted: i64, no_wait: bool, no_error: bool },
}

#[derive(Clone)]
pub(super) struct Queues(Objects<Queue>);

impl Domain for Queues {
    type Call = Call;

    fn attempt(&mut self, who: Name, call: &mut Call, stage: Stage) -> Tried {
        let failed = |name| Tried::Done(Answer::error(name));
        let (Call::Send { queue, .. } | Call::Receive { queue, .. }) = call;
        let Some(queue) = self.0.get_mut(*queue) else {
            // msgop(2), EIDRM: "the message queue was removed while the process was sleeping".
            return failed(if stage == Stage::New { "EINVAL" } else { "EIDRM" });
        };
        match call {
            Call::Send { kind, bytes, no_wait, .. } => {
                let is_full = queue.bytes() + bytes.len() as i64 > queue.limit_bytes
                    || queue.messages.len() as i64 + 1 > queue.limit_bytes;
                if is_full {
                    return if *no_wait { failed("EAGAIN") } else { Tried::Waits };
                }
                queue.messages.push((*kind, bytes.clone()));
                queue.last_sender = Some(who);
                Tried::Done(Answer::value(0))
            }
            Call::Receive { size, wanted, no_wait, no_error, .. } => {
                let Some(place) = queue.find(*wanted) else {
                    return if *no_wait { failed("ENOMSG") } else { Tried::Waits };
                };
                // E2BIG: "the message text length is greater than msgsz and MSG_NOERROR isn't specified"; the message stays.
                if queue.messages[place].1.len() as i64 > *size && !*no_error {
                    return failed("E2BIG");
                }
                let (kind, mut bytes) = queue.messages.remove(place);
                bytes.truncate(*size as usize);
                queue.last_receiver = Some(who);
                Tried::Done(Answer::value(bytes.len()).with("d", shown(&bytes)).with("type", kind))
            }
        }
    }

    fn queue(&self, call: &Call) -> (usize, u8) {
        match call {
            Call::Send { queue, .. } => (*queue, 0),
            Call::Receive { queue, .. } => (*queue, 1),
        }
    }
}

/// The model.
pub struct Messages {
    queues: Queues,
    waiters: Waiters<Queues>,
}

impl Default for Messages {
    fn default() -> Messages {
        Messages { queues: Queues(Objects::new('q')), waiters: Waiters::default() }
    }
}

impl Messages {
    /// msgget(2).
    fn get(&mut self, step: &Step<'_>) -> Answer {
        let objects = &mut self.queues.0;
        match objects.look_up(step.int(0), step, 1) {
            Got::Old(number) => objects.name(number),
            Got::Failed(name) => Answer::error(name),
            // ENOSPC: "the system limit for the maximum number of message queues would be exceeded", whatever that is.
            Got::New if objects.count() >= 4 && step.answer().and_then(Answer::errno) == Some("ENOSPC") => {
                Answer::error("ENOSPC")
            }
            Got::New => {
                let (last_sender, last_receiver) = (None, None);
                let queue = Queue { messages: Vec::new(), limit_bytes: QUEUE_BYTES, last_sender, last_receiver };
                objects.add(step.int(0), queue)
            }
        }
    }

    /// msgctl(2).
    fn control(&mut self, step: &Step<'_>) -> Answer {
        let number = self.queues.0.number(step.arguments.first()).unwrap_or(usize::MAX);
        let Some(queue) = self.queues.0.get_mut(number) else { return Answer::error("EINVAL") };
        match step.word(1) {
            "RMID" => self.queues.0.remove(number),
            "SET" => {
                queue.limit_bytes = step.int(2);
                // Receivers wake up, look again, and come back in any order.
                self.waiters.mix(|call| matches!(call, Call::Receive { queue, .. } if *queue == number));
            }
            _ => {
                let name = |process: Option<Name>| process.map_or("0".to_owned(), String::from);
                let (sender, receiver) = (name(queue.last_sender), name(queue.last_receiver));
                let state = json!([queue.messages.len(), queue.bytes(), queue.limit_bytes, sender, receiver]);
                return Answer::value(0).with("qst", state);
            }
        }
        Answer::value(0)
    }

    /// The call that an operation is, or how it fails before it gets to a queue.
    fn call(&self, step: &Step<'_>) -> Result<Call, &'static str> {
        let queue = self.queues.0.number(step.arguments.first());
        if step.operation == "msgsnd" {
            let (kind, size) = (step.int(1), step.int(2));
            // EINVAL: "Invalid msqid value, or nonpositive mtype value, or invalid msgsz value (less than 0 or greater than
            // the system value MSGMAX)."
            let queue = queue.filter(|_| kind > 0 && (0..=LONGEST_BYTES).contains(&size)).ok_or("EINVAL")?;
            let bytes = pattern(size, step.int(4));
            return Ok(Call::Send { queue, kind, bytes, no_wait: step.has(3, "NOWAIT") });
        }
        let queue = queue.filter(|_| step.int(1) >= 0).ok_or("EINVAL")?;
        let (no_wait, no_error) = (step.has(3, "NOWAIT"), step.has(3, "NOERROR"));
        Ok(Call::Receive { queue, size: step.int(1), wanted: step.int(2), no_wait, no_error })
    }
}

impl Exchange for Messages {
    type Domain = Queues;
    const CONTROL_PAGE: &'static str = "msgctl(2)";
    const PAGE: &'static str = "msgop(2)";

    fn begin(&mut self, step: &Step<'_>) -> Begun<Call> {
        match step.operation {
            "msgget" => Begun::Over(self.get(step)),
            "msgctl" => Begun::Over(self.control(step)),
            "msgsnd" | "msgrcv" => Begun::of(self.call(step)),
            _ => Begun::Foreign,
        }
    }

    fn parts(&mut self) -> (&mut Queues, &mut Waiters<Queues>) {
        (&mut self.queues, &mut self.waiters)
    }
}
