//! `cadvisor`: the cAdvisor room alone, without a store, on the address that its flags name.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use gw_api_cadvisor::Paths;
use gw_collect::Containers;
use gw_collect::config::ContainerConfig;
use gw_config::Environment;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::goflag::{self, Flag, Given, Takes};
use super::{Ending, say, stopped};
use crate::product;

/// Flags of 0.47 and 0.60, and ours: `compat` and `path.*`.
const FLAGS: &[Flag] = &[
    ("add_dir_header", Takes::Switch),
    ("allow_dynamic_housekeeping", Takes::Switch),
    ("alsologtostderr", Takes::Switch),
    ("application_metrics_count_limit", Takes::Value),
    ("boot_id_file", Takes::Value),
    ("collector_cert", Takes::Value),
    ("collector_key", Takes::Value),
    ("compat", Takes::Value),
    ("containerd", Takes::Value),
    ("containerd-namespace", Takes::Value),
    ("containerd_env_metadata_whitelist", Takes::Value),
    ("crio_client_timeout", Takes::Value),
    ("disable_metrics", Takes::Value),
    ("disable_root_cgroup_stats", Takes::Switch),
    ("docker", Takes::Value),
    ("docker-tls", Takes::Switch),
    ("docker-tls-ca", Takes::Value),
    ("docker-tls-cert", Takes::Value),
    ("docker-tls-key", Takes::Value),
    ("docker_env_metadata_whitelist", Takes::Value),
    ("docker_only", Takes::Switch),
    ("docker_root", Takes::Value),
    ("enable_load_reader", Takes::Switch),
    ("enable_metrics", Takes::Value),
    ("env_metadata_whitelist", Takes::Value),
    ("event_storage_age_limit", Takes::Value),
    ("event_storage_event_limit", Takes::Value),
    ("global_housekeeping_interval", Takes::Value),
    ("housekeeping_interval", Takes::Value),
    ("http_auth_file", Takes::Value),
    ("http_auth_realm", Takes::Value),
    ("http_digest_file", Takes::Value),
    ("http_digest_realm", Takes::Value),
    ("listen_ip", Takes::Value),
    ("log_backtrace_at", Takes::Value),
    ("log_cadvisor_usage", Takes::Switch),
    ("log_dir", Takes::Value),
    ("log_file", Takes::Value),
    ("log_file_max_size", Takes::Value),
    ("logtostderr", Takes::Switch),
    ("machine_id_file", Takes::Value),
    ("max_housekeeping_interval", Takes::Value),
    ("max_procs", Takes::Value),
    ("mesos_agent", Takes::Value),
    ("mesos_agent_timeout", Takes::Value),
    ("one_output", Takes::Switch),
    ("path.cgroup", Takes::Value),
    ("path.containerd_state", Takes::Value),
    ("path.containers_run", Takes::Value),
    ("path.containers_storage", Takes::Value),
    ("path.kmsg", Takes::Value),
    ("path.procfs", Takes::Value),
    ("path.rootfs", Takes::Value),
    ("path.sysfs", Takes::Value),
    ("perf_events_config", Takes::Value),
    ("podman", Takes::Value),
    ("port", Takes::Value),
    ("profiling", Takes::Switch),
    ("prometheus_endpoint", Takes::Value),
    ("raw_cgroup_prefix_whitelist", Takes::Value),
    ("referenced_read_interval", Takes::Value),
    ("referenced_reset_interval", Takes::Value),
    ("resctrl_interval", Takes::Value),
    ("skip_headers", Takes::Switch),
    ("skip_log_headers", Takes::Switch),
    ("stderrthreshold", Takes::Value),
    ("storage_driver", Takes::Value),
    ("storage_driver_buffer_duration", Takes::Value),
    ("storage_driver_db", Takes::Value),
    ("storage_driver_es_enable_sniffer", Takes::Switch),
    ("storage_driver_es_host", Takes::Value),
    ("storage_driver_es_index", Takes::Value),
    ("storage_driver_es_type", Takes::Value),
    ("storage_driver_host", Takes::Value),
    ("storage_driver_influxdb_retention_policy", Takes::Value),
    ("storage_driver_kafka_broker_list", Takes::Value),
    ("storage_driver_kafka_ssl_ca", Takes::Value),
    ("storage_driver_kafka_ssl_cert", Takes::Value),
    ("storage_driver_kafka_ssl_key", Takes::Value),
    ("storage_driver_kafka_ssl_verify", Takes::Switch),
    ("storage_driver_kafka_topic", Takes::Value),
    ("storage_driver_password", Takes::Value),
    ("storage_driver_secure", Takes::Switch),
    ("storage_driver_table", Takes::Value),
    ("storage_driver_user", Takes::Value),
    ("storage_duration", Takes::Value),
    ("store_container_labels", Takes::Switch),
    ("update_machine_info_interval", Takes::Value),
    ("url_base_prefix", Takes::Value),
    ("v", Takes::Value),
    ("version", Takes::Switch),
    ("vmodule", Takes::Value),
    ("whitelisted_container_labels", Takes::Value),
];

