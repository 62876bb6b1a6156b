//! The versions of the API: what may be asked of each, and answering it.

use std::time::Duration;

use gw_base::World;
use gw_collect::Containers;
use gw_collect::container::Snapshot;
use gw_collect::container::model::Container;
use serde_json::{Map, Value, json};
use std::sync::Arc;

use crate::errors::ApiError;
use crate::params::{Options, Question, Window};
use crate::{render, usage};

/// Every version, and what may be asked of it; both in the order in which they are listed.
pub(crate) const VERSIONS: [(&str, &[&str]); 6] = [
    ("v1.0", &["containers", "machine"]),
    ("v1.1", &["containers", "machine", "subcontainers"]),
    ("v1.2", &["containers", "docker", "machine", "subcontainers"]),
    ("v1.3", &["containers", "docker", "events", "machine", "subcontainers"]),
    ("v2.0", &V2),
    (
        "v2.1",
        &[
            "appmetrics",
            "attributes",
            "events",
            "machine",
            "machinestats",
            "ps",
            "spec",
            "stats",
            "storage",
            "summary",
            "version",
        ],
    ),
];

const V2: [&str; 10] =
    ["appmetrics", "attributes", "events", "machine", "ps", "spec", "stats", "storage", "summary", "version"];

/// Readings that are younger are good enough where nobody says how old they may be.
const FRESH: Duration = Duration::from_secs(1);

/// Checks version and type.
///
/// # Errors
/// In cAdvisor's words, also where only the list is asked for.
pub(crate) fn check(question: &Question) -> Result<(), ApiError> {
    if question.version.is_empty() {
        let names: Vec<&str> = VERSIONS.iter().map(|(name, _)| *name).collect();
        return Err(ApiError::incomplete(format!("Supported API versions: {}", names.join(","))));
    }
    let known = VERSIONS.iter().find(|(name, _)| *name == question.version);
    let Some((_, kinds)) = known else {
        return Err(ApiError::failed(format!("unsupported API version {:?}", question.version)));
    };
    if question.kind.is_empty() {
        return Err(ApiError::incomplete(format!("Supported request types: {:?}", kinds.join(","))));
    }
    if !kinds.contains(&question.kind.as_str()) {
        return Err(ApiError::failed(format!("unknown request type {:?}", question.kind)));
    }
    Ok(())
}

/// Who answers.
pub(crate) struct Office<'a> {
    pub(crate) containers: &'a Containers,
    pub(crate) world: &'a Arc<dyn World>,
}

impl Office<'_> {
    fn snapshot(&self, max_age: Duration) -> Snapshot {
        self.containers.snapshot(self.world, max_age)
    }

    /// Answers a question of version 1.
    ///
    /// # Errors
    /// In cAdvisor's words.
    pub(crate) fn v1(&self, question: &Question, body: &[u8]) -> Result<Value, ApiError> {
        let path = question.path();
        let window = Window::parse(body)?;
        let snapshot = self.snapshot(FRESH);
        let all = &snapshot.containers;
        match question.kind.as_str() {
            "machine" => Ok(usage::machine(&snapshot.machine)),
            "containers" => {
                let found = all.iter().find(|container| container.path == path);
                let found = found.ok_or_else(|| {
                    ApiError::unknown(&path).behind(&format!("failed to get container {path:?} with error: "))
                })?;
                Ok(render::container(found, all, window))
            }
            "subcontainers" => {
                let below = all.iter().filter(|container| is_within(&container.path, &path));
                let below: Vec<Value> = below.map(|container| render::container(container, all, window)).collect();
                if below.is_empty() {
                    let words = format!("failed to get subcontainers for container {path:?} with error: ");
                    return Err(ApiError::failed("no containers found").behind(&words));
                }
                Ok(below.into())
            }
            _ => docker(question, all, window),
        }
    }

    /// Answers a question of version 2.
    ///
    /// # Errors
    /// In cAdvisor's words.
    pub(crate) fn v2(
        &self,
        question: &Question,
        options: &Options,
        (label, uuid): (Option<&str>, Option<&str>),
    ) -> Result<Value, ApiError> {
        let path = question.path();
        let snapshot = self.snapshot(options.max_age.unwrap_or(FRESH));
        let machine = &snapshot.machine;
        let version = machine.cadvisor.as_ref().map_or("", |(_, version)| version.as_str());
        match question.kind.as_str() {
            "version" => return Ok(version.into()),
            "attributes" => return Ok(usage::attributes(machine, version)),
            "machine" => return Ok(usage::machine(machine)),
            "storage" => return storage(&snapshot, label, uuid),
            "machinestats" => {
                let root = snapshot.containers.iter().find(|container| container.path == "/");
                let root = root.ok_or_else(|| ApiError::unknown("/"))?;
                return Ok(usage::machine_stats(root, options.window));
            }
            _ => {}
        }
        let found = requested(&snapshot.containers, &path, options)?;
        let now = self.world.now();
        let each = |render: &dyn Fn(&Container) -> Value| -> Value {
            found.iter().map(|container| (container.path.clone(), render(container))).collect::<Map<_, _>>().into()
        };
        match (question.kind.as_str(), question.version.as_str()) {
            ("summary", _) => Ok(each(&|container| usage::summary(container, now))),
            ("spec", _) => Ok(each(&usage::spec)),
            ("stats", "v2.0") => Ok(each(&|container| usage::stats_v2_0(container, options.window))),
            ("stats", _) => {
                // Wire: the machine is told by `machinestats`.
                let found = found.iter().filter(|container| container.path != "/");
                let one =
                    |container: &&Container| (container.path.clone(), usage::container_v2_1(container, options.window));
                Ok(found.map(one).collect::<Map<_, _>>().into())
            }
            ("ps", _) => self.processes(&found),
            // What applications tell is not read, see compat.md.
            _ => Ok(json!({path: {}})),
        }
    }

    fn processes(&self, found: &[&Container]) -> Result<Value, ApiError> {
        let [one] = found else {
            let words = "process listing failed: Expected the request to match only one container";
            return Err(ApiError::failed(words));
        };
        let listed = self.containers.processes(self.world, &one.path);
        let listed = listed.ok_or_else(|| ApiError::unknown(&one.path).behind("process listing failed: "))?;
        Ok(usage::processes(&listed))
    }
}

