//! Every property that there is, for the command.

use crate::fuzz::property::Property;
use crate::fuzz::raw::Raw;

/// Every property, in the order in which `vitrine fuzz all` tries them.
pub fn properties() -> Vec<Box<dyn Property>> {
    vec![Box::new(Raw::default())]
}
