//! A real Traefik v3 for the black-box tests.
//!
//! The module does not build as it is published (docs/adr/0004): it replaces one dependency by a folder that its archive
//! lacks, pins a fork whose commit the proxy may not hold, and pulls in the client libraries of two hundred DNS services.
//! A wrapper module mends these three things, and leaves out what else is large and no matter of the tests: what interpreted
//! plugins may call of Go's library, and clients of clouds. Nothing of Traefik's own code is changed.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::go::{self, Program};
use crate::process;

const MODULE: &str = "github.com/traefik/traefik/v3";
const VERSION: &str = "v3.7.13";
const LEGO: &str = "github.com/go-acme/lego/v5";
/// The interpreter of plugins.
const YAEGI: &str = "github.com/traefik/yaegi";
/// The last commit of the authentication fork that the module proxy is known to hold.
const AUTH_FORK: &str = "github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e";

/// The types of the folder that the published archive lacks: both are empty there too, unless a vendor extends them.
const EXTENSION: &str = "package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n";

/// In place of the list of DNS services: certificates by DNS challenge are not what the tests are about.
const NO_DNS: &str = include_str!("stand_ins/dns.go");

/// The client of a cloud. Together they are a fifth of all there is to compile.
struct Client {
    module: &'static str,
    /// The folder that it is copied to, and where in the module its code lies.
    folder: &'static str,
    code: &'static str,
    /// What Traefik calls of it, and fails.
    stand_in: &'static str,
}

const CLIENTS: [Client; 3] = [
    Client {
        module: "github.com/aws/aws-sdk-go-v2/service/ec2",
        folder: "ec2",
        code: "",
        stand_in: include_str!("stand_ins/ec2.go"),
    },
    Client {
        module: "github.com/aws/aws-sdk-go-v2/service/ssm",
        folder: "ssm",
        code: "",
        stand_in: include_str!("stand_ins/ssm.go"),
    },
    Client {
        module: "github.com/google/go-github/v90",
        folder: "github",
        code: "github",
        stand_in: include_str!("stand_ins/github.go"),
    },
];

/// The program.
pub(crate) static TRAEFIK: Program =
    Program { title: "Traefik v3.7.13", folder: "traefik-v3.7.13", product: "traefik", minutes: 4, build };

fn build(work: &Path, product: &Path) -> Result<()> {
    fs::create_dir(work.join("ext"))?;
    let traefik = go::download(work, &format!("{MODULE}@{VERSION}"))?;
    let manifest = fs::read_to_string(traefik.join("go.mod")).context("Traefik's module has a go.mod")?;
    go::download_copy(work, &format!("{LEGO}@{}", required(&manifest, LEGO)?), &work.join("lego"))?;
    fs::write(work.join("lego/providers/dns/zz_gen_dns_providers.go"), NO_DNS)?;
    go::download_copy(work, &format!("{YAEGI}@{}", required(&manifest, YAEGI)?), &work.join("yaegi"))?;
    go::remove_files(&work.join("yaegi/stdlib"), "stdlib.go")?;
    for Client { module, folder, code, stand_in } in CLIENTS {
        let copy = work.join(folder);
        go::download_copy(work, &format!("{module}@{}", required(&manifest, module)?), &copy)?;
        let code = copy.join(code);
        go::remove_files(&code, "go.mod")?;
        fs::write(code.join("stand_in.go"), stand_in)?;
    }
    fs::write(work.join("ext/go.mod"), "module github.com/traefik/traefik/dynamic/ext\n\ngo 1.26\n")?;
    fs::write(work.join("ext/ext.go"), EXTENSION)?;
    fs::write(work.join("go.mod"), wrapper(&manifest))?;
    fs::copy(traefik.join("go.sum"), work.join("go.sum")).context("Traefik's module has a go.sum")?;
    make_writable(&work.join("go.sum"))?;
    let package = format!("{MODULE}/cmd/traefik");
    process::quiet(go::build(work, &["build"]).args(["-ldflags=-s -w", "-o"]).arg(product).arg(package))
}

/// Traefik's own requirements and replacements, as the main module of the build: only there do replacements count.
fn wrapper(manifest: &str) -> String {
    let mut lines = Vec::new();
    for line in manifest.lines() {
        if line.starts_with("module ") {
            lines.push("module gatewatch.test/traefik".to_owned());
        } else if line.contains("=> github.com/containous/go-http-auth ") {
            let (before, _) = line.split_once("=>").unwrap_or((line, ""));
            lines.push(format!("{before}=> {AUTH_FORK}"));
        } else {
            lines.push(line.replace("=> ./pkg/config/dynamic/ext", "=> ./ext"));
        }
    }
    let clients = CLIENTS.iter().map(|client| (client.module, client.folder));
    for (module, folder) in [(LEGO, "lego"), (YAEGI, "yaegi")].into_iter().chain(clients) {
        lines.push(format!("replace {module} => ./{folder}\n"));
    }
    lines.push(format!("require {MODULE} {VERSION}\n"));
    lines.join("\n")
}

fn required<'manifest>(manifest: &'manifest str, module: &str) -> Result<&'manifest str> {
    let line = manifest.lines().find_map(|line| line.trim().strip_prefix(module)?.strip_prefix(' '));
    line.and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("Traefik's go.mod requires no {module}"))
}

fn make_writable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
        .with_context(|| format!("cannot change {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wrapper_keeps_requirements_and_mends_replacements() {
        let manifest = "module x\n\nrequire (\n\tgithub.com/go-acme/lego/v5 v5.4.1\n)\nreplace a => ./pkg/config/dynamic/ext\n\
                        \tb => github.com/containous/go-http-auth v0.4.1-0.2026\n";
        let text = wrapper(manifest);
        assert!(
            text.contains("lego/v5 v5.4.1") && text.contains("a => ./ext") && text.contains("a37a7636d23e"),
            "{text}"
        );
        assert!(!text.contains("0.2026"));
        assert_eq!(required(manifest, LEGO).expect("it is required"), "v5.4.1");
    }
}
