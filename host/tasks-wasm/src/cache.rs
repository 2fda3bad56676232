//! Compiled components on disk, authenticated before they are used.
//!
//! An artefact is machine code: whoever can put one into the cache runs code in the host. So
//! each is kept with an HMAC-SHA-256 over its name and content, made with a key that is kept
//! in the same directory with mode 0600. An artefact that fails the check is compiled again.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::engine::CONFIGURATION_VERSION;
use crate::{Error, random};

const KEY_BYTES: usize = 32;
const CODE_BYTES: usize = 32;

/// An artefact whose code was verified. Made nowhere but in [`Cache::find`].
pub(crate) struct Authentic(Vec<u8>);

impl Authentic {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The directory of artefacts.
pub(crate) struct Cache {
    directory: PathBuf,
    key: [u8; KEY_BYTES],
}

impl Cache {
    /// Opens the directory, making it and its key when they are missing.
    pub(crate) fn open(directory: &Path) -> Result<Self, Error> {
        let trouble = |source| Error::Cache { path: directory.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(trouble)?;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700)).map_err(trouble)?;
        let key = key(&directory.join("key")).map_err(trouble)?;
        Ok(Self { directory: directory.to_owned(), key })
    }

    /// The artefact of this name, when there is one and it is ours.
    pub(crate) fn find(&self, name: &ArtefactName) -> Option<Authentic> {
        let mut content = fs::read(self.path(name)).ok()?;
        let start_of_code = content.len().checked_sub(CODE_BYTES)?;
        let code = content.split_off(start_of_code);
        match self.code_over(name, &content).verify_slice(&code) {
            Ok(()) => Some(Authentic(content)),
            Err(_) => {
                tracing::warn!(artefact = %self.path(name).display(), "a compiled component is not what this host wrote; it is compiled again");
                None
            }
        }
    }

    /// Keeps what `Component::serialize` returned. Trouble is logged and no more: the cache
    /// saves time, nothing depends on it.
    pub(crate) fn keep(&self, name: &ArtefactName, artefact: &[u8]) {
        let code = self.code_over(name, artefact).finalize().into_bytes();
        let written = write_whole(&self.path(name), &[artefact, &code]);
        if let Err(error) = written {
            tracing::warn!(%error, artefact = %self.path(name).display(), "a compiled component could not be kept");
        }
    }

    fn path(&self, name: &ArtefactName) -> PathBuf {
        self.directory.join(format!("{}.cwasm", name.0))
    }

    fn code_over(&self, name: &ArtefactName, artefact: &[u8]) -> Hmac<Sha256> {
        #[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
        let mut code = Hmac::<Sha256>::new_from_slice(&self.key).expect("a key of 32 bytes");
        code.update(name.0.as_bytes());
        code.update(artefact);
        code
    }
}

/// What an artefact depends on: the component, the engine and our configuration of it.
pub(crate) struct ArtefactName(String);

impl ArtefactName {
    pub(crate) fn new(engine: &Engine, component_sha256: &[u8]) -> Self {
        let mut of_engine = HashInto(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut of_engine);
        CONFIGURATION_VERSION.hash(&mut of_engine);
        let of_engine = of_engine.0.finalize();
        Self(format!("{}-{}", hex::encode(component_sha256), hex::encode(of_engine.get(..16).unwrap_or(&of_engine))))
    }
}

/// Lets what only implements `Hash` be digested.
struct HashInto(Sha256);

impl Hasher for HashInto {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// Reads the key, or makes a new one: a key that others could have read or written is none.
/// Of several hosts that make one at the same time, the first one's is everybody's.
fn key(path: &Path) -> io::Result<[u8; KEY_BYTES]> {
    if let Some(key) = private_key(path)? {
        return Ok(key);
    }
    match fs::remove_file(path) {
        Ok(()) => {
            tracing::warn!(key = %path.display(), "the key of the compiled components was not private or not whole; all are compiled again");
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let beside = path.with_extension(hex::encode(random::bytes::<8>()?));
    write_whole(&beside, &[&random::bytes::<KEY_BYTES>()?])?;
    let linked = fs::hard_link(&beside, path);
    fs::remove_file(&beside)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    private_key(path)?.ok_or_else(|| io::Error::other(format!("{} is not a private key", path.display())))
}

/// The key in a file that nobody else may read; none when there is no such file.
fn private_key(path: &Path) -> io::Result<Option<[u8; KEY_BYTES]>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    let mut key = [0; KEY_BYTES];
    let is_private = metadata.is_file() && metadata.mode() & 0o077 == 0 && metadata.len() == KEY_BYTES as u64;
    Ok((is_private && file.read_exact(&mut key).is_ok()).then_some(key))
}

/// Writes a private file so that a reader finds all of it or nothing.
fn write_whole(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let unique = hex::encode(random::bytes::<8>()?);
    let beside = path.with_extension(format!("{unique}.tmp"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    let written = parts.iter().try_for_each(|part| file.write_all(part)).and_then(|()| file.sync_all());
    written.and_then(|()| fs::rename(&beside, path)).inspect_err(|_| {
        // The error that matters is the one above.
        let _ = fs::remove_file(&beside);
    })
}
