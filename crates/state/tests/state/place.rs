//! A data directory of one test, removed at its end, and a world whose clock the test moves.

use std::path::PathBuf;
use std::sync::Arc;

use gw_base::{FakeWorld, Timestamp, World};
use gw_state::State;

pub(crate) struct Place {
    pub(crate) dir: PathBuf,
    pub(crate) world: FakeWorld,
}

impl Place {
    pub(crate) fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("gw-state-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let seed = name.bytes().fold(1, |seed: u64, byte| seed * 31 % 1_000_003 + u64::from(byte));
        Self { dir, world: FakeWorld::new(Timestamp::from_secs(1_800_000_000), seed) }
    }

    pub(crate) async fn open(&self) -> State {
        State::open(&self.dir, Arc::new(self.world.clone())).await.unwrap()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.world.now()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // A test that fails is told by its own words, not by what it leaves behind.
        drop(std::fs::remove_dir_all(&self.dir));
    }
}
