//! Random bytes from the operating system, through the library that does our TLS.

use std::io;

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    rustls::crypto::ring::default_provider()
        .secure_random
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the operating system gave no random bytes"))?;
    Ok(bytes)
}
