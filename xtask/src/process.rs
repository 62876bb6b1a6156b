//! Runs other programs and turns their exits into errors that name the whole command.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Runs the command with the caller's terminal; a non-zero exit is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", print(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", print(command));
    }
    Ok(())
}

/// Runs the command and returns what it wrote to standard output; standard error goes to the caller's terminal.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.stderr(Stdio::inherit()).output().with_context(|| format!("cannot start {}", print(command)))?;
    if !done.status.success() {
        bail!("{} ended with {}", print(command), done.status);
    }
    String::from_utf8(done.stdout).with_context(|| format!("{} printed bytes that are no text", print(command)))
}

/// Runs the command silently; on failure its output is part of the error.
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let done = command.output().with_context(|| format!("cannot start {}", print(command)))?;
    if !done.status.success() {
        let text = [done.stdout, done.stderr].concat();
        bail!("{} ended with {}\n{}", print(command), done.status, String::from_utf8_lossy(&text).trim_end());
    }
    Ok(())
}

fn print(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
