//! What a process was told so far: the results of its calls and loads, in order. Together with its program and arguments
//! this *is* the process; its future is only a cache of it.
//!
//! A persistent log in chunks: a fork shares what was before it, adding one event costs the same however long the log is,
//! and a prefix is a log too.

use std::hash::{Hash, Hasher};

use abi::FastHasher;
// Without weak references: pushing looks whether the chunk is shared, which takes a load and not a locked exchange.
use triomphe::Arc;

/// Events in a chunk: a fork's first event copies at most so many.
const CHUNK: usize = 32;

/// Bytes of a result that are kept without an allocation; enough for every structure that calls return often.
const SMALL: usize = 18;

/// Bytes of a result that are kept beside the events of its chunk. More are shared with copies instead.
const BESIDE: usize = 512;

/// For how many bytes of results a chunk has room from the start, at most.
const BYTES_AHEAD: usize = 4 << 10;

/// In the place of a handler: there is none at the address with which the signal was caught.
pub const NO_HANDLER: u16 = u16::MAX;

/// Something that a program was told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// A call, load or store had this result, with no bytes.
    Value {
        /// By which a replay checks that the program asked the same.
        check: u32,
        /// The value returned.
        value: i64,
    },
    /// The same, with bytes that fit in here.
    Small {
        /// By which a replay checks that the program asked the same.
        check: u32,
        /// How many of `bytes` there are.
        length: u8,
        /// The bytes.
        bytes: [u8; SMALL],
        /// The value returned.
        value: i64,
    },
    /// The same, with more bytes. In a history they lie beside the events, unless they are very many.
    Large {
        /// By which a replay checks that the program asked the same.
        check: u32,
        /// The bytes.
        bytes: std::sync::Arc<[u8]>,
        /// The value returned.
        value: i64,
    },
    /// A signal handler began.
    HandlerEntered {
        /// For which signal.
        signal: u8,
        /// Its place in the program's table of handlers; [`NO_HANDLER`] if it was caught with a wrong address.
        handler: u16,
        /// Why: one of the `SI_`, `CLD_`, `SEGV_` codes.
        code: i32,
        /// The sender, or the child.
        pid: u32,
        /// The sender's or the child's real user id.
        uid: u32,
        /// A queued value, a child's status, or the address of a fault; for `NO_HANDLER` the wrong address.
        value: u64,
        /// Where its stack begins.
        stack_pointer: u64,
    },
    /// The innermost handler returned.
    HandlerLeft,
}

const _: () = assert!(size_of::<Event>() == 32);

impl Event {
    /// The result `value` of what hashes to `check`, with these bytes.
    #[inline]
    pub fn result(check: u32, value: i64, data: &[u8]) -> Event {
        if data.is_empty() {
            return Event::Value { check, value };
        }
        if data.len() > SMALL {
            return Event::Large { check, bytes: data.into(), value };
        }
        let mut bytes = [0; SMALL];
        bytes[..data.len()].copy_from_slice(data);
        Event::Small { check, length: data.len() as u8, bytes, value }
    }

    /// What was asked (its hash), the value and the bytes; `None` if it isn't a result.
    #[inline]
    pub fn as_result(&self) -> Option<(u32, i64, &[u8])> {
        match self {
            Event::Value { check, value } => Some((*check, *value, &[])),
            Event::Small { check, length, bytes, value } => Some((*check, *value, &bytes[..usize::from(*length)])),
            Event::Large { check, bytes, value } => Some((*check, *value, bytes)),
            _ => None,
        }
    }
}

impl Hash for Event {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            // A result begins with its check, which has 32 bits: these can't be taken for one.
            &Event::HandlerEntered { signal, handler, code, pid, uid, value, stack_pointer } => {
                state.write_u64(u64::MAX);
                state.write_u64(u64::from(signal) | u64::from(handler) << 8 | u64::from(code as u32) << 32);
                state.write_u64(u64::from(pid) | u64::from(uid) << 32);
                state.write_u64(value);
                state.write_u64(stack_pointer);
            }
            Event::HandlerLeft => state.write_u64(u64::MAX - 1),
            _ => {
                let (check, value, bytes) = self.as_result().unwrap_or_default();
                hash_result(check, value, bytes, state);
            }
        }
    }
}

#[inline]
fn hash_result(check: u32, value: i64, bytes: &[u8], state: &mut impl Hasher) {
    state.write_u32(check);
    state.write_u64(value as u64);
    if !bytes.is_empty() {
        state.write(bytes);
    }
}

