//! The pages: containers and machine as text for scrapers, and as rows for the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use gw_base::Timestamp;
use gw_batch::{MetricType, MetricsBuilder};
use gw_formats::exposition::Writer;
use gw_formats::number::write_page_float;

use super::config::Compat;
use super::families::{FAMILIES, Family, Reading};
use super::labels::{LabelPolicy, Rendered};
use super::machine_page;
use super::model::{Container, Machine, Stats};
use super::sets::{MetricSet, MetricSets};

/// How a page is made.
#[derive(Debug, Clone)]
pub struct PageOptions {
    /// Metric sets that are on.
    pub sets: MetricSets,
    /// Release whose families are told.
    pub compat: Compat,
    /// Labels.
    pub labels: LabelPolicy,
}

/// Families by name, as every Prometheus client library orders them.
static BY_NAME: LazyLock<Vec<&'static Family>> = LazyLock::new(|| {
    let mut families: Vec<&Family> = FAMILIES.iter().copied().flatten().collect();
    families.sort_by_key(|family| family.name);
    families
});

impl PageOptions {
    fn families(&self) -> impl Iterator<Item = &'static Family> {
        let (sets, compat) = (self.sets, self.compat);
        let wanted = move |family: &&&Family| family.since <= compat && family.set.is_none_or(|set| sets.has(set));
        BY_NAME.iter().filter(wanted).copied()
    }
}

/// The whole page: version, containers, machine. A part that could not be read is left out, and its error metric says so.
#[must_use]
pub fn render(containers: Option<&[Container]>, machine: Option<&Machine>, options: &PageOptions) -> String {
    let all = containers.unwrap_or_default();
    let read: Vec<_> = all.iter().filter_map(|one| Some((one, one.stats.last()?.as_ref()))).collect();
    render_read(containers.map(|_| read.as_slice()), machine, options)
}

/// A container with the reading that is told.
pub(super) type Read<'a> = (&'a Container, &'a Stats);

/// The same without copies.
pub(super) fn render_read(containers: Option<&[Read<'_>]>, machine: Option<&Machine>, options: &PageOptions) -> String {
    let mut text = String::new();
    if let Some(machine) = machine {
        machine_page::version(machine, &mut text);
    }
    render_containers(containers.unwrap_or_default(), options, &mut text);
    let help = "1 if there was an error while getting container metrics, 0 otherwise";
    error_family(("container_scrape_error", help), containers.is_none(), &mut text);
    machine_page::render(machine, options, &mut text);
    text
}

pub(super) fn error_family((name, help): (&str, &str), failed: bool, text: &mut String) {
    let mut writer = Writer::default();
    writer.family(name, MetricType::Gauge, help);
    writer.sample(name, [], f64::from(u8::from(failed)));
    text.push_str(writer.as_str());
}

fn render_containers(containers: &[Read<'_>], options: &PageOptions, text: &mut String) {
    let labels: Vec<_> = containers.iter().map(|(container, _)| options.labels.labels(container)).collect();
    // Wire: all series of a family have the same label names.
    let names: BTreeSet<String> = labels.iter().flatten().map(|(name, _)| name.clone()).collect();
    let rendered: Vec<Rendered> = labels.iter().map(|labels| Rendered::for_page(labels, &names)).collect();
    for family in options.families() {
        let before = text.len();
        header(family, text);
        let body = text.len();
        for ((container, stats), labels) in containers.iter().zip(&rendered) {
            let millis = family.timed.then(|| stats.time.millis());
            let reading = Reading { container, stats, compat: options.compat };
            (family.values)(reading, &mut |own, value| {
                text.push_str(family.name);
                labels.write_text(text, own);
                finish_sample(text, value, millis);
            });
        }
        if text.len() == body {
            text.truncate(before);
        }
    }
    if options.sets.has(MetricSet::App) {
        custom(containers, &rendered, text);
    }
}

fn header(family: &Family, text: &mut String) {
    let mut writer = Writer::default();
    writer.family(family.name, family.kind, family.help);
    text.push_str(writer.as_str());
}

pub(super) fn finish_sample(text: &mut String, value: f64, millis: Option<i64>) {
    text.push(' ');
    write_page_float(text, value);
    if let Some(millis) = millis {
        text.push(' ');
        text.push_str(&millis.to_string());
    }
    text.push('\n');
}

/// What applications tell, under names of their own.
fn custom(containers: &[Read<'_>], rendered: &[Rendered], text: &mut String) {
    let mut families: BTreeMap<&str, Vec<(usize, &super::model::CustomValue)>> = BTreeMap::new();
    for (at, (_, stats)) in containers.iter().enumerate() {
        for (name, values) in stats.rare.iter().flat_map(|rare| &rare.custom) {
            families.entry(name).or_default().extend(values.iter().map(|value| (at, value)));
        }
    }
    for (name, values) in families {
        let mut writer = Writer::default();
        writer.family(name, MetricType::Gauge, "Custom application metric.");
        text.push_str(writer.as_str());
        for (at, value) in values {
            let own: Vec<(String, &str)> =
                value.labels.iter().map(|(label, value)| (format!("app_{label}"), value.as_str())).collect();
            let own: Vec<(&str, &str)> = own.iter().map(|(label, value)| (label.as_str(), *value)).collect();
            text.push_str(name);
            rendered[at].write_text(text, &own);
            finish_sample(text, value.value, None);
        }
    }
}

/// Rows for the store at one time; empty values are left out, as Prometheus leaves them out.
pub(super) fn rows(
    containers: &[Read<'_>],
    machine: Option<&Machine>,
    options: &PageOptions,
    (at, job, instance): (Timestamp, &str, &str),
    with_metadata: bool,
) -> MetricsBuilder {
    let mut rows = MetricsBuilder::default();
    let rendered: Vec<Rendered> = containers
        .iter()
        .map(|(container, _)| Rendered::for_store(&options.labels.labels(container), job, instance))
        .collect();
    let mut series = Vec::new();
    for family in options.families() {
        let before = rows.len();
        for ((container, stats), labels) in containers.iter().zip(&rendered) {
            (family.values)(Reading { container, stats, compat: options.compat }, &mut |own, value| {
                labels.write_canonical(&mut series, family.name, own);
                let key = rows.fresh_series(&series);
                rows.sample(key, at, value);
            });
        }
        if with_metadata && rows.len() > before {
            rows.metadata(family.name, family.kind, "", family.help, at);
        }
    }
    if let Some(machine) = machine {
        machine_page::rows(machine, options, &mut rows, (at, job, instance));
    }
    rows
}
