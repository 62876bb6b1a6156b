//! Pages against the expected outputs of 0.47 and 0.60: every family with its help, type, series, labels and times.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use gw_collect::container::model::{Container, Machine};
use gw_collect::container::{Compat, LabelPolicy, MetricSet, MetricSets, PageOptions, render};
use gw_testkit::Suite;

use super::fake;

fn options(compat: Compat) -> PageOptions {
    let fixed = vec![("zone_name".to_owned(), "hello".to_owned())];
    PageOptions { sets: MetricSets::all(), compat, labels: LabelPolicy { all: true, listed: Vec::new(), fixed } }
}

/// Lines of a page by family, as sets: which of two equal families' samples comes first is nobody's business.
fn families(text: &str) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut families: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let words = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
        let name = words.split(['{', ' ']).next().unwrap_or_default();
        families.entry(name).or_default().insert(line.trim_end());
    }
    families
}

fn compare(suite: &mut Suite, file: &str, ours: &str, of_the_machine: bool) -> Result<()> {
    let Some(folder) = gw_testkit::conformance("hosts/cadvisor") else { return Ok(()) };
    let expected = std::fs::read_to_string(folder.join(file)).context(file.to_owned())?;
    let (expected, ours) = (families(&expected), families(ours));
    let is_asked = |name: &str| name.starts_with("machine_") == of_the_machine;
    let names: BTreeSet<&str> = expected.keys().chain(ours.keys()).copied().filter(|name| is_asked(name)).collect();
    for name in names {
        suite.case(&format!("{file}:{name}"), || {
            let none = BTreeSet::new();
            let (expected, ours) = (expected.get(name).unwrap_or(&none), ours.get(name).unwrap_or(&none));
            let missing: Vec<_> = expected.difference(ours).collect();
            let surplus: Vec<_> = ours.difference(expected).collect();
            ensure!(missing.is_empty() && surplus.is_empty(), "missing {missing:#?}\nsurplus {surplus:#?}");
            Ok(())
        });
    }
    Ok(())
}

#[test]
fn pages_are_those_of_the_original() -> Result<()> {
    if gw_testkit::conformance("hosts/cadvisor").is_none() {
        return Ok(());
    }
    let (containers, machine) = ([fake::container()], fake::machine());
    let mut suite = Suite::new("cAdvisor pages");
    for (compat, version) in [(Compat::V0_47, "v0.47.0"), (Compat::V0_60, "v0.60.5")] {
        let text = render(Some(&containers), Some(&machine), &options(compat));
        compare(&mut suite, &format!("prometheus_metrics-{version}.txt"), &text, false)?;
        compare(&mut suite, &format!("prometheus_machine_metrics-{version}.txt"), &text, true)?;
    }
    let text = render(None, None, &options(Compat::V0_47));
    compare(&mut suite, "prometheus_metrics_failure-v0.47.0.txt", &text, false)?;
    compare(&mut suite, "prometheus_machine_metrics_failure-v0.47.0.txt", &text, true)?;
    suite.finish();
    Ok(())
}

/// The table of the documentation: every metric that needs no special library, and its set.
#[test]
fn sets_switch_the_families_of_the_documentation() -> Result<()> {
    let Some(folder) = gw_testkit::conformance("hosts/cadvisor") else { return Ok(()) };
    let table = std::fs::read_to_string(folder.join("metric-table-v0.47.0.txt"))?;
    let mut container = fake::container();
    container.spec.memory = Some(gw_collect::container::model::MemorySpec { limit: 1, reservation: 2, swap_limit: 3 });
    let containers = [container];
    let mut suite = Suite::new("cAdvisor's table of metrics");
    for line in table.lines() {
        let columns: Vec<&str> = line.split('|').map(str::trim).collect();
        let (name, set) = (columns[0].trim_matches('`').to_owned(), columns.get(4).copied().unwrap_or_default());
        suite.case(&name.clone(), || {
            let known = render(Some(&containers), Some(&fake::machine()), &options(Compat::V0_47));
            let type_line = format!("# TYPE {name} ");
            ensure!(known.contains(&type_line), "no such family");
            let kind = known.lines().find_map(|line| line.strip_prefix(&type_line)).unwrap_or_default();
            ensure!(kind.eq_ignore_ascii_case(columns[1]), "type {kind} instead of {}", columns[1]);
            if !matches!(set, "" | "-") {
                let all_but = MetricSets::of(&[], Some(&[set.to_owned()])).map_err(anyhow::Error::msg)?;
                let options = PageOptions { sets: all_but, ..options(Compat::V0_47) };
                let without = render(Some(&containers), Some(&fake::machine()), &options);
                ensure!(!without.contains(&type_line), "it is told although {set} is off");
            }
            Ok(())
        });
    }
    suite.finish();
    Ok(())
}

#[test]
fn labels_follow_the_policy() {
    let mut plain = Container { path: "/plain".to_owned(), ..fake::container() };
    plain.aliases.clear();
    plain.spec.labels.clear();
    plain.spec.envs.clear();
    plain.spec.image.clear();
    let containers = [fake::container(), plain];
    let line = |policy: LabelPolicy, id: &str| {
        let options = PageOptions { labels: policy, ..options(Compat::V0_47) };
        let page = render(Some(&containers), None, &options);
        let wanted =
            |line: &&str| line.starts_with("container_memory_cache{") && line.contains(&format!("id=\"{id}\""));
        page.lines().find(wanted).unwrap().to_owned()
    };
    let policy = |all, listed: &[&str]| LabelPolicy {
        all,
        listed: listed.iter().map(|label| (*label).to_owned()).collect(),
        fixed: Vec::new(),
    };
    assert_eq!(
        line(policy(true, &[]), "/plain"),
        "container_memory_cache{container_env_foo_env=\"\",container_label_foo_label=\"\",id=\"/plain\",image=\"\",\
         name=\"\"} 14 1395066363000"
    );
    assert_eq!(
        line(policy(false, &[]), "testcontainer"),
        "container_memory_cache{id=\"testcontainer\",image=\"test\",name=\"testcontaineralias\"} 14 1395066363000"
    );
    assert!(line(policy(false, &["foo.label"]), "testcontainer").contains("{container_label_foo_label=\"bar\",id="));
    let none: PageOptions =
        PageOptions { sets: MetricSets::of(&["cpu".to_owned()], None).unwrap(), ..options(Compat::V0_60) };
    assert!(!none.sets.has(MetricSet::Memory));
    let page = render(Some(&containers), Some(&Machine::default()), &none);
    assert!(page.contains("container_cpu_user_seconds_total") && !page.contains("container_memory_cache"));
}
