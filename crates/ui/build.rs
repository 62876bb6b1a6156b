//! Lists the files of `ui/dist` as a table of `include_bytes!`, if the folder is there. It never runs npm: building the UI
//! is `cargo xtask run`'s work, and an installed crate must not need Node.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = here.join("../../ui/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &dist, &mut files)?;
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("assets.rs"), table(&dist, &files))
}

/// Gathers the paths of all files below `folder`, relative to `root`, with `/` between the parts.
fn collect(root: &Path, folder: &Path, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(inner) = path.strip_prefix(root) {
            let parts: Vec<_> = inner.components().map(|part| part.as_os_str().to_string_lossy()).collect();
            files.push(parts.join("/"));
        }
    }
    Ok(())
}

/// The Rust source of the table: one `Asset` a file, its gzip twin beside it where the build wrote one.
fn table(dist: &Path, files: &[String]) -> String {
    let mut source = String::from("pub(crate) static ASSETS: &[Asset] = &[\n");
    for file in files.iter().filter(|file| !file.ends_with(".gz")) {
        let full = |name: &str| dist.join(name).to_string_lossy().into_owned();
        let twin = format!("{file}.gz");
        let gzip =
            if files.contains(&twin) { format!("Some(include_bytes!({:?}))", full(&twin)) } else { "None".to_owned() };
        let line = format!("    Asset {{ path: {file:?}, plain: include_bytes!({:?}), gzip: {gzip} }},\n", full(file));
        source.push_str(&line);
    }
    source.push_str("];\n");
    source
}
