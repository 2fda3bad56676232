//! What stands between a host and its disk: `shim/shim.c`, built with `cc` when it is needed.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

/// The words of the control page, in the order of the shim's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// Faults happen while this is not 0.
    Armed,
    /// Which operations count: see [`ON_WRITE`] and its neighbours.
    Operations,
    /// What they fail with; 0 makes writes write half.
    ErrorNumber,
    /// Not the chosen one alone fails, but all after it as well.
    Sticky,
    /// The number of the first that fails, from 1.
    First,
    /// How many there were.
    Count,
    /// How many failed.
    Hits,
    /// What is added to the wall clock (nanoseconds).
    ClockNanos,
}

pub const ON_WRITE: i64 = 1;
pub const ON_SYNC: i64 = 2;
pub const ON_TRUNCATE: i64 = 4;
pub const ON_OPEN: i64 = 8;

/// Linux's numbers.
pub const EIO: i64 = 5;
pub const ENOSPC: i64 = 28;

/// The built library.
#[derive(Debug, Clone)]
pub struct Shim {
    library: PathBuf,
}

impl Shim {
    /// Builds it, if it was not built from this source before.
    ///
    /// # Errors
    /// When there is no C compiler, or it refuses the source.
    pub fn build() -> Result<Self> {
        let source = stepwell_testing::root().join("tests/faults/shim/shim.c");
        let digest = hex::encode(Sha256::digest(std::fs::read(&source)?));
        let directory = stepwell_testing::target_directory().join("faults");
        std::fs::create_dir_all(&directory)?;
        let library = directory.join(format!("shim-{}.so", &digest[..16]));
        if !library.is_file() {
            let unfinished = directory.join(format!("shim-{}.part", std::process::id()));
            let built = Command::new("cc")
                .args(["-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o"])
                .args([&unfinished, &source])
                .args(["-ldl", "-pthread"])
                .output()
                .context("the C compiler `cc` does not start; install one")?;
            if !built.status.success() {
                bail!("{} does not compile: {}", source.display(), String::from_utf8_lossy(&built.stderr));
            }
            std::fs::rename(unfinished, &library)?;
        }
        Ok(Self { library })
    }

    /// The environment of a host that is watched.
    #[must_use]
    pub fn environment(&self, data: &Path, log: Option<&Path>, control: Option<&Control>) -> Vec<(String, OsString)> {
        let mut variables = vec![
            ("LD_PRELOAD".to_owned(), self.library.clone().into_os_string()),
            ("FAULTS_DIRECTORY".to_owned(), data.into()),
        ];
        variables.extend(log.map(|log| ("FAULTS_LOG".to_owned(), log.into())));
        variables.extend(control.map(|control| ("FAULTS_CONTROL".to_owned(), control.path.clone().into_os_string())));
        variables
    }
}

/// The page by which a running host's shim is told what to do.
#[derive(Debug)]
pub struct Control {
    path: PathBuf,
    page: File,
}

impl Control {
    /// A new page that says nothing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let page = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
        page.set_len(4096)?;
        Ok(Self { path: path.to_owned(), page })
    }

    /// Writes a word.
    ///
    /// # Errors
    /// When the page cannot be written.
    pub fn set(&self, word: Word, value: i64) -> Result<()> {
        Ok(self.page.write_all_at(&value.to_le_bytes(), offset(word))?)
    }

    /// Reads a word.
    ///
    /// # Errors
    /// When the page cannot be read.
    pub fn get(&self, word: Word) -> Result<i64> {
        let mut bytes = [0; 8];
        self.page.read_exact_at(&mut bytes, offset(word))?;
        Ok(i64::from_le_bytes(bytes))
    }
}

fn offset(word: Word) -> u64 {
    8 * match word {
        Word::Armed => 0,
        Word::Operations => 1,
        Word::ErrorNumber => 2,
        Word::Sticky => 3,
        Word::First => 4,
        Word::Count => 5,
        Word::Hits => 6,
        Word::ClockNanos => 7,
    }
}
