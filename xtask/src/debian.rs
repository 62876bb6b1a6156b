//! Debian packages that the tests need: browsers, the original tools as peers, real gateways.
//!
//! As root they are installed, and nothing that they bring is started as a service. An ordinary user is told which
//! packages an administrator must add; the tests that need them are then skipped, or refused under CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::environment::{find_program, is_root, under_ci};
use crate::{process, terminal};

/// A package, what shows that it is installed, and why it is wanted.
struct Package {
    name: &'static str,
    evidence: Evidence,
    why: &'static str,
}

enum Evidence {
    Program(&'static str),
    File(&'static str),
    PythonModule(&'static str),
}

static PACKAGES: &[Package] = &[
    Package { name: "chromium", evidence: Evidence::Program("chromium"), why: "opens every page of the web UI" },
    Package {
        name: "fonts-noto-cjk",
        evidence: Evidence::File("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
        why: "draws the Korean pages in screenshots",
    },
    Package {
        name: "prometheus",
        evidence: Evidence::Program("promtool"),
        why: "the original, which writes into us and reads from us",
    },
    Package {
        name: "prometheus-node-exporter",
        evidence: Evidence::Program("prometheus-node-exporter"),
        why: "the original, whose page of this machine is compared with ours",
    },
    Package { name: "nginx", evidence: Evidence::Program("nginx"), why: "a real gateway to watch" },
    Package { name: "haproxy", evidence: Evidence::Program("haproxy"), why: "a real gateway to watch" },
    Package { name: "caddy", evidence: Evidence::Program("caddy"), why: "a real gateway to watch" },
    Package { name: "podman", evidence: Evidence::Program("podman"), why: "runs a real container to watch" },
    Package { name: "runc", evidence: Evidence::Program("runc"), why: "runs Podman's containers" },
    Package { name: "conmon", evidence: Evidence::Program("conmon"), why: "stays with Podman's containers" },
    Package {
        name: "busybox-static",
        evidence: Evidence::Program("busybox"),
        why: "the whole root filesystem of that container",
    },
    Package {
        name: "rpm",
        evidence: Evidence::Program("rpmbuild"),
        why: "makes a package and lists what is installed",
    },
    Package {
        name: "python3-venv",
        evidence: Evidence::PythonModule("ensurepip"),
        why: "holds the unmodified Python clients",
    },
];

/// Makes the packages available, or says what an administrator must add.
pub(crate) fn provide() -> Result<()> {
    let missing: Vec<&Package> = PACKAGES.iter().filter(|package| !package.evidence.is_there()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let list = missing.iter().map(|package| format!("  {:<15} {}\n", package.name, package.why)).collect::<String>();
    if is_root() && find_program("apt-get").is_some() {
        terminal::say(&format!("installing Debian packages that the tests need:\n{}", list.trim_end()));
        return install(&names);
    }
    let wanted =
        format!("missing Debian packages:\n{list}an administrator adds them with: apt-get install {}", names.join(" "));
    if under_ci() {
        bail!("{wanted}");
    }
    terminal::say(&format!("{wanted}\nthe tests that need them are skipped"));
    Ok(())
}

fn install(names: &[&str]) -> Result<()> {
    let apt = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(["-o", "DPkg::Lock::Timeout=600"]);
        command
    };
    let _quiet = NoServices::begin()?;
    process::quiet(apt().arg("update"))?;
    process::quiet(apt().args(["install", "-y", "--no-install-recommends"]).args(names))
}

impl Evidence {
    fn is_there(&self) -> bool {
        match self {
            Self::Program(name) => find_program(name).is_some(),
            Self::File(path) => Path::new(path).exists(),
            Self::PythonModule(name) => {
                let check = Command::new("python3").args(["-c", &format!("import venv, {name}")]).output();
                check.is_ok_and(|done| done.status.success())
            }
        }
    }
}

/// While it lives, packages that are installed start no service: the tests start their own, on their own ports.
struct NoServices {
    policy: Option<PathBuf>,
}

impl NoServices {
    fn begin() -> Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        let path = PathBuf::from("/usr/sbin/policy-rc.d");
        if path.exists() {
            return Ok(Self { policy: None });
        }
        // Wire: invoke-rc.d(8) asks this program before it starts anything; 101 means "forbidden by policy".
        std::fs::write(&path, "#!/bin/sh\nexit 101\n").context("cannot write /usr/sbin/policy-rc.d")?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
        Ok(Self { policy: Some(path) })
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if let Some(path) = &self.policy
            && let Err(error) = std::fs::remove_file(path)
        {
            terminal::complain(&format!(
                "cannot remove {}: {error}; services stay off until it is gone",
                path.display()
            ));
        }
    }
}
