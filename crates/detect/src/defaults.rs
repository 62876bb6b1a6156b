//! The rules that come with the product: a gateway, its services, its host and its containers are watched from the first start.

use crate::rulefile::{RuleFileError, parse_rules};
use crate::rules::Group;

/// Embedded rule files by the name they are shown under.
const FILES: &[(&str, &str)] = &[
    ("builtin/containers.yaml", include_str!("../rules/containers.yaml")),
    ("builtin/gateway.yaml", include_str!("../rules/gateway.yaml")),
    ("builtin/host.yaml", include_str!("../rules/host.yaml")),
    ("builtin/watch.yaml", include_str!("../rules/watch.yaml")),
];

/// The groups of the default rules.
///
/// # Errors
/// Never with the files of a release: its tests read them.
pub fn default_groups() -> Result<Vec<Group>, Vec<RuleFileError>> {
    let mut groups = Vec::new();
    for (name, text) in FILES {
        groups.extend(parse_rules(name, text)?);
    }
    Ok(groups)
}
