//! Radix trees with pooled nodes: from a number to a non-zero value. They are page tables and the pages of shared
//! objects, and find process ids, the keys and semaphores of System V, and the users who have POSIX message queues.
//!
//! A tree has a fixed number of levels of 32 entries each. Nodes exist only where there are values, so that equal contents
//! are equal trees in shape.

use crate::ids::NodeNo;
use crate::limits::{NODES, words};
use crate::table::{Entry, Table};

/// Bits of the key that one level takes.
const LEVEL_BITS: u32 = 5;
/// Entries of a node.
const FAN_OUT: usize = 1 << LEVEL_BITS;

/// One node: values at the lowest level, nodes (plus one) above. Nothing else, so that its size is a power of two: page
/// table walks are on the path of every access.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Node {
    entries: [u32; FAN_OUT],
}

impl Entry for Node {
    const VACANT: Node = Node { entries: [0; FAN_OUT] };
}

/// The nodes of all trees.
pub type Nodes = Table<NodeNo, Node, NODES, { words(NODES) }>;

/// A tree: its root and how many levels it has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Tree<const LEVELS: u32> {
    root: Option<NodeNo>,
    nodes: u16,
    values: u16,
    #[cfg_attr(feature = "serde", serde(skip))]
    hint: Hint,
}

/// The node at the lowest level that was set last: most walks end there. No part of the state: it changes nothing but how
/// long a walk takes, so it is neither compared nor hashed nor saved.
#[derive(Clone, Copy, Debug, Default)]
struct Hint {
    prefix: u64,
    node: Option<NodeNo>,
}

impl Hint {
    const NONE: Hint = Hint { prefix: 0, node: None };
}

impl PartialEq for Hint {
    fn eq(&self, _: &Hint) -> bool {
        true
    }
}
impl Eq for Hint {}
impl core::hash::Hash for Hint {
    fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
}

/// What a tree is made of.
pub(crate) enum Visited {
    /// A node.
    Node(NodeNo),
    /// A key and its value.
    Value(u64, u32),
}

/// No node is free.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OutOfNodes;

impl<const LEVELS: u32> Tree<LEVELS> {
    /// A tree without values.
    pub const EMPTY: Self = Tree { root: None, nodes: 0, values: 0, hint: Hint::NONE };

