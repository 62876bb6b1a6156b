//! Files of the storage as sources of bytes, and errors that name them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use gw_formats::tsdb::{Source, TsdbError};

use crate::ImportError;

/// An open file; its length is what it was when it was opened.
#[derive(Debug)]
pub(super) struct FileSource {
    file: File,
    length: u64,
}

impl FileSource {
    pub(super) fn open(path: &Path) -> Result<Self, ImportError> {
        let open = || -> io::Result<Self> {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok(Self { file, length })
        };
        open().map_err(|error| unreadable(path, &error))
    }
}

impl Source for FileSource {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, offset)
    }
}

/// Names the file that an error is about.
pub(super) fn in_file(path: &Path) -> impl Fn(TsdbError) -> ImportError + '_ {
    |error| ImportError::Storage { file: path.display().to_string(), error }
}

/// A file or folder that cannot be read.
pub(super) fn unreadable(path: &Path, error: &io::Error) -> ImportError {
    ImportError::Unreadable { file: path.display().to_string(), message: error.to_string() }
}

/// The files of a folder whose names are numbers, in their order; none when there is no such folder.
pub(super) fn numbered(folder: &Path) -> Result<Vec<(u64, PathBuf)>, ImportError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, &error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let number = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        if let Some(number) = number.filter(|_| path.is_file()) {
            files.push((number, path));
        }
    }
    files.sort();
    Ok(files)
}
