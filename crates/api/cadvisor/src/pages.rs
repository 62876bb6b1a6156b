//! Pages for people where our web UI does not stand beside the room: the tree of groups, and whether the machine is set up.

use std::fmt::Write as _;

use gw_collect::container::Snapshot;
use gw_collect::container::model::Container;

/// Which groups a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A group and its children.
    Tree,
    /// Containers of every runtime.
    Containers,
}

/// The page of a group.
pub(crate) fn containers(snapshot: &Snapshot, shown: Shown, path: &str, base: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    let listed = snapshot.containers.iter().filter(|container| match shown {
        Shown::Tree => container.path == path || parent(&container.path) == Some(path),
        Shown::Containers => !container.id.is_empty(),
    });
    let mut rows = String::new();
    for container in listed {
        row(container, base, &mut rows);
    }
    let title = escape(if shown == Shown::Tree { path } else { "containers" });
    page(
        &title,
        &format!(
            "<p><a href=\"{base}/containers/\">groups</a> · <a href=\"{base}/docker/\">containers</a> · \
             <a href=\"{base}/metrics\">metrics</a></p>\n<table><thead><tr><th>group</th><th>name</th><th>image</th>\
             <th>CPU s</th><th>working set</th><th>limit</th></tr></thead><tbody>\n{rows}</tbody></table>"
        ),
    )
}

fn row(container: &Container, base: &str, rows: &mut String) {
    let stats = container.stats.last();
    let seconds = stats.map_or(0.0, |stats| stats.cpu.total as f64 / 1e9);
    let memory = stats.map_or(0, |stats| stats.memory.working_set);
    let limit = container.spec.memory.map_or(0, |memory| memory.limit);
    let limit = if limit == 0 || limit > 1 << 62 { "none".to_owned() } else { mebibytes(limit) };
    let path = escape(&container.path);
    let name = escape(container.aliases.first().map_or("", String::as_str));
    let image = escape(&container.spec.image);
    let memory = mebibytes(memory);
    let written = writeln!(
        rows,
        "<tr><td><a href=\"{base}/containers{path}\">{path}</a></td><td>{name}</td><td>{image}</td>\
         <td>{seconds:.2}</td><td>{memory}</td><td>{limit}</td></tr>"
    );
    written.expect("writing to a String cannot fail");
}

fn mebibytes(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

fn parent(path: &str) -> Option<&str> {
    let (parent, leaf) = path.rsplit_once('/')?;
    (!leaf.is_empty()).then_some(if parent.is_empty() { "/" } else { parent })
}

/// Whether what is needed is there: cgroups with the controllers, processes, runtimes.
pub(crate) fn validation(snapshot: &Snapshot) -> String {
    let root = snapshot.containers.iter().find(|container| container.path == "/");
    let spec = root.map(|root| &root.spec);
    let containers = snapshot.containers.iter().filter(|container| !container.id.is_empty()).count();
    let machine = &snapshot.machine;
    let line = |what: &str, good: bool, words: String| {
        let verdict = if good { "[Supported and recommended]" } else { "[Not found]" };
        format!("{what}: {verdict}\n\t{words}\n\n")
    };
    let has = |good: Option<bool>| good.unwrap_or(false);
    let docker =
        if machine.docker.is_empty() { "not answering".to_owned() } else { format!("version {}", machine.docker) };
    let words = str::to_owned;
    let parts = [
        format!("cAdvisor API by Gatewatch {}\n\n", env!("CARGO_PKG_VERSION")),
        format!("OS version: {}\n\nKernel version: {}\n\n", machine.os, machine.kernel),
        line("Cgroup cpu", has(spec.map(|spec| spec.cpu.is_some())), words("CPU time and limits of groups.")),
        line("Cgroup memory", has(spec.map(|spec| spec.memory.is_some())), words("Memory and limits of groups.")),
        line("Cgroup io", has(spec.map(|spec| spec.has_disk_io)), words("Block devices of groups.")),
        line("Cgroup pids", has(spec.map(|spec| spec.threads_max.is_some())), words("Threads of groups.")),
        line("Docker", !machine.docker.is_empty(), docker),
        format!("Groups: {}, containers among them: {containers}\n", snapshot.containers.len()),
    ];
    let text = parts.concat();
    page("validation", &format!("<pre>{}</pre>", escape(&text)))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>cAdvisor - {title}</title>\n\
         <style>body{{font:14px system-ui;margin:2em}}td,th{{text-align:left;padding:2px 12px 2px 0}}</style></head>\n\
         <body>\n<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