    /// How many values it has.
    pub fn len(&self) -> usize {
        self.values.into()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// How many nodes it takes.
    pub fn nodes(&self) -> usize {
        self.nodes.into()
    }

    /// The value at `key`, or 0.
    #[inline]
    pub fn get(&self, nodes: &Nodes, key: u64) -> u32 {
        if let Some(node) = self.hint.node
            && self.hint.prefix == key >> LEVEL_BITS
        {
            return nodes.at(node).entries.get(key as usize % FAN_OUT).copied().unwrap_or(0);
        }
        self.walk(nodes, key)
    }

    fn walk(&self, nodes: &Nodes, key: u64) -> u32 {
        if key >> (LEVELS * LEVEL_BITS) != 0 {
            return 0;
        }
        let Some(mut node) = self.root else { return 0 };
        let mut shift = (LEVELS - 1) * LEVEL_BITS;
        loop {
            let value = nodes.at(node).entries.get((key >> shift) as usize % FAN_OUT).copied().unwrap_or(0);
            if value == 0 || shift == 0 {
                return value;
            }
            node = child(value);
            shift -= LEVEL_BITS;
        }
    }

    /// Sets the value at `key`, which must be in range; 0 removes it.
    pub(crate) fn set(&mut self, nodes: &mut Nodes, key: u64, value: u32) -> Result<(), OutOfNodes> {
        if value == 0 {
            if self.get(nodes, key) != 0 {
                self.values -= 1;
                let shift = (LEVELS - 1) * LEVEL_BITS;
                if let Some(root) = self.root
                    && self.remove(nodes, root, key, shift)
                {
                    self.root = None;
                }
            }
            return Ok(());
        }
        if self.missing_nodes(nodes, key) > nodes.room() {
            return Err(OutOfNodes);
        }
        if self.get(nodes, key) == 0 {
            self.values += 1;
        }
        let mut node = match self.root {
            Some(root) => root,
            None => {
                let root = self.new_node(nodes);
                self.root = Some(root);
                root
            }
        };
        let mut shift = (LEVELS - 1) * LEVEL_BITS;
        while shift > 0 {
            let next = nodes.at(node).entries.get((key >> shift) as usize % FAN_OUT).copied().unwrap_or(0);
            node = match next {
                0 => {
                    let new = self.new_node(nodes);
                    put(nodes, node, key >> shift, link(new));
                    new
                }
                next => child(next),
            };
            shift -= LEVEL_BITS;
        }
        put(nodes, node, key, value);
        self.hint = Hint { prefix: key >> LEVEL_BITS, node: Some(node) };
        Ok(())
    }

    /// How many nodes `set` would have to make for this key.
    pub(crate) fn missing_nodes(&self, nodes: &Nodes, key: u64) -> usize {
        let Some(mut node) = self.root else { return LEVELS as usize };
        let mut shift = (LEVELS - 1) * LEVEL_BITS;
        while shift > 0 {
            match nodes.at(node).entries.get((key >> shift) as usize % FAN_OUT) {
                Some(&next) if next != 0 => node = child(next),
                _ => return (shift / LEVEL_BITS) as usize,
            }
            shift -= LEVEL_BITS;
        }
        0
    }

    /// The lowest key from `key` on that has a value, with the value.
    pub fn next(&self, nodes: &Nodes, key: u64) -> Option<(u64, u32)> {
        self.next_in(nodes, self.root?, key, (LEVELS - 1) * LEVEL_BITS)
    }

    /// Every key and value, in ascending order.
    pub fn iter<'a>(&'a self, nodes: &'a Nodes) -> impl Iterator<Item = (u64, u32)> + 'a {
        let mut from = Some(0);
        core::iter::from_fn(move || {
            let found = self.next(nodes, from?)?;
            from = found.0.checked_add(1);
            Some(found)
        })
    }

    /// Gives every node and every value to `f`, keys ascending: quicker than one `next` after the other.
    pub(crate) fn visit(&self, nodes: &Nodes, mut f: impl FnMut(Visited)) {
        if let Some(root) = self.root {
            visit_node(nodes, root, 0, (LEVELS - 1) * LEVEL_BITS, &mut f);
        }
    }

    /// A tree of the same shape whose values (and this tree's) are what `change` makes of them. Needs `self.nodes()` free
    /// nodes.
    pub(crate) fn duplicate(
        &mut self,
        nodes: &mut Nodes,
        change: &mut impl FnMut(u64, &mut u32) -> u32,
    ) -> Result<Self, OutOfNodes> {
        if nodes.room() < self.nodes() {
            return Err(OutOfNodes);
        }
        let root = self.root.map(|root| duplicate_node(nodes, root, 0, (LEVELS - 1) * LEVEL_BITS, change));
        Ok(Tree { root, hint: Hint::NONE, ..*self })
    }

    /// Removes every value, giving each to `f`.
    pub(crate) fn clear(&mut self, nodes: &mut Nodes, f: &mut impl FnMut(u64, u32)) {
        if let Some(root) = self.root {
            clear_node(nodes, root, 0, (LEVELS - 1) * LEVEL_BITS, f);
        }
        *self = Self::EMPTY;
    }

    fn new_node(&mut self, nodes: &mut Nodes) -> NodeNo {
        self.nodes += 1;
        match nodes.insert(Node::VACANT) {
            Ok(node) => node,
            Err(_) => crate::bug("a radix tree needs more nodes than were counted"),
        }
    }

    /// Removes the value below `node`; whether the node went with it.
    fn remove(&mut self, nodes: &mut Nodes, node: NodeNo, key: u64, shift: u32) -> bool {
        if shift > 0 {
            let next = nodes.at(node).entries.get((key >> shift) as usize % FAN_OUT).copied().unwrap_or(0);
            if next == 0 || !self.remove(nodes, child(next), key, shift - LEVEL_BITS) {
                return false;
            }
        }
        put(nodes, node, key >> shift, 0);
        let empty = nodes.at(node).entries == [0; FAN_OUT];
        if empty {
            nodes.free(node);
            self.nodes -= 1;
            if self.hint.node == Some(node) {
                self.hint = Hint::NONE;
            }
        }
        empty
    }

    fn next_in(&self, nodes: &Nodes, node: NodeNo, key: u64, shift: u32) -> Option<(u64, u32)> {
        let entries = &nodes.at(node).entries;
        let first = key >> shift;
        if first >= FAN_OUT as u64 {
            return None;
        }
        let mut within = key & ((1 << shift) - 1);
        for (index, &value) in entries.iter().enumerate().skip(first as usize) {
            if value != 0 {
                if shift == 0 {
                    return Some((index as u64, value));
                }
                if let Some((low, value)) = self.next_in(nodes, child(value), within, shift - LEVEL_BITS) {
                    return Some(((index as u64) << shift | low, value));
                }
            }
            within = 0;
        }
        None
    }
}

fn child(value: u32) -> NodeNo {
    NodeNo((value - 1) as u16)
}

fn link(node: NodeNo) -> u32 {
    u32::from(node.0) + 1
}

fn put(nodes: &mut Nodes, node: NodeNo, key: u64, value: u32) {
    if let Some(entry) = nodes.at_mut(node).entries.get_mut(key as usize % FAN_OUT) {
        *entry = value;
    }
}

fn duplicate_node(
    nodes: &mut Nodes,
    from: NodeNo,
    prefix: u64,
    shift: u32,
    change: &mut impl FnMut(u64, &mut u32) -> u32,
) -> NodeNo {
    let Some(to) = nodes.take() else { crate::bug("a radix tree has more nodes than were counted") };
    let mut values = nodes.at(from).entries;
    let mut copies = [0; FAN_OUT];
    for index in occupied(&values) {
        let (Some(value), Some(copy)) = (values.get_mut(index), copies.get_mut(index)) else { break };
        let key = prefix | (index as u64) << shift;
        *copy = match shift {
            0 => change(key, value),
            _ => link(duplicate_node(nodes, child(*value), key, shift - LEVEL_BITS, change)),
        };
    }
    nodes.at_mut(from).entries = values;
    nodes.at_mut(to).entries = copies;
    to
}

fn visit_node(nodes: &Nodes, node: NodeNo, prefix: u64, shift: u32, f: &mut impl FnMut(Visited)) {
    f(Visited::Node(node));
    let entries = &nodes.at(node).entries;
    for index in occupied(entries) {
        let Some(&value) = entries.get(index) else { break };
        let key = prefix | (index as u64) << shift;
        match shift {
            0 => f(Visited::Value(key, value)),
            _ => visit_node(nodes, child(value), key, shift - LEVEL_BITS, f),
        }
    }
}

fn clear_node(nodes: &mut Nodes, node: NodeNo, prefix: u64, shift: u32, f: &mut impl FnMut(u64, u32)) {
    let values = nodes.at(node).entries;
    for index in occupied(&values) {
        let Some(&value) = values.get(index) else { break };
        let key = prefix | (index as u64) << shift;
        match shift {
            0 => f(key, value),
            _ => clear_node(nodes, child(value), key, shift - LEVEL_BITS, f),
        }
    }
    nodes.free(node);
}

/// A bit for each place of a node.
const PLACES: [u32; FAN_OUT] = {
    let (mut places, mut bit) = ([0; FAN_OUT], 1_u32);
    let mut rest: &mut [u32] = &mut places;
    while let Some((place, behind)) = rest.split_first_mut() {
        *place = bit;
        bit = bit.wrapping_shl(1);
        rest = behind;
    }
    places
};

/// The places of a node that aren't empty: most are, so they are found all at once and not one after the other.
fn occupied(entries: &[u32; FAN_OUT]) -> impl Iterator<Item = usize> + use<> {
    let places = entries.iter().zip(PLACES);
    let mut bits = places.fold(0_u32, |bits, (entry, place)| bits | if *entry != 0 { place } else { 0 });
    core::iter::from_fn(move || {
        let lowest = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (lowest < u32::BITS).then_some(lowest as usize)
    })
}

const _: () = assert!(FAN_OUT == u32::BITS as usize, "a word has a bit for each entry of a node");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_again_and_nodes_go_with_the_last_one() {
        let mut nodes = Nodes::new();
        let mut tree = Tree::<3>::EMPTY;
        for key in [0, 31, 32, 1024, 32767] {
            tree.set(&mut nodes, key, key as u32 + 7).unwrap();
        }
        assert_eq!(tree.get(&nodes, 1024), 1031);
        assert_eq!(tree.get(&nodes, 1025), 0);
        assert_eq!(tree.get(&nodes, 32768), 0);
        assert_eq!(tree.len(), 5);
        assert_eq!(tree.nodes(), nodes.len());
        assert!(tree.iter(&nodes).map(|(key, _)| key).eq([0, 31, 32, 1024, 32767]));
        for key in [31, 0, 32767, 32, 1024] {
            tree.set(&mut nodes, key, 0).unwrap();
        }
        assert_eq!(tree, Tree::EMPTY);
        assert!(nodes.is_empty());
    }

