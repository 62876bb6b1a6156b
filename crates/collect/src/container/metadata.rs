//! What runtimes know of a container: names, image, labels, times. Asked of their APIs where there is a socket, else read from
//! the files that they leave; where there is neither, the id has to do.

use std::collections::BTreeMap;
use std::path::Path;

use gw_base::Timestamp;
use serde_json::Value;

use super::config::ContainerPaths;
use super::identity::{Runtime, short};
use super::model::Health;
use super::unix_http;

/// Largest file of a runtime that is read.
const MAX_BYTES: u64 = 8 << 20;
/// Longest label or variable that is kept.
const MAX_VALUE: usize = 4096;
/// Most labels that are kept of one container.
const MAX_LABELS: usize = 256;

/// What is known of a container.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metadata {
    pub(super) aliases: Vec<String>,
    pub(super) namespace: String,
    pub(super) image: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) envs: BTreeMap<String, String>,
    pub(super) created: Option<Timestamp>,
    pub(super) started: Option<Timestamp>,
    pub(super) health: Option<Health>,
    /// Whether it has network devices of its own; those of a pod belong to the pod's first container.
    pub(super) shares_network: bool,
    /// Whether a runtime told it, or only the path did.
    pub(super) is_certain: bool,
}

/// Asks everybody who may know, the likeliest first.
pub(super) fn find(paths: &ContainerPaths, envs: &[String], (runtime, id): (Runtime, &str)) -> Metadata {
    let docker = || api(&paths.docker, id, "docker").or_else(|| docker_file(&paths.docker_root, id));
    let podman = || api(&paths.podman, id, "podman").or_else(|| storage_file(&paths.containers_storage, id));
    let containerd = || containerd(&paths.containerd_state, id);
    let crio = || crio(&paths.containers_run, id);
    let found = match runtime {
        Runtime::Docker => docker(),
        Runtime::Podman => podman(),
        Runtime::Containerd => containerd().or_else(docker),
        Runtime::CriO => crio(),
        Runtime::Unknown => containerd().or_else(crio).or_else(docker).or_else(podman),
    };
    let mut found = found.unwrap_or_else(|| Metadata {
        aliases: vec![short(id).to_owned()],
        namespace: runtime.namespace().to_owned(),
        ..Metadata::default()
    });
    found.envs.retain(|name, _| envs.iter().any(|prefix| !prefix.is_empty() && name.starts_with(prefix.as_str())));
    found
}

/// The answer of Docker's API, which Podman speaks too.
fn api(socket: &str, id: &str, namespace: &str) -> Option<Metadata> {
    if socket.is_empty() || !Path::new(socket).exists() {
        return None;
    }
    match unix_http::get(socket, &format!("/v1.24/containers/{id}/json")) {
        Ok(Some(body)) => Some(of_docker(&serde_json::from_slice(&body).ok()?, id, namespace)),
        Ok(None) => None,
        Err(error) => {
            tracing::debug!(error, "a container runtime did not answer");
            None
        }
    }
}

/// Version of Docker and of its API, where it answers.
pub(super) fn docker_version(socket: &str) -> Option<(String, String)> {
    if socket.is_empty() || !Path::new(socket).exists() {
        return None;
    }
    let body = unix_http::get(socket, "/version").ok().flatten()?;
    let version: Value = serde_json::from_slice(&body).ok()?;
    Some((text(&version["Version"]), text(&version["ApiVersion"])))
}

/// What Docker keeps of a container: the same words as its API in another arrangement.
fn docker_file(root: &str, id: &str) -> Option<Metadata> {
    let file = json(&Path::new(root).join("containers").join(id).join("config.v2.json"))?;
    Some(of_docker(&file, id, "docker"))
}

fn of_docker(value: &Value, id: &str, namespace: &str) -> Metadata {
    let config = &value["Config"];
    let name = text(&value["Name"]).trim_start_matches('/').to_owned();
    let variables = config["Env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let envs = variables.filter_map(|variable| variable.split_once('='));
    let health = match value["State"]["Health"]["Status"].as_str() {
        Some("healthy") => Some(Health::Healthy),
        Some("starting") => Some(Health::Starting),
        Some("unhealthy") => Some(Health::Unhealthy),
        _ => None,
    };
    let network = value["HostConfig"]["NetworkMode"].as_str().unwrap_or_default();
    Metadata {
        aliases: [name, id.to_owned()].into_iter().filter(|alias| !alias.is_empty()).collect(),
        namespace: namespace.to_owned(),
        image: text(&config["Image"]),
        labels: map(&config["Labels"]),
        envs: envs.take(MAX_LABELS).map(|(name, value)| (name.to_owned(), bounded(value))).collect(),
        created: time(&value["Created"]),
        started: time(&value["State"]["StartedAt"]),
        health,
        shares_network: network.starts_with("container:"),
        is_certain: true,
    }
}

/// `containers.json` of containers/storage, which Podman and CRI-O share: names and image, but no labels.
fn storage_file(root: &str, id: &str) -> Option<Metadata> {
    let drivers = std::fs::read_dir(root).ok()?.filter_map(Result::ok);
    let lists = drivers.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.ends_with("-containers")));
    lists.filter_map(|entry| json(&entry.path().join("containers.json"))).find_map(|list| {
        let known = list.as_array()?.iter().find(|container| container["id"] == id)?;
        let inner: Value = serde_json::from_str(known["metadata"].as_str().unwrap_or_default()).unwrap_or_default();
        let names = known["names"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        Some(Metadata {
            aliases: names.chain([id.to_owned()]).collect(),
            namespace: Runtime::Podman.namespace().to_owned(),
            image: text(&inner["image-name"]),
            created: time(&known["created"]),
            is_certain: true,
            ..Metadata::default()
        })
    })
}

