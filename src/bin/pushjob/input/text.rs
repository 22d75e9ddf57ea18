//! Text that is read: from files and from stdin.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Seek, Write};
use std::os::fd::AsFd;
use std::path::Path;

use clap::{Args, ValueEnum};
use pushjob::exposition::{Format, Text};

#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct TextArgs {
    /// Format of the input: `text`, or `openmetrics`, which is converted. Detected by a last line `# EOF` unless given
    #[arg(long, value_enum, hide_possible_values = true, value_name = "FORMAT")]
    format: Option<InputFormat>,

    /// Remove timestamps, which a Pushgateway rejects
    #[arg(long)]
    pub(crate) strip_timestamps: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Text,
    Openmetrics,
}

impl TextArgs {
    /// The format that was asked for. Without one the text decides.
    pub(crate) fn format(&self) -> Option<Format> {
        self.format.map(|format| match format {
            InputFormat::Text => Format::Text,
            InputFormat::Openmetrics => Format::OpenMetrics,
        })
    }
}

/// Most bytes of a pipe that are kept in memory; more go to a temporary file.
const IN_MEMORY: u64 = 4 << 20;

/// Most bytes that are read of a pipe. A file has an end of its own.
const PIPE_LIMIT: u64 = 4 << 30;

/// Most bytes that are kept in memory where no temporary file can be made.
const MEMORY_LIMIT: u64 = 256 << 20;

/// Text to be read, with its name in messages.
pub(crate) struct Input {
    pub(crate) name: String,
    content: InputContent,
}

enum InputContent {
    /// A regular file, from this byte on.
    File(File, u64),
    Memory(Vec<u8>),
}

impl Input {
    /// Opens a file; `-` is stdin.
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        if path == Path::new("-") {
            return Self::stdin();
        }
        Self::new(path.display().to_string(), File::open(path))
    }

    pub(crate) fn stdin() -> Result<Self, String> {
        let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
        Self::new("stdin".to_owned(), file)
    }

    fn new(name: String, file: io::Result<File>) -> Result<Self, String> {
        match file.and_then(InputContent::of) {
            Ok(content) => Ok(Self { name, content }),
            Err(error) => Err(format!("cannot read {name}: {error}")),
        }
    }

    /// Tells if stdin is a terminal, where nobody may be about to type.
    pub(crate) fn stdin_is_terminal() -> bool {
        io::stdin().is_terminal()
    }
}

impl InputContent {
    fn of(mut file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        // Files in /proc and the like are regular too, but have no length before they are read.
        if metadata.is_file() && metadata.len() > 0 {
            let start = file.stream_position()?;
            return Ok(Self::File(file, start));
        }
        let mut memory = Vec::new();
        (&mut file).take(IN_MEMORY).read_to_end(&mut memory)?;
        if (memory.len() as u64) < IN_MEMORY {
            return Ok(Self::Memory(memory));
        }
        let mut rest = file.take(PIPE_LIMIT - IN_MEMORY);
        let Ok(mut spill) = tempfile::tempfile() else {
            // Where no file can be made, there is still memory.
            let mut rest = rest.take(MEMORY_LIMIT);
            rest.read_to_end(&mut memory)?;
            if rest.limit() == 0 {
                let reason = format!(
                    "no temporary file can be made, and it is longer than {MEMORY_LIMIT} bytes"
                );
                return Err(io::Error::other(reason));
            }
            return Ok(Self::Memory(memory));
        };
        let kept = spill
            .write_all(&memory)
            .and_then(|()| io::copy(&mut rest, &mut spill));
        kept.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("it cannot be kept in a temporary file: {error}"),
            )
        })?;
        if rest.limit() == 0 {
            let reason = format!("it is longer than {PIPE_LIMIT} bytes");
            return Err(io::Error::other(reason));
        }
        Ok(Self::File(spill, 0))
    }
}

/// A text followed by another.
pub(crate) struct Chained<'a> {
    first: &'a dyn Text,
    length: u64,
    second: &'a [u8],
}

impl<'a> Chained<'a> {
    pub(crate) fn new(first: &'a dyn Text, second: &'a str) -> io::Result<Self> {
        Ok(Self {
            first,
            length: first.length()?,
            second: second.as_bytes(),
        })
    }
}

impl Text for Chained<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if let Some(offset) = offset.checked_sub(self.length) {
            return self.second.read_at(buffer, offset);
        }
        let left = usize::try_from(self.length - offset).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        self.first.read_at(&mut buffer[..most], offset)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.length + self.second.len() as u64)
    }
}

impl Text for Input {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match &self.content {
            InputContent::File(file, start) => Text::read_at(file, buffer, start + offset),
            InputContent::Memory(bytes) => bytes.read_at(buffer, offset),
        }
    }

    fn length(&self) -> io::Result<u64> {
        match &self.content {
            InputContent::File(file, start) => Ok(file.length()?.saturating_sub(*start)),
            InputContent::Memory(bytes) => bytes.length(),
        }
    }
}
