//! Conditions on lines and labels.

use std::net::IpAddr;

use gw_batch::QueryError;
use gw_plan::algebra::BinaryOp;
use gw_plan::logs::{LabelFilter, LineFilter, LineMatch, Unit};
use regex::Regex;

use super::entry::Entry;
use super::pattern::Pattern;
use super::pipeline::{Test, regex};
use super::units;

/// A condition on the line.
#[derive(Debug)]
pub(super) struct LineTest {
    negated: bool,
    any: Vec<LineMatcher>,
}

#[derive(Debug)]
enum LineMatcher {
    Contains(String),
    Regex(Regex),
    Pattern(Pattern),
    Ip(Network),
}

impl LineTest {
    pub(super) fn new(filter: &LineFilter) -> Result<Self, QueryError> {
        let matcher = |(kind, text): &(LineMatch, String)| {
            Ok(match kind {
                LineMatch::Contains => LineMatcher::Contains(text.clone()),
                LineMatch::Regex => LineMatcher::Regex(regex(text, false)?),
                LineMatch::Pattern => LineMatcher::Pattern(Pattern::filter(text)?),
                LineMatch::Ip => LineMatcher::Ip(Network::parse(text)?),
                LineMatch::Nothing => return Err(QueryError::parse("ip: invalid operation")),
            })
        };
        Ok(Self { negated: filter.negated, any: filter.any.iter().map(matcher).collect::<Result<_, QueryError>>()? })
    }

    pub(super) fn accepts(&self, line: &str) -> bool {
        let found = self.any.iter().any(|matcher| match matcher {
            LineMatcher::Contains(text) => line.contains(text.as_str()),
            LineMatcher::Regex(regex) => regex.is_match(line),
            LineMatcher::Pattern(pattern) => pattern.fits(line),
            LineMatcher::Ip(network) => network.occurs_in(line),
        });
        found != self.negated
    }
}

/// A condition on labels.
#[derive(Debug)]
pub(super) enum LabelTest {
    Text(String, Test),
    Ip { name: String, negated: bool, network: Network },
    Number { name: String, unit: Unit, op: BinaryOp, value: f64 },
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

impl LabelTest {
    pub(super) fn new(filter: &LabelFilter) -> Result<Self, QueryError> {
        Ok(match filter {
            LabelFilter::Text(matcher) => Self::Text(matcher.name.clone(), Test::new(matcher)?),
            LabelFilter::Ip { name, negated, pattern } => {
                Self::Ip { name: name.clone(), negated: *negated, network: Network::parse(pattern)? }
            }
            LabelFilter::Number { name, unit, op, value } => {
                Self::Number { name: name.clone(), unit: *unit, op: *op, value: *value }
            }
            LabelFilter::And(left, right) => Self::And(Box::new(Self::new(left)?), Box::new(Self::new(right)?)),
            LabelFilter::Or(left, right) => Self::Or(Box::new(Self::new(left)?), Box::new(Self::new(right)?)),
        })
    }

    pub(super) fn accepts(&self, entry: &mut Entry<'_>) -> bool {
        match self {
            Self::Text(name, test) => test.accepts(entry.get(name).unwrap_or("")),
            // Lines that are marked already pass, so that their fault can be seen.
            Self::Ip { .. } if entry.has_error() => true,
            Self::Ip { name, negated, network } => match entry.get(name) {
                None => false,
                Some(value) => network.occurs_in(value) != *negated,
            },
            Self::Number { name, unit, op, value } => {
                let Some(text) = entry.get(name) else { return false };
                if entry.has_error() {
                    return true;
                }
                match units::parse(text, *unit) {
                    Ok(number) => op.apply(number, *value) == 1.0,
                    Err(details) => {
                        entry.fail("LabelFilterErr", details);
                        true
                    }
                }
            }
            Self::And(left, right) => left.accepts(entry) && right.accepts(entry),
            Self::Or(left, right) => left.accepts(entry) || right.accepts(entry),
        }
    }
}

/// An address, CIDR or range of addresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Network {
    first: u128,
    last: u128,
    v4: bool,
}

impl Network {
    fn parse(text: &str) -> Result<Self, QueryError> {
        let refused = || QueryError::parse(format!("ip: invalid pattern: {text:?}"));
        let address = |text: &str| text.trim().parse::<IpAddr>().map_err(|_malformed| refused());
        if let Some((first, last)) = text.split_once('-') {
            let (first, last) = (address(first)?, address(last)?);
            return Ok(Self { first: bits(first), last: bits(last), v4: first.is_ipv4() });
        }
        let Some((base, length)) = text.split_once('/') else {
            let one = address(text)?;
            return Ok(Self { first: bits(one), last: bits(one), v4: one.is_ipv4() });
        };
        let base = address(base)?;
        let width: u32 = if base.is_ipv4() { 32 } else { 128 };
        let length: u32 = length.parse().map_err(|_malformed| refused())?;
        let host = width.checked_sub(length).ok_or_else(refused)?;
        let mask = if host == 128 { u128::MAX } else { (1u128 << host) - 1 };
        Ok(Self { first: bits(base) & !mask, last: bits(base) | mask, v4: base.is_ipv4() })
    }

    /// Whether some address inside stands in the text.
    fn occurs_in(self, text: &str) -> bool {
        let candidates = text.split(|c: char| !(c.is_ascii_hexdigit() || c == '.' || c == ':'));
        let mut addresses =
            candidates.filter(|word| word.contains(if self.v4 { '.' } else { ':' })).filter_map(|word| {
                word.trim_matches('.').parse::<IpAddr>().ok().or_else(|| word.split_once(':')?.0.parse().ok())
            });
        addresses.any(|address| address.is_ipv4() == self.v4 && (self.first..=self.last).contains(&bits(address)))
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
