//! What a group is by its path alone: a container of some runtime and its id, or a group of the system.

/// Who made a container, as far as the path tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runtime {
    Docker,
    Containerd,
    CriO,
    Podman,
    /// A container's id without a word about its runtime.
    Unknown,
}

impl Runtime {
    /// The namespace under which its containers' names are unique.
    pub(super) const fn namespace(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Containerd => "containerd",
            Self::CriO => "crio",
            Self::Podman => "podman",
            Self::Unknown => "container",
        }
    }
}

/// Beginnings of a group's own name, as the runtimes' drivers give them.
const PREFIXES: [(&str, Runtime); 6] = [
    ("docker-", Runtime::Docker),
    ("cri-containerd-", Runtime::Containerd),
    ("nerdctl-", Runtime::Containerd),
    ("crio-", Runtime::CriO),
    ("libpod-", Runtime::Podman),
    ("containerd-", Runtime::Containerd),
];

/// Digits of an id.
const ID_DIGITS: usize = 64;

/// The container that a path is: runtime and id.
pub(super) fn container(path: &str) -> Option<(Runtime, &str)> {
    let (parent, leaf) = path.rsplit_once('/')?;
    let leaf = leaf.strip_suffix(".scope").unwrap_or(leaf);
    // `cri-containerd:ID` and `kubepods-...slice:cri-containerd:ID` are what runc makes of systemd names without systemd.
    let leaf = leaf.rsplit_once(':').map_or(leaf, |(_, id)| id);
    if is_id(leaf) {
        let runtime = match parent.rsplit_once('/').map_or(parent, |(_, name)| name) {
            "docker" => Runtime::Docker,
            "libpod_parent" => Runtime::Podman,
            "default" | "k8s.io" | "moby" => Runtime::Containerd,
            _ if path.contains("cri-containerd:") => Runtime::Containerd,
            _ if path.contains("crio:") => Runtime::CriO,
            _ => Runtime::Unknown,
        };
        return Some((runtime, leaf));
    }
    PREFIXES.iter().find_map(|(prefix, runtime)| {
        let id = leaf.strip_prefix(prefix).filter(|id| is_id(id))?;
        Some((*runtime, id))
    })
}

fn is_id(text: &str) -> bool {
    text.len() == ID_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Wire: groups of mounts are nobody's containers and are left out (`container/systemd/factory.go`).
pub(super) fn is_mount(path: &str) -> bool {
    path.ends_with(".mount")
}

/// The first twelve digits of an id, as people write it.
pub(super) fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_runtime_and_id() {
        let id = "0123456789abcdef".repeat(4);
        let cases = [
            ("/docker/ID", Some(Runtime::Docker)),
            ("/system.slice/docker-ID.scope", Some(Runtime::Docker)),
            (
                "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod1.slice/cri-containerd-ID.scope",
                Some(Runtime::Containerd),
            ),
            ("/kubepods/burstable/pod12-34/ID", Some(Runtime::Unknown)),
            ("/kubepods/burstable/pod12-34/crio-ID", Some(Runtime::CriO)),
            ("/system.slice/kubepods.slice:cri-containerd:ID", Some(Runtime::Containerd)),
            ("/machine.slice/libpod-ID.scope", Some(Runtime::Podman)),
            ("/libpod_parent/libpod-ID", Some(Runtime::Podman)),
            ("/default/ID", Some(Runtime::Containerd)),
            ("/machine.slice/libpod-conmon-ID.scope", None),
            ("/crio-conmon-ID.scope", None),
            ("/libpod_parent/libpod-ID/container", None),
            ("/system.slice/nginx.service", None),
            ("/", None),
            ("", None),
        ];
        for (path, runtime) in cases {
            let path = path.replace("ID", &id);
            let expected = runtime.map(|runtime| (runtime, id.as_str()));
            assert_eq!(container(&path), expected, "{path}");
        }
    }
}
