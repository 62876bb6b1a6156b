//! Room: Grafana (port 1003). What clients need to find the product: health, login, who am I, search of dashboards.
//!
//! Dashboards, data sources and alerting have their own issue; a route that is not here answers 404 as Grafana does.

mod errors;
mod room;

pub use room::room;