/// An event as it is kept.
#[derive(Clone)]
enum Kept {
    Event(Event),
    /// A result with bytes too many for an event: they are among those of the chunk. An allocation for each would take more
    /// time than all else that a result takes, and more room than the bytes.
    Result {
        check: u32,
        start: u32,
        length: u32,
        value: i64,
    },
}

const _: () = assert!(size_of::<Kept>() == 32);

#[derive(Clone)]
struct Chunk {
    events: heapless::Vec<Kept, CHUNK>,
    bytes: Vec<u8>,
    /// Rolling hash before the first of them.
    before: FastHasher,
    previous: Option<Arc<Chunk>>,
}

impl Chunk {
    #[inline]
    fn told(&self, index: usize) -> Option<Told<'_>> {
        Some(Told { kept: self.events.get(index)?, bytes: &self.bytes })
    }

    /// Forgets all events but the first `length`.
    fn truncate(&mut self, length: usize) {
        self.events.truncate(length);
        let end = self.events.iter().rev().find_map(|kept| match kept {
            Kept::Result { start, length, .. } => Some((start + length) as usize),
            Kept::Event(_) => None,
        });
        self.bytes.truncate(end.unwrap_or(0));
    }
}

/// An event of a history.
#[derive(Clone, Copy)]
pub struct Told<'a> {
    kept: &'a Kept,
    bytes: &'a [u8],
}

impl<'a> Told<'a> {
    /// What was asked (its hash), the value and the bytes; `None` if it isn't a result.
    #[inline]
    pub fn as_result(self) -> Option<(u32, i64, &'a [u8])> {
        match *self.kept {
            Kept::Event(ref event) => event.as_result(),
            Kept::Result { check, start, length, value } => {
                let bytes = self.bytes.get(start as usize..(start + length) as usize);
                Some((check, value, bytes.unwrap_or_default()))
            }
        }
    }

    /// What it is if it isn't a result: that a handler began or ended.
    #[inline]
    pub fn as_handler(self) -> Option<&'a Event> {
        match self.kept {
            Kept::Event(event @ (Event::HandlerEntered { .. } | Event::HandlerLeft)) => Some(event),
            _ => None,
        }
    }

    /// The event by itself.
    pub fn to_event(self) -> Event {
        match (self.kept, self.as_result()) {
            (_, Some((check, value, bytes))) => Event::result(check, value, bytes),
            (Kept::Event(event), None) => event.clone(),
            (Kept::Result { .. }, None) => unreachable!("it is a result"),
        }
    }
}

/// The log of one process.
///
/// Two histories are equal if their lengths and rolling hashes are, so that one that keeps its events equals one that
/// doesn't.
///
/// ```
/// use sim::history::{Event, History};
/// let mut parent = History::new(1, true);
/// parent.push(Event::result(7, 42, b""));
/// let mut child = parent.clone();
/// child.push(Event::result(8, 0, b"bytes"));
/// assert_eq!((parent.len(), child.len()), (1, 2));
/// child.truncate(1);
/// assert_eq!(parent, child);
/// ```
#[derive(Clone)]
pub struct History {
    last: Option<Arc<Chunk>>,
    length: usize,
    rolling: FastHasher,
    keeps_events: bool,
}

impl History {
    /// An empty history, of a program with this `seed`; if it doesn't keep its events, only their number and rolling hash
    /// are known, and the program can't be rebuilt.
    pub fn new(seed: u64, keeps_events: bool) -> History {
        let mut rolling = FastHasher::default();
        rolling.write_u64(seed);
        History { last: None, length: 0, rolling, keeps_events }
    }

    /// How many events there were.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing has happened yet.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the events themselves are there, not just their hash.
    pub fn keeps_events(&self) -> bool {
        self.keeps_events
    }

    /// Hash of the seed and all events.
    #[inline]
    pub fn rolling_hash(&self) -> u64 {
        self.rolling.finish()
    }

    /// The same, as it rolls: cheaper, for comparing.
    #[inline]
    pub(crate) fn rolling(&self) -> FastHasher {
        self.rolling
    }

    /// Adds an event.
    #[inline(always)]
    pub fn push(&mut self, event: Event) {
        if let Event::Large { check, bytes, value } = &event
            && bytes.len() <= BESIDE
        {
            return self.push_result(*check, *value, bytes);
        }
        let before = self.rolling;
        event.hash(&mut self.rolling);
        self.length += 1;
        if self.keeps_events {
            self.keep(before, |_| Kept::Event(event));
        }
    }