    #[test]
    fn the_shape_depends_on_the_contents_alone() {
        let (mut a, mut b) = (Nodes::new(), Nodes::new());
        let (mut tree_a, mut tree_b) = (Tree::<5>::EMPTY, Tree::<5>::EMPTY);
        tree_a.set(&mut a, 5, 1).unwrap();
        for key in [70_000, 5, 99] {
            tree_b.set(&mut b, key, 1).unwrap();
        }
        for key in [70_000, 99] {
            tree_b.set(&mut b, key, 0).unwrap();
        }
        assert_eq!(tree_a.nodes(), tree_b.nodes());
        assert!(tree_a.iter(&a).eq(tree_b.iter(&b)));
    }

    #[test]
    fn a_duplicate_has_what_change_makes_of_the_values() {
        let mut nodes = Nodes::new();
        let mut tree = Tree::<2>::EMPTY;
        tree.set(&mut nodes, 3, 30).unwrap();
        tree.set(&mut nodes, 900, 40).unwrap();
        let mut copy = tree
            .duplicate(&mut nodes, &mut |_, value| {
                *value += 1;
                *value + 1
            })
            .unwrap();
        assert!(tree.iter(&nodes).eq([(3, 31), (900, 41)]));
        assert!(copy.iter(&nodes).eq([(3, 32), (900, 42)]));
        copy.clear(&mut nodes, &mut |_, _| ());
        assert_eq!(nodes.len(), tree.nodes());
    }
}
