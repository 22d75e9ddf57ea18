use std::borrow::Cow;

/// How bodies are compressed on the way.
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
    /// The body as it is sent, and its `Content-Encoding`.
    pub(super) fn apply(self, body: &str) -> (Cow<'_, [u8]>, Option<&'static str>) {
        match self {
            Self::None => (Cow::Borrowed(body.as_bytes()), None),
            #[cfg(feature = "gzip")]
            // In lower case: a Pushgateway 1.5 takes no other.
            Self::Gzip => (Cow::Owned(gzip(body)), Some("gzip")),
        }
    }
}

#[cfg(feature = "gzip")]
fn gzip(body: &str) -> Vec<u8> {
    use std::io::Read;

    let mut compressed = Vec::new();
    // Reading from memory does not fail.
    let _ = flate2::bufread::GzEncoder::new(body.as_bytes(), flate2::Compression::default())
        .read_to_end(&mut compressed);
    compressed
}
