//! Every property that there is, for the command.

use crate::fuzz::model::Modelled;
use crate::fuzz::property::Property;
use crate::fuzz::raw::Raw;

/// Every property, in the order in which `vitrine fuzz all` tries them.
pub fn properties() -> Vec<Box<dyn Property>> {
    let raw: Box<dyn Property> = Box::new(Raw::default());
    std::iter::once(raw).chain(Modelled::all().map(|model| -> Box<dyn Property> { Box::new(model) })).collect()
}
