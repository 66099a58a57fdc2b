//! What is seen of the work while it is done: measured by the [store](store) that everything goes through, and noted for the one
//! line that a request leaves in the log.

mod account;
pub(crate) mod facts;
pub(crate) mod store;