    /// Adds a result. Without an allocation if the event itself isn't kept.
    #[inline(always)]
    pub fn push_result(&mut self, check: u32, value: i64, bytes: &[u8]) {
        let before = self.rolling;
        hash_result(check, value, bytes, &mut self.rolling);
        self.length += 1;
        if !self.keeps_events {
            return;
        }
        match bytes.len() {
            0 => self.keep(before, |_| Kept::Event(Event::Value { check, value })),
            ..=SMALL | BESIDE.. => self.keep(before, |_| Kept::Event(Event::result(check, value, bytes))),
            length => self.keep(before, |beside| {
                let start = beside.len() as u32;
                beside.extend_from_slice(bytes);
                Kept::Result { check, start, length: length as u32, value }
            }),
        }
    }

    /// Keeps an event, which is made with the bytes of its chunk at hand. `before`: the rolling hash without it.
    #[inline(always)]
    fn keep(&mut self, before: FastHasher, event: impl FnOnce(&mut Vec<u8>) -> Kept) {
        let has_room = |chunk: &&mut Chunk| !chunk.events.is_full();
        let chunk = match self.last.as_mut().and_then(Arc::get_mut).filter(has_room) {
            Some(chunk) => Some(chunk),
            None => self.make_room(before),
        };
        if let Some(chunk) = chunk {
            let kept = event(&mut chunk.bytes);
            let _ = chunk.events.push(kept);
        }
    }

    /// Copies the last chunk, which others share, or begins another: the one for the next event, which nobody shares and which
    /// has room for it.
    #[inline(never)]
    fn make_room(&mut self, before: FastHasher) -> Option<&mut Chunk> {
        match &mut self.last {
            Some(last) if !last.events.is_full() => {
                Arc::make_mut(last);
            }
            _ => {
                // Calls that return many bytes come in rows: room for as many as before, so that it isn't found bit by bit.
                let bytes = self.last.as_ref().map_or(0, |last| last.bytes.len().min(BYTES_AHEAD));
                let previous = self.last.take();
                let bytes = Vec::with_capacity(bytes);
                self.last = Some(Arc::new(Chunk { events: heapless::Vec::new(), bytes, before, previous }));
            }
        }
        self.last.as_mut().and_then(Arc::get_mut)
    }

    /// Forgets all events but the first `length`. Only for a history that keeps its events.
    pub fn truncate(&mut self, length: usize) {
        if length >= self.length || !self.keeps_events {
            return;
        }
        while let Some(last) = &mut self.last {
            let start = self.length - last.events.len();
            if start >= length {
                self.rolling = last.before;
                self.length = start;
                self.last = last.previous.clone();
                continue;
            }
            let chunk = Arc::make_mut(last);
            chunk.truncate(length - start);
            self.rolling = chunk.before;
            for told in (0..chunk.events.len()).filter_map(|index| chunk.told(index)) {
                told.to_event().hash(&mut self.rolling);
            }
            self.length = length;
            return;
        }
    }

    /// Its events from the first to the last. Collecting the chunks takes a moment; then each is found in constant time.
    pub fn events(&self) -> Events {
        let mut events = Events::default();
        events.follow(self);
        events
    }
}

impl PartialEq for History {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.rolling == other.rolling
    }
}

impl Eq for History {}

impl Hash for History {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.length);
        state.write_u64(self.rolling_hash());
    }
}

impl std::fmt::Debug for History {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} events, hash {:016x}", self.length, self.rolling_hash())
    }
}

/// A chunk alone would drop its predecessors one inside the other, and run out of stack on a long history.
impl Drop for Chunk {
    fn drop(&mut self) {
        let mut previous = self.previous.take();
        while let Some(Ok(mut chunk)) = previous.map(Arc::try_unwrap) {
            previous = chunk.previous.take();
        }
    }
}

/// A history laid out for going through it forwards.
#[derive(Default)]
pub struct Events {
    chunks: Vec<Arc<Chunk>>,
    length: usize,
}

impl Events {
    /// Lays out this history instead; the room is used again.
    pub fn follow(&mut self, history: &History) {
        self.chunks.clear();
        let mut chunk = history.last.as_ref();
        while let Some(this) = chunk {
            self.chunks.push(Arc::clone(this));
            chunk = this.previous.as_ref();
        }
        self.chunks.reverse();
        self.length = if history.keeps_events { history.length } else { 0 };
    }