fn is_within(path: &str, parent: &str) -> bool {
    path == parent || path.strip_prefix(parent.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// The Docker container of a name, an id, or the beginning of one.
fn of_namespace<'a>(all: &'a [Container], name: &str, namespace: &str) -> Result<&'a Container, ApiError> {
    let title = if namespace == "docker" { "Docker" } else { "Podman" };
    let mut own = all.iter().filter(|container| container.namespace == namespace);
    if let Some(exact) = own.clone().find(|container| container.aliases.iter().any(|alias| alias == name)) {
        return Ok(exact);
    }
    let mut starts = own.by_ref().filter(|container| container.aliases.iter().any(|alias| alias.starts_with(name)));
    match (starts.next(), starts.next()) {
        (Some(one), None) if !name.is_empty() => Ok(one),
        (Some(_), Some(_)) => {
            Err(ApiError::failed(format!("unable to find container. Container {name:?} is not unique")))
        }
        _ => Err(ApiError::failed(format!("unable to find {title} container {name:?}"))),
    }
}

/// Wire: containers of other runtimes are asked for by path; `docker` knows Docker's alone.
fn docker(question: &Question, all: &[Container], window: Window) -> Result<Value, ApiError> {
    let name = question.arguments.trim_end_matches('/');
    if name.contains('/') {
        let parts: Vec<&str> = name.split('/').collect();
        return Err(ApiError::failed(format!("unknown request for Docker container [{}]", parts.join(" "))));
    }
    let found: Vec<&Container> = if name.is_empty() {
        all.iter().filter(|container| container.namespace == "docker").collect()
    } else {
        let words = format!("failed to get Docker container {name:?} with error: ");
        vec![of_namespace(all, name, "docker").map_err(|error| error.behind(&words))?]
    };
    let one = |container: &&Container| (container.path.clone(), render::container(container, all, window));
    Ok(found.iter().map(one).collect::<Map<_, _>>().into())
}

/// The containers that a path and the options mean.
fn requested<'a>(all: &'a [Container], path: &str, options: &Options) -> Result<Vec<&'a Container>, ApiError> {
    match (options.namespace, options.recursive) {
        (None, false) => {
            let found = all.iter().find(|container| container.path == path);
            Ok(vec![found.ok_or_else(|| ApiError::unknown(path))?])
        }
        (None, true) => {
            let found: Vec<_> = all.iter().filter(|container| is_within(&container.path, path)).collect();
            if found.is_empty() { Err(ApiError::failed(format!("unknown container: {path:?}"))) } else { Ok(found) }
        }
        (Some(namespace), false) => Ok(vec![of_namespace(all, path.trim_start_matches('/'), namespace)?]),
        (Some(namespace), true) if path == "/" => {
            Ok(all.iter().filter(|container| container.namespace == namespace).collect())
        }
        (Some(namespace), true) => {
            let words = format!("invalid request for {namespace} container {path:?} with subcontainers");
            Err(ApiError::failed(words))
        }
    }
}

fn storage(snapshot: &Snapshot, label: Option<&str>, uuid: Option<&str>) -> Result<Value, ApiError> {
    if let Some(uuid) = uuid {
        return Err(ApiError::failed(format!("no filesystem with uuid {uuid:?} is known")));
    }
    let root = snapshot.containers.iter().find(|container| container.path == "/");
    let Some(stats) = root.and_then(|root| root.stats.last()) else { return Ok(json!([])) };
    let device = stats.filesystems.iter().find(|fs| fs.mount_point == "/").map(|fs| fs.device.as_str());
    if let Some(label) = label.filter(|label| *label != "root") {
        return Err(ApiError::failed(format!("failed to find device info with label {label}")));
    }
    Ok(usage::storage(stats, device, label))
}
