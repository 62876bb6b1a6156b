//! Fuzz targets of the decoders: whatever comes in, the answer is rows or an error, soon, and no panic.
//!
//! Inputs that broke something lie in `corpus/fuzz/TARGET/` and are seeds ever after.

mod storage;
mod wire;

/// Small inputs of our own that once broke the target.
fn regressions(target: &str) -> Vec<Vec<u8>> {
    let folder = gw_testkit::package().join("../../corpus/fuzz").join(target);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).expect("the corpus can be read")).collect()
}
