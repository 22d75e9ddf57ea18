//! The thread that announces the start of a run and its heartbeats.

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use crate::record::Recorder;

/// A recorder that the thread of the job and the timer share.
pub(super) type SharedRecorder = Arc<Mutex<Recorder>>;

/// A thread that has updates made when they are due. It ends when this is dropped, which waits for it:
/// making an update waits for nobody.
pub(super) struct UpdateTimer {
    running: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl UpdateTimer {
    /// Starts the thread, if there is something to announce: the start after some time, heartbeats at
    /// intervals.
    pub(super) fn start(
        recorder: &SharedRecorder,
        started: SystemTime,
        (start_after, heartbeat): (Option<Duration>, Option<Duration>),
    ) -> io::Result<Option<Self>> {
        if start_after.is_none() && heartbeat.is_none() {
            return Ok(None);
        }
        let recorder = Arc::clone(recorder);
        let (running, ended) = sync_channel(0);
        let thread = thread::Builder::new().spawn(move || {
            let begin = Instant::now();
            let mut schedule = Schedule {
                start: start_after,
                heartbeat: heartbeat.map(|interval| (interval, interval)),
            };
            while schedule.wait(begin, &ended) {
                let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
                // What keeps a thread from being made is likely over when the end is told.
                let _ = match schedule.take() {
                    Announcement::Start => recorder.start(started),
                    Announcement::Heartbeat => recorder.heartbeat(),
                };
            }
        })?;
        Ok(Some(Self {
            running: Some(running),
            thread: Some(thread),
        }))
    }
}

impl Drop for UpdateTimer {
    fn drop(&mut self) {
        drop(self.running.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What is due, by the time since the start.
struct Schedule {
    start: Option<Duration>,
    /// The next one, and the interval.
    heartbeat: Option<(Duration, Duration)>,
}

enum Announcement {
    Start,
    Heartbeat,
}

impl Schedule {
    /// Waits until something is due. False when the run has ended.
    fn wait(&self, begin: Instant, ended: &Receiver<()>) -> bool {
        let heartbeat = self.heartbeat.map(|(next, _)| next);
        match self.start.into_iter().chain(heartbeat).min() {
            Some(due) => {
                let left = due.saturating_sub(begin.elapsed());
                ended.recv_timeout(left) == Err(RecvTimeoutError::Timeout)
            }
            None => ended.recv().is_ok(),
        }
    }

    /// Takes out what is due first.
    fn take(&mut self) -> Announcement {
        match (self.start, &mut self.heartbeat) {
            (start, Some((next, interval))) if start.is_none_or(|start| *next < start) => {
                *next = next.saturating_add(*interval);
                Announcement::Heartbeat
            }
            _ => {
                self.start = None;
                Announcement::Start
            }
        }
    }
}
