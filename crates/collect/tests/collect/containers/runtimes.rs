//! Names: from Docker's API, from the files of Docker, Podman, containerd and CRI-O, and from the path alone.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;

use super::tree::{ID, Tree};

/// Labels of the container's line of `container_last_seen`.
fn labels(tree: &Tree) -> String {
    let page = tree.watch().page();
    let line = page.lines().find(|line| line.starts_with("container_last_seen{") && line.contains(ID));
    line.and_then(|line| line.strip_prefix("container_last_seen{")?.split("} ").next().map(str::to_owned)).unwrap()
}

fn tree(group: &str) -> Tree {
    let tree = Tree::new();
    tree.write("cgroup/cgroup.controllers", "cpu memory\n");
    tree.write(&format!("cgroup{}/cpu.stat", group.replace("ID", ID)), "usage_usec 5\n");
    tree
}

/// Answers one connection after the other in chunks, as Docker does, until the socket's file is gone.
fn serve(tree: &Tree, name: &str, answer: &'static str) {
    let listener = UnixListener::bind(tree.root.join(name)).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().filter_map(Result::ok) {
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let asked = String::from_utf8_lossy(&request[..length]).into_owned();
            let body =
                if asked.starts_with("GET /version") { r#"{"Version":"24.0.7","ApiVersion":"1.43"}"# } else { answer };
            let chunks = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
                body.len()
            );
            stream.write_all(chunks.as_bytes()).unwrap_or_default();
        }
    });
}

const INSPECTED: &str = r#"{"Name":"/web","Created":"2023-11-14T20:00:00.5Z","State":{"StartedAt":"2023-11-14T21:00:00Z",
    "Health":{"Status":"healthy"}},"Config":{"Image":"nginx:1.25","Labels":{"com.example.team":"a\"b"},
    "Env":["LANG=ko_KR.UTF-8","SECRET=x"]},"HostConfig":{"NetworkMode":"default"}}"#;

#[test]
fn docker_is_asked() {
    let tree = tree("/docker/ID");
    serve(&tree, "docker.sock", INSPECTED);
    let expected =
        format!("container_label_com_example_team=\"a\\\"b\",id=\"/docker/{ID}\",image=\"nginx:1.25\",name=\"web\"");
    assert_eq!(labels(&tree), expected);
    let mut config = tree.config();
    config.env_metadata_whitelist = vec!["LANG".to_owned()];
    let page = tree.watch_with(&config).page();
    assert!(page.contains("container_env_LANG=\"ko_KR.UTF-8\"") && !page.contains("SECRET"));
    assert!(page.contains("dockerVersion=\"24.0.7\""));
    let value = |name: &str| {
        let line = page.lines().find(|line| line.starts_with(name) && line.contains("name=\"web\"")).unwrap();
        line.rsplit_once("} ").unwrap().1.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(value("container_health_state"), "1");
    assert_eq!(value("container_creation_time_seconds"), "1.699992e+09");
    assert_eq!(value("container_start_time_seconds"), "1.6999956e+09");
}

#[test]
fn podman_is_asked_for_its_own() {
    let tree = tree("/machine.slice/libpod-ID.scope");
    serve(&tree, "podman.sock", INSPECTED);
    assert!(labels(&tree).ends_with("image=\"nginx:1.25\",name=\"web\""), "{}", labels(&tree));
}

#[test]
fn files_tell_where_no_socket_answers() {
    let docker = tree("/docker/ID");
    docker.write(&format!("var/lib/docker/containers/{ID}/config.v2.json"), INSPECTED);
    assert!(labels(&docker).ends_with("image=\"nginx:1.25\",name=\"web\""), "{}", labels(&docker));

    let podman = tree("/libpod_parent/libpod-ID");
    let list = format!(
        r#"[{{"id":"{ID}","names":["db"],"metadata":"{{\"image-name\":\"localhost/db:1\"}}","created":"2023-11-14T20:00:00Z"}}]"#
    );
    podman.write("var/lib/containers/storage/overlay-containers/containers.json", &list);
    assert!(labels(&podman).ends_with("image=\"localhost/db:1\",name=\"db\""), "{}", labels(&podman));

    let containerd = tree("/kubepods/burstable/pod1/ID");
    let oci = r#"{"annotations":{"io.kubernetes.cri.container-type":"container","io.kubernetes.cri.container-name":"app",
        "io.kubernetes.cri.sandbox-name":"pod-a","io.kubernetes.cri.sandbox-namespace":"prod",
        "io.kubernetes.cri.image-name":"registry/app:2"},"process":{"env":["A=1"]}}"#;
    containerd.write(&format!("run/containerd/k8s.io/{ID}/config.json"), oci);
    let told = labels(&containerd);
    for label in [
        "container_label_io_kubernetes_container_name=\"app\"",
        "container_label_io_kubernetes_pod_name=\"pod-a\"",
        "container_label_io_kubernetes_pod_namespace=\"prod\"",
        "image=\"registry/app:2\"",
    ] {
        assert!(told.contains(label), "{told}");
    }

    let crio = tree("/kubepods.slice/crio-ID.scope");
    let oci = r#"{"annotations":{"io.kubernetes.cri-o.Name":"k8s_app_pod-a_prod_1_0","io.kubernetes.container.name":"app",
        "io.kubernetes.cri-o.ImageName":"registry/app:3","io.kubernetes.cri-o.ContainerType":"container",
        "io.kubernetes.cri-o.Labels":"{\"tier\":\"web\"}"}}"#;
    crio.write(&format!("run/containers/storage/overlay-containers/{ID}/userdata/config.json"), oci);
    let told = labels(&crio);
    assert!(
        told.contains("container_label_tier=\"web\"") && told.contains("name=\"k8s_app_pod-a_prod_1_0\""),
        "{told}"
    );
}

#[test]
fn a_path_alone_gives_a_short_name() {
    let tree = tree("/docker/ID");
    assert_eq!(labels(&tree), format!("id=\"/docker/{ID}\",name=\"4f1c2a9e0b7d\""));
}

#[test]
fn a_socket_that_does_not_answer_holds_nothing_up() {
    let tree = tree("/docker/ID");
    let silent = UnixListener::bind(tree.root.join("docker.sock")).unwrap();
    assert_eq!(labels(&tree), format!("id=\"/docker/{ID}\",name=\"4f1c2a9e0b7d\""));
    drop(silent);
}
