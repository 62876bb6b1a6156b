//! Exposition text as families whose samples are complete and in order, for the `textfile` collector.

use gw_batch::MetricType;
use gw_formats::FormatError;
use gw_formats::exposition::{Dialect, Metadata, Sample, Visitor, parse as parse_text};
use gw_formats::number::write_page_float;

/// The families of a file, or why it is left out.
pub(super) type Parsed = Result<Vec<ParsedFamily>, String>;

/// A family of a file.
#[derive(Debug)]
pub(super) struct ParsedFamily {
    pub(super) name: String,
    pub(super) kind: MetricType,
    pub(super) help: Option<String>,
    pub(super) samples: Vec<ParsedSample>,
}

/// A sample of a family, or a part of a histogram or summary.
#[derive(Debug)]
pub(super) struct ParsedSample {
    pub(super) suffix: &'static str,
    /// In name order; `le` and `quantile` of a part stand last.
    pub(super) labels: Vec<(String, String)>,
    /// Order among parts; 0 for a sample that is whole.
    pub(super) rank: u32,
    pub(super) value: f64,
    /// The bound of a bucket or the quantile, by which parts are ordered.
    bound: f64,
}

/// Reads a file's text.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    if bytes.last().is_some_and(|last| *last != b'\n') {
        return Err("text format parsing error: unexpected end of input stream".to_owned());
    }
    let mut reader = Reader::default();
    parse_text(bytes, Dialect::Text, &mut reader).map_err(|error| error.to_string())?;
    if reader.has_time {
        return Err("textfile contains unsupported client-side timestamps, skipping entire file".to_owned());
    }
    for family in &mut reader.families {
        family.complete();
    }
    reader.families.retain(|family| !family.samples.is_empty());
    Ok(reader.families)
}

#[derive(Default)]
struct Reader {
    families: Vec<ParsedFamily>,
    has_time: bool,
}

impl Reader {
    fn family(&mut self, name: &str) -> &mut ParsedFamily {
        let at = self.families.iter().rposition(|family| family.name == name).unwrap_or_else(|| {
            let (kind, help, samples) = (MetricType::Unknown, None, Vec::new());
            self.families.push(ParsedFamily { name: name.to_owned(), kind, help, samples });
            self.families.len() - 1
        });
        &mut self.families[at]
    }

    /// The family that a sample's name belongs to, and what it is of it.
    fn place(&mut self, name: &str) -> (&mut ParsedFamily, &'static str) {
        for suffix in ["_bucket", "_sum", "_count"] {
            let Some(base) = name.strip_suffix(suffix) else { continue };
            let at = self.families.iter().position(|family| {
                let fits = match family.kind {
                    MetricType::Histogram => true,
                    MetricType::Summary => suffix != "_bucket",
                    _ => false,
                };
                fits && family.name == base
            });
            if let Some(at) = at {
                return (&mut self.families[at], suffix);
            }
        }
        (self.family(name), "")
    }
}

impl Visitor for Reader {
    fn sample(&mut self, sample: &Sample<'_>) -> Result<(), FormatError> {
        self.has_time |= sample.time.is_some();
        let (family, suffix) = self.place(sample.name);
        let inner = match (family.kind, suffix) {
            (MetricType::Histogram, "_bucket") => "le",
            (MetricType::Summary, "") => "quantile",
            _ => "",
        };
        let mut labels: Vec<(String, String)> =
            sample.labels.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut bound = f64::INFINITY;
        labels.sort_unstable();
        if let Some(at) = labels.iter().position(|(name, _)| name == inner) {
            let (name, value) = labels.remove(at);
            bound = value.trim_start_matches('+').parse().unwrap_or(f64::NAN);
            let mut text = String::new();
            write_page_float(&mut text, bound);
            labels.push((name, text));
        }
        family.samples.push(ParsedSample { suffix, labels, rank: 0, value: sample.value, bound });
        Ok(())
    }

    fn metadata(&mut self, family: &str, metadata: Metadata<'_>) -> Result<(), FormatError> {
        let family = self.family(family);
        match metadata {
            Metadata::Type(kind) => family.kind = kind,
            Metadata::Help(help) => family.help = Some(help.into_owned()),
            Metadata::Unit(_) => {}
        }
        Ok(())
    }
}

impl ParsedFamily {
    /// Gives every sample every label of the family, and orders the parts.
    fn complete(&mut self) {
        let is_inner = |name: &str| {
            self.kind == MetricType::Histogram && name == "le" || self.kind == MetricType::Summary && name == "quantile"
        };
        let mut names: Vec<String> =
            self.samples.iter().flat_map(|sample| &sample.labels).map(|(name, _)| name.clone()).collect();
        names.retain(|name| !is_inner(name));
        names.sort_unstable();
        names.dedup();
        for sample in &mut self.samples {
            let inner = sample.labels.pop_if(|(name, _)| is_inner(name));
            let value = |name: &String| {
                let known = sample.labels.iter().find(|(known, _)| known == name);
                (name.clone(), known.map(|(_, value)| value.clone()).unwrap_or_default())
            };
            let complete: Vec<(String, String)> = names.iter().map(value).collect();
            sample.labels = complete;
            sample.labels.extend(inner);
        }
        if !matches!(self.kind, MetricType::Histogram | MetricType::Summary) {
            return;
        }
        let outer = names.len();
        let order = |suffix: &str| match suffix {
            "_sum" => 1,
            "_count" => 2,
            _ => 0,
        };
        self.samples.sort_by(|a, b| {
            a.labels[..outer]
                .cmp(&b.labels[..outer])
                .then_with(|| order(a.suffix).cmp(&order(b.suffix)))
                .then_with(|| a.bound.total_cmp(&b.bound))
        });
        for (at, sample) in self.samples.iter_mut().enumerate() {
            sample.rank = at as u32 + 1;
        }
    }
}