    /// Lets go of the history.
    pub fn clear(&mut self) {
        self.chunks.clear();
        self.length = 0;
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Event `index`. Every chunk but the last is full: a push only begins a new one then, and a prefix ends in its last.
    #[inline]
    pub fn get(&self, index: usize) -> Option<Told<'_>> {
        self.chunks.get(index / CHUNK)?.told(index % CHUNK)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Told<'_>> {
        (0..self.length).filter_map(|index| self.get(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(i: usize) -> Event {
        let length = if i % 13 == 12 { BESIDE - 20 + i % 40 } else { i % 40 };
        Event::result(i as u32, i as i64 * 3, &vec![i as u8; length])
    }

    fn history(length: usize) -> History {
        let mut history = History::new(9, true);
        for i in 0..length {
            history.push(event(i));
        }
        history
    }

    #[test]
    fn events_come_back_in_order() {
        for length in [0, 1, 31, 32, 33, 64, 1000] {
            let events = history(length).events();
            assert_eq!(events.len(), length);
            assert!(events.iter().map(Told::to_event).eq((0..length).map(event)));
            assert!(events.get(length).is_none());
            let middle = events.get(length / 2).map(Told::to_event);
            assert_eq!(middle, (length > 0).then(|| event(length / 2)));
        }
    }

    #[test]
    fn a_fork_shares_the_past_and_has_its_own_future() {
        for length in [5, 32, 70] {
            let mut parent = history(length);
            let mut child = parent.clone();
            parent.push(Event::result(1, 100, b""));
            child.push(Event::result(1, 0, b""));
            assert_ne!(parent, child);
            assert_eq!(parent.events().get(length).unwrap().as_result().unwrap().1, 100);
            assert_eq!(child.events().get(length).unwrap().as_result().unwrap().1, 0);
            assert_eq!(child.events().iter().take(length).count(), length);
        }
    }

    #[test]
    fn a_prefix_is_as_if_the_rest_had_never_been() {
        for length in [0, 1, 31, 32, 33, 64, 99] {
            let mut cut = history(100);
            cut.truncate(length);
            let fresh = history(length);
            assert_eq!((&cut, cut.rolling_hash()), (&fresh, fresh.rolling_hash()));
            let told = |history: &History| history.events().iter().map(Told::to_event).collect::<Vec<_>>();
            assert_eq!(told(&cut), told(&fresh));
            // With bytes beside it, and without.
            for (next, number) in [(length, 39), (length + 1, 7)] {
                cut.push(event(number));
                assert_eq!(cut.events().get(next).map(Told::to_event), Some(event(number)));
            }
        }
    }

    #[test]
    fn keeping_events_or_not_makes_no_difference_to_the_hash() {
        let kept = history(100);
        let mut hashed = History::new(9, false);
        for i in 0..100 {
            let event = event(i);
            let (check, value, bytes) = event.as_result().unwrap();
            hashed.push_result(check, value, bytes);
        }
        assert_eq!(kept, hashed);
        assert!(hashed.events().is_empty());
        hashed.push(event(0));
        assert_ne!(kept, hashed);
    }

    #[test]
    fn a_long_history_is_dropped_without_recursion() {
        let long = history(300_000);
        let small = std::thread::Builder::new().stack_size(64 << 10);
        small.spawn(move || drop(long)).unwrap().join().unwrap();
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let hash = |event: Event| {
            let mut history = History::new(0, false);
            history.push(event);
            history.rolling_hash()
        };
        let entered =
            Event::HandlerEntered { signal: 1, handler: 1, code: 1, pid: 1, uid: 1, value: 1, stack_pointer: 1 };
        let entered_elsewhere =
            Event::HandlerEntered { signal: 1, handler: 1, code: 1, pid: 1, uid: 1, value: 1, stack_pointer: 2 };
        let all = [
            Event::result(1, 1, b""),
            Event::result(2, 1, b""),
            Event::result(1, 2, b""),
            Event::result(1, 1, b"\0"),
            Event::result(1, 1, &[0; 19]),
            entered,
            entered_elsewhere,
            Event::HandlerLeft,
        ];
        let distinct: std::collections::BTreeSet<u64> = all.iter().cloned().map(hash).collect();
        assert_eq!(distinct.len(), all.len());
    }
}