/// Flags that would be dangerous to pass over: somebody relies on what they do.
const REFUSED: [(&str, &str); 5] = [
    ("http_auth_file", "put a proxy in front that asks for passwords"),
    ("http_digest_file", "put a proxy in front that asks for passwords"),
    ("storage_driver", "gatewatch run keeps containers' metrics in its own store"),
    ("perf_events_config", "performance counters are not read"),
    ("collector_cert", "metrics of applications are not read"),
];

/// Runs as `cadvisor`.
pub(super) fn run(words: &[String], _: &Environment) -> Ending {
    let given = match Given::read(words, FLAGS) {
        Ok(given) => given,
        // Wire: Go's `flag` ends with 0 for help and 2 for what it does not know, and prints the usage either way.
        Err(message) if message == "flag: help requested" => return Ending::with(0, goflag::usage("cadvisor", FLAGS)),
        Err(message) => return Ending::with(2, format!("{message}\n{}", goflag::usage("cadvisor", FLAGS))),
    };
    if given.is_on("version", false) {
        say(&format!("cAdvisor version {} (gatewatch)", env!("CARGO_PKG_VERSION")));
        return Ending::WELL;
    }
    match start(&given) {
        Ok(()) => Ending::WELL,
        // Wire: klog's fatal lines end the original with 255.
        Err(error) => Ending::with(255, format!("F cadvisor: {error:#}")),
    }
}

/// The flags as our configuration.
fn translate(given: &Given) -> Result<ContainerConfig> {
    for (flag, instead) in REFUSED {
        ensure!(given.get(flag).is_none_or(str::is_empty), "-{flag} is not supported: {instead}");
    }
    let list = |flag: &str| given.get(flag).map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>());
    let mut config = ContainerConfig {
        compat: given.get("compat").unwrap_or("0.47").to_owned(),
        enable_metrics: list("enable_metrics").unwrap_or_default(),
        disable_metrics: list("disable_metrics"),
        store_container_labels: given.is_on("store_container_labels", true),
        whitelisted_container_labels: list("whitelisted_container_labels").unwrap_or_default(),
        docker_only: given.is_on("docker_only", false),
        raw_cgroup_prefix_whitelist: list("raw_cgroup_prefix_whitelist").unwrap_or_default(),
        disable_root_cgroup_stats: given.is_on("disable_root_cgroup_stats", false),
        enable_load_reader: given.is_on("enable_load_reader", false),
        ..ContainerConfig::default()
    };
    for flag in ["env_metadata_whitelist", "docker_env_metadata_whitelist", "containerd_env_metadata_whitelist"] {
        config.env_metadata_whitelist.extend(list(flag).unwrap_or_default());
    }
    let paths = &mut config.paths;
    let targets = [
        ("path.cgroup", &mut paths.cgroup),
        ("path.procfs", &mut paths.procfs),
        ("path.sysfs", &mut paths.sysfs),
        ("path.rootfs", &mut paths.rootfs),
        ("path.kmsg", &mut paths.kmsg),
        ("path.containers_storage", &mut paths.containers_storage),
        ("path.containerd_state", &mut paths.containerd_state),
        ("path.containers_run", &mut paths.containers_run),
        ("docker_root", &mut paths.docker_root),
    ];
    for (flag, target) in targets {
        if let Some(value) = given.get(flag) {
            value.clone_into(target);
        }
    }
    for (flag, target) in [("docker", &mut paths.docker), ("podman", &mut paths.podman)] {
        if let Some(endpoint) = given.get(flag) {
            *target = socket(flag, endpoint)?;
        }
    }
    Ok(config)
}

