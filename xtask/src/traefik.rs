//! A real Traefik v3 for the black-box tests, built once from the Go module proxy where a Go toolchain is at hand.
//!
//! The module does not build as it is published (docs/adr/0004): it replaces one dependency by a folder that its archive
//! lacks, pins a fork whose commit the proxy may not hold, and pulls in the client libraries of two hundred DNS services.
//! A wrapper module in the cache folder mends these three things; nothing of Traefik's own code is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::environment::{cache_folder, find_program};
use crate::{process, terminal};

const MODULE: &str = "github.com/traefik/traefik/v3";
const VERSION: &str = "v3.7.13";
const LEGO: &str = "github.com/go-acme/lego/v5";
/// The last commit of the authentication fork that the module proxy is known to hold.
const AUTH_FORK: &str = "github.com/containous/go-http-auth v0.4.1-0.20200324110947-a37a7636d23e";

/// The types of the folder that the published archive lacks: both are empty there too, unless a vendor extends them.
const EXTENSION: &str = "package ext\n\ntype HTTP struct{}\n\ntype Router struct{}\n";

/// In place of the list of DNS services: certificates by DNS challenge are not what the tests are about.
const NO_DNS: &str = r#"package dns

import (
	"fmt"

	"github.com/go-acme/lego/v5/challenge"
)

func NewDNSChallengeProviderByName(name string) (challenge.Provider, error) {
	return nil, fmt.Errorf("no DNS service is built in: %s", name)
}
"#;

/// The program, or `None` where it cannot be built; why is printed.
pub(crate) fn provide() -> Result<Option<PathBuf>> {
    let folder = cache_folder()?.join(format!("traefik-{VERSION}"));
    let program = folder.join("traefik");
    if program.exists() {
        return Ok(Some(program));
    }
    if find_program("go").is_none() {
        terminal::say("no Go toolchain: the tests with a real Traefik are skipped");
        return Ok(None);
    }
    terminal::say(&format!("building Traefik {VERSION} from the Go module proxy, once (about four minutes)"));
    match build(&folder) {
        Ok(()) => Ok(Some(program)),
        Err(error) => {
            // Other people's servers and releases: their faults are reported, and are no faults of this project.
            let lines: Vec<String> = format!("{error:#}").lines().map(str::to_owned).collect();
            let end = lines.iter().skip(lines.len().saturating_sub(5)).cloned().collect::<Vec<_>>().join("\n");
            terminal::say(&format!("Traefik {VERSION} does not build here, its tests are skipped:\n{end}"));
            Ok(None)
        }
    }
}

fn build(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).context("cannot remove what an earlier attempt left")?;
    }
    fs::create_dir_all(folder.join("ext"))?;
    let traefik = download(folder, &format!("{MODULE}@{VERSION}"))?;
    let manifest = fs::read_to_string(traefik.join("go.mod")).context("Traefik's module has a go.mod")?;
    let lego = format!("{LEGO}@{}", required(&manifest, LEGO)?);
    let lego = download(folder, &lego)?;
    process::quiet(Command::new("cp").args(["-r", "--no-preserve=mode"]).arg(&lego).arg(folder.join("lego")))?;
    fs::write(folder.join("lego/providers/dns/zz_gen_dns_providers.go"), NO_DNS)?;
    fs::write(folder.join("ext/go.mod"), "module github.com/traefik/traefik/dynamic/ext\n\ngo 1.26\n")?;
    fs::write(folder.join("ext/ext.go"), EXTENSION)?;
    fs::write(folder.join("go.mod"), wrapper(&manifest))?;
    fs::copy(traefik.join("go.sum"), folder.join("go.sum")).context("Traefik's module has a go.sum")?;
    make_writable(&folder.join("go.sum"))?;
    let package = format!("{MODULE}/cmd/traefik");
    let flags = ["build", "-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", "traefik.new", &package];
    process::quiet(go(folder).args(flags))?;
    fs::rename(folder.join("traefik.new"), folder.join("traefik"))?;
    fs::remove_dir_all(folder.join("lego")).context("cannot remove the copy of lego")
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
    lines.push(format!("replace {LEGO} => ./lego\n\nrequire {MODULE} {VERSION}\n"));
    lines.join("\n")
}

fn required<'manifest>(manifest: &'manifest str, module: &str) -> Result<&'manifest str> {
    let line = manifest.lines().find_map(|line| line.trim().strip_prefix(module)?.strip_prefix(' '));
    line.and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("Traefik's go.mod requires no {module}"))
}

/// Brings a module into Go's cache and answers where it lies there.
fn download(folder: &Path, module: &str) -> Result<PathBuf> {
    let text = process::output(go(folder).env("GOFLAGS", "-mod=mod").args(["mod", "download", "-json", module]))?;
    let answer: Value = serde_json::from_str(&text).context("cannot read the answer of go mod download")?;
    Ok(PathBuf::from(answer["Dir"].as_str().context("go mod download names no folder")?))
}

fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(folder);
    command
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
