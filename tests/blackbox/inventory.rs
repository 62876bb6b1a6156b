//! What is installed, as the system's own package manager knows it.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::accounts::Person;
use crate::folder::Folder;
use crate::outside::{PATIENCE, eventually, program};
use crate::product::{Gatewatch, PASSWORD};

fn succeed(command: &mut Command) -> Result<()> {
    let done = command.output()?;
    ensure!(done.status.success(), "{command:?}: {}", String::from_utf8_lossy(&done.stderr));
    Ok(())
}

/// Makes a package of a version and notes it as installed below the root.
fn install(rpmbuild: &Path, folder: &Folder, version: &str) -> Result<()> {
    let text = format!(
        "Name: tiny\nEpoch: 3\nVersion: {version}\nRelease: 1\nSummary: Nothing\nLicense: Apache-2.0\nBuildArch: noarch\n\
         %description\nNothing.\n%files\n"
    );
    let (spec, made) = (folder.write("tiny.spec", &text)?, folder.path().join("made"));
    let define = |name: &str| format!("{name} {}", made.display());
    let mut build = Command::new(rpmbuild);
    succeed(build.args(["-bb", "--define", &define("_topdir"), "--define", &define("_rpmdir")]).arg(spec))?;
    let database = folder.path().join("root/var/lib/rpm");
    std::fs::create_dir_all(&database)?;
    let package = made.join(format!("noarch/tiny-{version}-1.noarch.rpm"));
    let mut rpm = Command::new("rpm");
    succeed(rpm.arg("--dbpath").arg(database).args(["-U", "--justdb", "--nodeps"]).arg(package))
}

#[test]
fn packages_of_rpm_are_told_and_then_their_changes() -> Result<()> {
    let Some(rpmbuild) = program("rpmbuild")? else { return Ok(()) };
    let folder = Folder::new()?;
    install(&rpmbuild, &folder, "1.2")?;
    let root = folder.path().join("root");
    let config = format!("collect:\n  host: {{rootfs: '{}'}}\n  inventory: {{interval: 1s}}\n", root.display());
    let product = Gatewatch::start_with(&config, &[])?;
    let admin = Person::sign_in(&product, "admin", PASSWORD)?;
    let told = |wanted: &str, column: &str| {
        let query = json!({"query": format!("select {column} from events where kind like 'inventory.%'")});
        eventually(wanted, PATIENCE, || {
            let answer = admin.send("POST", "/api/gw/sql", &query, true)?.success()?.json()?;
            let rows = answer["rows"].as_array().cloned().unwrap_or_default();
            let is_there = |row: &Value| row[0].as_str().is_some_and(|text| text.contains(wanted));
            Ok(rows.iter().any(is_there).then_some(()))
        })
    };
    told("1 packages installed (rpm)", "title")?;
    told("tiny 3:1.2-1", "body")?;
    install(&rpmbuild, &folder, "1.3")?;
    told("3:1.2-1 became 3:1.3-1", "title")?;
    product.finish()
}