/// The path of an endpoint such as `unix:///var/run/docker.sock`.
fn socket(flag: &str, endpoint: &str) -> Result<String> {
    match endpoint.split_once("://") {
        Some(("unix", path)) => Ok(path.to_owned()),
        None => Ok(endpoint.to_owned()),
        Some(_) => bail!("-{flag}={endpoint}: only unix:// endpoints are supported"),
    }
}

fn start(given: &Given) -> Result<()> {
    let containers = Containers::of(&translate(given)?)?;
    let port: u16 = given.get("port").map_or(Ok(8080), str::parse).context("-port")?;
    let address: IpAddr = match given.get("listen_ip").filter(|text| !text.is_empty()) {
        // As the original: every address, of either family.
        None => Ipv6Addr::UNSPECIFIED.into(),
        Some(text) => text.parse().context("-listen_ip")?,
    };
    let base = given.get("url_base_prefix").unwrap_or_default().trim_end_matches('/').to_owned();
    ensure!(base.is_empty() || base.starts_with('/'), "-url_base_prefix must begin with /");
    let metrics = given.get("prometheus_endpoint").unwrap_or("/metrics").to_owned();
    ensure!(metrics.starts_with('/') && metrics != "/", "-prometheus_endpoint must begin with / and name a page");
    let paths = Paths { metrics, base };
    let runtime = crate::memory::runtime().worker_threads(1).build()?;
    runtime.block_on(async {
        let world = product::world();
        let cancel = CancellationToken::new();
        let listener = listen(SocketAddr::new(address, port)).await?;
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!("Starting cAdvisor version: {version}-gatewatch on port {}", listener.local_addr()?.port());
        let router = gw_api_cadvisor::room_at(&paths, Arc::clone(&world), containers)
            .layer(tower_http::compression::CompressionLayer::new().gzip(true));
        let mut servers = tokio::task::JoinSet::new();
        servers.spawn(gw_serve::listen::serve(listener, router, world, cancel.clone()));
        stopped().await?;
        cancel.cancel();
        servers.join_all().await;
        Ok(())
    })
}

/// Binds the address; a machine without IPv6 has the IPv4 one.
async fn listen(address: SocketAddr) -> Result<TcpListener> {
    let bound = TcpListener::bind(address).await;
    if bound.is_err() && address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED) {
        return TcpListener::bind((IpAddr::from([0, 0, 0, 0]), address.port())).await.context("listen");
    }
    bound.with_context(|| format!("listen tcp {address}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(words: &[&str]) -> Result<ContainerConfig> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        translate(&Given::read(&words, FLAGS).map_err(anyhow::Error::msg)?)
    }

    #[test]
    fn flags_become_configuration() {
        let given = config(&["-docker_only", "--disable_metrics=percpu,disk", "-docker=unix:///run/d.sock"]).unwrap();
        assert!(given.docker_only && given.store_container_labels);
        assert_eq!(given.compat, "0.47");
        assert_eq!(given.disable_metrics.unwrap(), ["percpu", "disk"]);
        assert_eq!(given.paths.docker, "/run/d.sock");
        assert!(config(&["-docker=tcp://x:1"]).unwrap_err().to_string().contains("only unix://"));
        assert!(config(&["-storage_driver=influxdb"]).unwrap_err().to_string().contains("is not supported"));
    }
}
