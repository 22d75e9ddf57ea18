use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::Listening;

/// The longest that something may take to be shown.
const LONGEST: Duration = Duration::from_secs(20);

/// A pseudo-terminal of its own, with a command as the first process of its session.
pub(crate) struct Terminal {
    /// `script`, which holds the other side.
    holder: Child,
    keyboard: ChildStdin,
    screen: Receiver<Vec<u8>>,
    /// All that was shown, and how much of it has been waited for.
    shown: String,
    seen: usize,
}

impl Terminal {
    pub(crate) fn running(command: &str) -> Self {
        let mut holder = Command::new("script")
            .args(["--quiet", "--flush", "--return", "--command", command])
            .arg("/dev/null")
            .env("TERM", "dumb")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let keyboard = holder.stdin.take().unwrap();
        let mut output = holder.stdout.take().unwrap();
        let (sender, screen) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            holder,
            keyboard,
            screen,
            shown: String::new(),
            seen: 0,
        }
    }

    /// A shell with job control, which echoes nothing and prompts with `$ `.
    pub(crate) fn with_shell() -> Self {
        let mut terminal = Self::running("exec bash --norc --noprofile -i");
        terminal.types("stty -echo; PS1='pro''mpt '; unset HISTFILE\n");
        terminal.shows("prompt ");
        terminal
    }

    pub(crate) fn types(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits until this is shown, after all that has been waited for so far.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        self.shows_all(&[text])
    }

    /// Waits until these are shown, in whatever order.
    #[track_caller]
    pub(crate) fn shows_all(&mut self, texts: &[&str]) -> &mut Self {
        let deadline = Instant::now() + LONGEST;
        loop {
            let ends = texts.iter().map(|text| {
                let at = self.shown[self.seen..].find(text)?;
                Some(self.seen + at + text.len())
            });
            if let Some(ends) = ends.collect::<Option<Vec<_>>>() {
                self.seen = ends.into_iter().max().unwrap();
                return self;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(bytes) = self.screen.recv_timeout(left) else {
                panic!("no {texts:?} after {} in {:?}", self.seen, self.shown);
            };
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
    }

    /// Waits for the rest of the line, and returns it.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let from = self.seen;
        self.shows("\r\n");
        self.shown[from..self.seen].trim_end().to_owned()
    }

    /// Waits until the listener is ready.
    #[track_caller]
    pub(crate) fn listener_is_ready(&mut self) -> Listening {
        let numbers = self.shows("ready ").line();
        Listening::read(&format!("ready {numbers}"))
    }

    /// Waits for the end of the command, and returns its code and all that was shown.
    #[track_caller]
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        let deadline = Instant::now() + LONGEST;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.screen.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("no end after {:?}", self.shown),
            }
        }
        let code = self.holder.wait().unwrap().code();
        (code, std::mem::take(&mut self.shown))
    }

    /// Closes the terminal, so that what runs in it is hung up on.
    pub(crate) fn closes(mut self) {
        self.holder.kill().unwrap();
        self.holder.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