/// What containerd runs: one folder a namespace, in it one a container with its OCI configuration.
fn containerd(state: &str, id: &str) -> Option<Metadata> {
    let namespaces = std::fs::read_dir(state).ok()?.filter_map(Result::ok);
    namespaces.into_iter().find_map(|namespace| {
        // Docker's containers are in containerd as well, and Docker knows more of them.
        let of_docker = namespace.file_name() == "moby";
        let oci = json(&namespace.path().join(id).join("config.json")).filter(|_| !of_docker)?;
        let annotations = map(&oci["annotations"]);
        let note = |name: &str| annotations.get(name).cloned().unwrap_or_default();
        let mut labels = kubernetes(
            &note,
            [
                "io.kubernetes.cri.container-name",
                "io.kubernetes.cri.sandbox-name",
                "io.kubernetes.cri.sandbox-namespace",
                "io.kubernetes.cri.sandbox-uid",
            ],
        );
        let is_sandbox = note("io.kubernetes.cri.container-type") == "sandbox";
        if is_sandbox {
            labels.insert("io.kubernetes.container.name".to_owned(), "POD".to_owned());
        }
        let own_name = [note("nerdctl/name"), note("io.containerd.container.name")];
        let name = own_name.into_iter().find(|name| !name.is_empty());
        Some(Metadata {
            aliases: name.into_iter().chain([id.to_owned()]).collect(),
            namespace: Runtime::Containerd.namespace().to_owned(),
            image: note("io.kubernetes.cri.image-name"),
            shares_network: !labels.is_empty() && !is_sandbox,
            labels,
            envs: environment(&oci),
            is_certain: true,
            ..Metadata::default()
        })
    })
}

/// What CRI-O runs: the OCI configuration with its annotations.
fn crio(run: &str, id: &str) -> Option<Metadata> {
    let drivers = std::fs::read_dir(run).ok()?.filter_map(Result::ok);
    drivers.into_iter().find_map(|driver| {
        let oci = json(&driver.path().join(id).join("userdata/config.json"))?;
        let annotations = map(&oci["annotations"]);
        let note = |name: &str| annotations.get(name).cloned().unwrap_or_default();
        let own: Value = serde_json::from_str(&note("io.kubernetes.cri-o.Labels")).unwrap_or_default();
        let mut labels = kubernetes(
            &note,
            [
                "io.kubernetes.container.name",
                "io.kubernetes.pod.name",
                "io.kubernetes.pod.namespace",
                "io.kubernetes.pod.uid",
            ],
        );
        labels.extend(map(&own));
        let name = note("io.kubernetes.cri-o.Name");
        Some(Metadata {
            aliases: [name, id.to_owned()].into_iter().filter(|alias| !alias.is_empty()).collect(),
            namespace: Runtime::CriO.namespace().to_owned(),
            image: note("io.kubernetes.cri-o.ImageName"),
            shares_network: note("io.kubernetes.cri-o.ContainerType") != "sandbox",
            labels,
            envs: environment(&oci),
            created: time(&Value::String(note("io.kubernetes.cri-o.Created"))),
            is_certain: true,
            ..Metadata::default()
        })
    })
}

/// Labels by which Kubernetes' dashboards know containers, from annotations under other names.
fn kubernetes(note: &impl Fn(&str) -> String, sources: [&str; 4]) -> BTreeMap<String, String> {
    let names = [
        "io.kubernetes.container.name",
        "io.kubernetes.pod.name",
        "io.kubernetes.pod.namespace",
        "io.kubernetes.pod.uid",
    ];
    let pairs = names.into_iter().zip(sources).map(|(name, source)| (name.to_owned(), note(source)));
    pairs.filter(|(_, value)| !value.is_empty()).collect()
}

fn environment(oci: &Value) -> BTreeMap<String, String> {
    let variables = oci["process"]["env"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let pairs = variables.filter_map(|variable| variable.split_once('='));
    pairs.take(MAX_LABELS).map(|(name, value)| (name.to_owned(), bounded(value))).collect()
}

fn json(path: &Path) -> Option<Value> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn text(value: &Value) -> String {
    bounded(value.as_str().unwrap_or_default())
}

fn bounded(value: &str) -> String {
    let end = value.floor_char_boundary(MAX_VALUE);
    value.get(..end).unwrap_or_default().to_owned()
}

fn map(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    pairs.filter_map(|(name, value)| Some((bounded(name), bounded(value.as_str()?)))).take(MAX_LABELS).collect()
}

/// Wire: Go writes the year 1 for "never".
fn time(value: &Value) -> Option<Timestamp> {
    let at: jiff::Timestamp = value.as_str()?.parse().ok()?;
    let at = Timestamp::from_nanos(i64::try_from(at.as_nanosecond()).ok()?);
    (at > Timestamp::EPOCH).then_some(at)
}
