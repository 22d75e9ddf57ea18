//! Compression of request bodies.

use std::borrow::Cow;
use std::io::Read;

/// Compression of request bodies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// With gzip, which a Pushgateway and VictoriaMetrics take. It pays from some kilobytes on.
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Compression {
    /// The body as it is sent.
    pub(crate) fn apply(self, body: &str) -> Cow<'_, [u8]> {
        match self {
            Self::None => Cow::Borrowed(body.as_bytes()),
            #[cfg(feature = "gzip")]
            Self::Gzip => Cow::Owned(gzip(body)),
        }
    }

    /// The same for a body that is read on the way, with its length where that is known before.
    pub(super) fn stream<'t>(
        self,
        body: impl Read + 't,
        length: u64,
    ) -> (Box<dyn Read + 't>, Option<u64>) {
        match self {
            Self::None => (Box::new(body), Some(length)),
            #[cfg(feature = "gzip")]
            Self::Gzip => {
                let level = flate2::Compression::default();
                (Box::new(flate2::read::GzEncoder::new(body, level)), None)
            }
        }
    }

    /// The `Content-Encoding`.
    pub(crate) fn encoding(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            #[cfg(feature = "gzip")]
            // In lower case: a Pushgateway 1.5 takes no other.
            Self::Gzip => Some("gzip"),
        }
    }
}

#[cfg(feature = "gzip")]
fn gzip(body: &str) -> Vec<u8> {
    let mut compressed = Vec::new();
    // Reading from memory does not fail.
    let _ = flate2::bufread::GzEncoder::new(body.as_bytes(), flate2::Compression::default())
        .read_to_end(&mut compressed);
    compressed
}
