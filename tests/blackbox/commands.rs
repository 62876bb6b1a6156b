//! The command line: what it says about a bad configuration, a port in use, a folder it cannot write.

use std::net::TcpListener;
use std::process::{Command, Output};

use anyhow::{Result, ensure};

use crate::folder::Folder;
use crate::ports;
use crate::product::{Gatewatch, binary};

fn gatewatch(folder: &Folder, arguments: &[&str]) -> Result<Output> {
    Ok(Command::new(binary()).args(arguments).current_dir(folder.path()).env("NO_COLOR", "1").output()?)
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.clone(), output.stderr.clone()].concat()).into_owned()
}

/// Runs `check config` on a file and returns its complaint.
fn complaint(config: &str) -> Result<String> {
    let folder = Folder::new()?;
    folder.write("gatewatch.yaml", config)?;
    let output = gatewatch(&folder, &["check", "config", "gatewatch.yaml"])?;
    let text = text(&output);
    ensure!(!output.status.success(), "accepted: {config:?}\n{text}");
    ensure!(!text.contains("panicked at"), "{text}");
    Ok(text)
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_a_suggestion() -> Result<()> {
    let text = complaint("listen:\n  adress: 127.0.0.1\n")?;
    ensure!(text.contains("gatewatch.yaml:2:3"), "{text}");
    ensure!(text.contains("adress") && text.contains("address"), "{text}");
    Ok(())
}

#[test]
fn malformed_yaml_is_named_with_its_place() -> Result<()> {
    for config in ["listen: [", "listen:\n\taddress: x\n", "a: b: c\n", "listen: 5\n", "store: &a [*b]\n"] {
        let text = complaint(config)?;
        ensure!(text.contains("gatewatch.yaml:"), "{config:?}: {text}");
    }
    Ok(())
}

#[test]
fn a_doubled_key_is_refused() -> Result<()> {
    let text = complaint("listen:\n  address: 127.0.0.1\nlisten:\n  address: 127.0.0.2\n")?;
    ensure!(text.contains("gatewatch.yaml:3"), "{text}");
    Ok(())
}

#[test]
fn an_empty_file_is_the_whole_stack() -> Result<()> {
    let folder = Folder::new()?;
    folder.write("gatewatch.yaml", "")?;
    let output = gatewatch(&folder, &["check", "config", "gatewatch.yaml"])?;
    ensure!(output.status.success(), "{}", text(&output));
    let shown = gatewatch(&folder, &["config", "show"])?;
    ensure!(shown.status.success() && text(&shown).contains("listen"), "{}", text(&shown));
    Ok(())
}

#[test]
fn a_port_in_use_is_named() -> Result<()> {
    let folder = Folder::new()?;
    let offset = ports::offset()?;
    let taken = TcpListener::bind(("127.0.0.1", 1004 + offset))?;
    let output = gatewatch(&folder, &["run", "--data", "data", "--port-offset", &offset.to_string()])?;
    drop(taken);
    let text = text(&output);
    ensure!(!output.status.success() && text.contains(&(1004 + offset).to_string()), "{text}");
    ensure!(!text.contains("panicked at"), "{text}");
    Ok(())
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() -> Result<()> {
    let folder = Folder::new()?;
    let file = folder.write("occupied", "a file, where a folder is wanted")?;
    let offset = ports::offset()?;
    for data in [file.display().to_string(), "/proc/gatewatch".to_owned()] {
        let output = gatewatch(&folder, &["run", "--data", &data, "--port-offset", &offset.to_string()])?;
        let text = text(&output);
        ensure!(!output.status.success() && text.contains(&data), "{text}");
        ensure!(!text.contains("panicked at"), "{text}");
    }
    Ok(())
}

#[test]
fn help_lists_the_commands_and_unknown_flags_are_named() -> Result<()> {
    let folder = Folder::new()?;
    let unknown = gatewatch(&folder, &["run", "--no-such-flag"])?;
    ensure!(!unknown.status.success() && text(&unknown).contains("--no-such-flag"), "{}", text(&unknown));
    let help = gatewatch(&folder, &["--help"])?;
    for word in ["run", "demo", "check", "config"] {
        ensure!(text(&help).contains(word), "the help lacks {word}:\n{}", text(&help));
    }
    Ok(())
}

#[test]
fn top_prints_a_frame_of_the_server_or_of_the_machine() -> Result<()> {
    let folder = Folder::new()?;
    let top = |more: &[&str]| gatewatch(&folder, &[&["top", "--once", "--interval", "0.2"], more].concat());
    let local = top(&["--local"])?;
    for part in ["gatewatch top: local collectors\n", "\nHosts (1)\n", "\nContainers (", "\nProcesses (", "COMMAND"] {
        ensure!(local.status.success() && text(&local).contains(part), "{part}: {}", text(&local));
    }
    let product = Gatewatch::start()?;
    let port = product.port(1007);
    let offset = (port - 1007).to_string();
    let served = top(&["--port-offset", &offset])?;
    ensure!(text(&served).contains(&format!("gatewatch top: server on port {port}\n")), "{}", text(&served));
    ensure!(text(&served).contains("\nHosts (1)\n"), "{}", text(&served));
    product.finish()?;
    let gone = top(&["--port-offset", &offset])?;
    ensure!(!gone.status.success() && text(&gone).contains("no server answers on port"), "{}", text(&gone));
    Ok(())
}
