//! Which message a receiver wants (`msgop(2)`, "msgrcv()").

use abi::MsgFlags;

use crate::ids::MessageNo;
use crate::ipc::message::{MessageList, Messages};
use crate::list::List;
use crate::planted::planted;

/// Which message a receiver wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Selection {
    /// The first.
    Any,
    /// The first of this type.
    Equal(i64),
    /// The first of another type.
    Other(i64),
    /// The first of the lowest type that isn't above this one.
    AtMost(i64),
}

impl Selection {
    /// What the arguments of `msgrcv` ask for.
    pub(crate) fn new(kind: i64, flags: MsgFlags) -> Selection {
        match kind {
            0 => Selection::Any,
            // The most negative type has no positive one: as on Linux, the largest there is.
            ..0 => Selection::AtMost(kind.checked_neg().unwrap_or(i64::MAX)),
            _ if flags.contains(MsgFlags::MSG_EXCEPT) => Selection::Other(kind),
            _ => Selection::Equal(kind),
        }
    }

    /// Whether a message of this type would do.
    pub(crate) fn accepts(self, kind: i64) -> bool {
        match self {
            Selection::Any => true,
            Selection::Equal(wanted) => kind == wanted,
            Selection::Other(unwanted) => kind != unwanted,
            Selection::AtMost(highest) => kind <= highest,
        }
    }

    /// The message that it picks from a queue.
    pub(crate) fn pick(self, queue: &List<MessageList, MessageNo>, messages: &Messages) -> Option<MessageNo> {
        let kind = |message: &MessageNo| messages.at(*message).kind;
        let mut accepted = queue.iter(messages).filter(|message| self.accepts(kind(message)));
        match self {
            // Of equal types, `min_by_key` gives the first.
            Selection::AtMost(_) if !planted!(NegativeTypeTakesFirst) => accepted.min_by_key(kind),
            _ => accepted.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::message::Message;
    use crate::table::Entry;

    #[test]
    fn each_selection_picks_as_the_manual_says() {
        let mut messages = Messages::new();
        let mut queue = List::EMPTY;
        for kind in [3, 2, 5, 2, 1] {
            let slot = messages.insert(Message { kind, ..Message::VACANT }).unwrap();
            queue.push(&mut messages, slot);
        }
        let pick = |kind, flags| Selection::new(kind, flags).pick(&queue, &messages).map(|slot| slot.0);
        let none = MsgFlags::empty();
        assert_eq!(pick(0, none), Some(0));
        assert_eq!(pick(2, none), Some(1));
        assert_eq!(pick(4, none), None);
        assert_eq!(pick(3, MsgFlags::MSG_EXCEPT), Some(1));
        assert_eq!(pick(-2, none), Some(4));
        assert_eq!(pick(-5, none), Some(4));
        assert_eq!(pick(i64::MIN, none), Some(4));
    }
}
