//! The web UI: npm packages by the lock file, its lint and tests, and the build that `gw-ui` embeds.
//!
//! Never a build script of cargo: npm runs here, once per change of the sources, told by content.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::digest::{digest, unless_stamped};
use crate::environment::find_program;
use crate::suites::Totals;
use crate::workspace::Workspace;
use crate::{process, terminal};

/// Installs the packages and builds `ui/dist`, each only if what it comes from has changed.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    packages(workspace)?;
    let folder = workspace.root.join("ui");
    let stamp = workspace.scratch()?.join("ui-build.stamp");
    let built = unless_stamped(&stamp, &sources(&folder)?, &folder.join("dist/index.html"), || {
        npm(&folder, &["run", "build"])
    })?;
    if built {
        terminal::say("built the web UI");
    }
    Ok(())
}

/// Runs the UI's lint and unit tests; returns how many passed and failed.
pub(crate) fn test(workspace: &Workspace) -> Result<Totals> {
    packages(workspace)?;
    let folder = workspace.root.join("ui");
    npm(&folder, &["run", "lint"])?;
    let mut command = Command::new("npm");
    let done = command.current_dir(&folder).env("NO_COLOR", "1").args(["--loglevel=error", "run", "test"]).output()?;
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    terminal::say(text.trim());
    let mut totals = count(&text);
    if !done.status.success() && totals.failed == 0 {
        totals.failed = 1;
    }
    Ok(totals)
}

/// Reads vitest's closing line: `      Tests  2 failed | 563 passed (565)`.
fn count(text: &str) -> Totals {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("Tests ")).unwrap_or_default();
    let number = |word: &str| {
        let before = line.split_once(word)?.0;
        before.split_whitespace().last()?.parse().ok()
    };
    Totals { passed: number(" passed").unwrap_or(0), failed: number(" failed").unwrap_or(0) }
}

fn packages(workspace: &Workspace) -> Result<()> {
    if find_program("npm").is_none() {
        bail!("npm is not installed; install Node.js 20 or newer with npm, which builds the web UI");
    }
    let folder = workspace.root.join("ui");
    let lock = digest(&[folder.join("package-lock.json"), folder.join("package.json")])?;
    let stamp = workspace.scratch()?.join("ui-packages.stamp");
    unless_stamped(&stamp, &lock, &folder.join("node_modules"), || {
        terminal::say("installing the npm packages of the web UI");
        // Not `npm ci`: it refuses a lock file that lacks optional packages for foreign systems, which a registry need not
        // hold. `install` takes the locked versions all the same.
        npm(&folder, &["install", "--no-save", "--no-audit", "--no-fund"])
    })?;
    Ok(())
}

fn sources(folder: &Path) -> Result<String> {
    let names = ["src", "public", "index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
    digest(&names.map(|name| folder.join(name)).into_iter().collect::<Vec<PathBuf>>())
}

fn npm(folder: &Path, arguments: &[&str]) -> Result<()> {
    process::run(Command::new("npm").current_dir(folder).arg("--loglevel=error").args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_is_read() {
        let totals = count(" Test Files  1 failed | 8 passed (9)\n      Tests  2 failed | 563 passed (565)\n");
        assert_eq!((totals.passed, totals.failed), (563, 2));
        assert_eq!(count("      Tests  565 passed (565)").passed, 565);
        assert_eq!(count("no verdict").passed, 0);
    }
}
