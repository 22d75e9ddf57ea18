//! Look-ups of a host, one at a time.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The addresses that a look-up has found. An error is kept as text: it is told to each that waits.
type Found = Result<Vec<SocketAddr>, String>;

/// Looks hosts up in a thread, because the system's look-up knows no time limit. While one hangs no
/// other is started: who asks in the meantime waits for its result.
#[derive(Clone, Debug, Default)]
pub(super) struct LookUp {
    state: Arc<(Mutex<LookUpState>, Condvar)>,
}

#[derive(Debug, Default)]
struct LookUpState {
    is_running: bool,
    /// The number of look-ups that have ended, and the result of the last.
    ended: u64,
    last: Option<Found>,
}

impl LookUp {
    /// Returns the addresses of a host, or None when there is no result in time.
    pub(super) fn addresses(&self, host: &str, port: u16, timeout: Duration) -> Option<Found> {
        let name = (host.to_owned(), port);
        self.run(timeout, move || {
            let addresses: io::Result<Vec<_>> = name.to_socket_addrs().map(Iterator::collect);
            addresses.map_err(|error| error.to_string())
        })
    }

    fn run(
        &self,
        timeout: Duration,
        look_up: impl FnOnce() -> Found + Send + 'static,
    ) -> Option<Found> {
        let begin = Instant::now();
        let (state, changed) = &*self.state;
        let mut locked = state.lock().unwrap_or_else(PoisonError::into_inner);
        let awaited = locked.ended + 1;
        if !locked.is_running {
            let running = Running(Arc::clone(&self.state));
            let thread = thread::Builder::new().spawn(move || running.end(look_up()));
            match thread {
                Ok(_) => locked.is_running = true,
                Err(error) => return Some(Err(error.to_string())),
            }
        }
        while locked.ended < awaited {
            let left = timeout.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return None;
            }
            locked = changed
                .wait_timeout(locked, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        locked.last.clone()
    }
}

/// A look-up that is under way.
struct Running(Arc<(Mutex<LookUpState>, Condvar)>);

impl Running {
    fn end(self, found: Found) {
        let (state, changed) = &*self.0;
        let mut locked = state.lock().unwrap_or_else(PoisonError::into_inner);
        locked.is_running = false;
        locked.ended += 1;
        locked.last = Some(found);
        changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_look_up_that_hangs_is_waited_for_and_not_started_again() {
        let look_up = LookUp::default();
        let (hang, hangs) = mpsc::channel::<()>();
        let short = Duration::from_millis(20);
        let found = vec!["192.0.2.1:1".parse().unwrap()];
        let result = found.clone();
        let first = look_up.run(short, move || {
            let _ = hangs.recv();
            Ok(result)
        });
        assert_eq!(first, None);
        let another = look_up.clone();
        assert_eq!(another.run(short, || panic!("started again")), None);
        let waiting =
            thread::spawn(move || another.run(Duration::from_secs(20), || Ok(Vec::new())));
        drop(hang);
        // The one that hung answers, or it had ended before and another was started.
        let answer = waiting.join().unwrap().unwrap().unwrap();
        assert!(answer == found || answer.is_empty(), "{answer:?}");
        let last = look_up.run(Duration::from_secs(20), || Err("no".to_owned()));
        assert_eq!(last, Some(Err("no".to_owned())));
    }
}
