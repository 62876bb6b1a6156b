//! The store against a simple model, and against a machine that crashes.

mod crash;
mod damage;
mod exemplars;
mod model;
mod reads;
mod rollups;
mod tally;
mod upkeep;
