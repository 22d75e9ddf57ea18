//! A TCP connection to the first of several addresses that answers.
//!
//! <https://www.rfc-editor.org/rfc/rfc8305>: an address that is silent costs a quarter of a second,
//! not the time of the others.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Time after which the next address is tried in parallel.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Maximum number of addresses of a host that are tried, and of the threads for them.
const MOST_ADDRESSES: usize = 8;

/// Connects to one address within a time.
type Connect<S> = dyn Fn(&SocketAddr, Duration) -> io::Result<S> + Send + Sync;

/// The addresses with the families taking turns, beginning with that of the first.
pub(super) fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut taking_turns = Vec::new();
    for address in first {
        taking_turns.push(address);
        taking_turns.extend(second.next());
    }
    taking_turns.extend(second);
    taking_turns
}

/// Connects to the first address that accepts, until `deadline`. The connections of the others are
/// closed. Without an accepting address it returns the error of the last that failed.
pub(super) fn connect_first(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    race(
        addresses,
        deadline,
        &(Arc::new(TcpStream::connect_timeout) as Arc<Connect<_>>),
    )
}

fn race<S: Send + 'static>(
    addresses: &[SocketAddr],
    deadline: Instant,
    connect: &Arc<Connect<S>>,
) -> io::Result<S> {
    let addresses = &addresses[..addresses.len().min(MOST_ADDRESSES)];
    let (sender, receiver) = channel();
    let mut race = Race {
        receiver,
        running: 0,
        failure: ErrorKind::TimedOut.into(),
    };
    for (index, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let is_alone = race.running == 0 && index + 1 == addresses.len();
        // A host of this machine answers at once, which needs no thread.
        let share = match address.ip().is_loopback() {
            _ if is_alone => left,
            true => left.min(ATTEMPT_DELAY),
            false if race.start(*address, left, connect, &sender) => {
                match race.next(left.min(ATTEMPT_DELAY)) {
                    Some(stream) => return Ok(stream),
                    None => continue,
                }
            }
            // Without a thread the addresses follow one after the other.
            false => left / 2,
        };
        match connect(address, share) {
            Ok(stream) => return Ok(stream),
            Err(error) => race.failure = error,
        }
    }
    drop(sender);
    let left = || deadline.saturating_duration_since(Instant::now());
    while race.running > 0 && !left().is_zero() {
        if let Some(stream) = race.next(left()) {
            return Ok(stream);
        }
    }
    Err(if race.running > 0 {
        ErrorKind::TimedOut.into()
    } else {
        race.failure
    })
}

/// Attempts that are under way in threads.
struct Race<S> {
    receiver: Receiver<io::Result<S>>,
    running: usize,
    /// The last one.
    failure: io::Error,
}

impl<S: Send + 'static> Race<S> {
    /// Starts an attempt in a thread, where there is one to be had. It ends with the time, and a
    /// connection that nobody waits for any more is closed at once.
    fn start(
        &mut self,
        address: SocketAddr,
        timeout: Duration,
        connect: &Arc<Connect<S>>,
        sender: &Sender<io::Result<S>>,
    ) -> bool {
        let (connect, sender) = (Arc::clone(connect), sender.clone());
        let attempt = move || drop(sender.send(connect(&address, timeout)));
        let is_started = thread::Builder::new().spawn(attempt).is_ok();
        self.running += usize::from(is_started);
        is_started
    }

    /// Waits for a connection, until one attempt has failed or the time is over.
    fn next(&mut self, timeout: Duration) -> Option<S> {
        match self.receiver.recv_timeout(timeout) {
            Ok(Ok(stream)) => return Some(stream),
            Ok(Err(error)) => {
                self.running -= 1;
                self.failure = error;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // A thread that panicked.
            Err(RecvTimeoutError::Disconnected) => self.running = 0,
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        format!("{text}:1").parse().unwrap()
    }

    /// Addresses that end in 1 are silent, in 2 refuse, in 3 accept, in 4 accept after 0.4 s. Tells
    /// which were tried, in order.
    fn connect(tried: &Arc<Mutex<Vec<SocketAddr>>>) -> Arc<Connect<SocketAddr>> {
        let tried = Arc::clone(tried);
        Arc::new(move |address: &SocketAddr, timeout: Duration| {
            tried.lock().unwrap().push(*address);
            let (sender, never) = mpsc::channel::<()>();
            match address
                .to_string()
                .split(']')
                .next()
                .unwrap()
                .trim_end_matches(":1")
                .chars()
                .last()
            {
                Some('1') => {
                    let _ = never.recv_timeout(timeout);
                    drop(sender);
                    Err(ErrorKind::TimedOut.into())
                }
                Some('2') => Err(ErrorKind::ConnectionRefused.into()),
                Some('3') => Ok(*address),
                _ => {
                    let _ = never.recv_timeout(Duration::from_millis(400).min(timeout));
                    drop(sender);
                    Ok(*address)
                }
            }
        })
    }

    fn run(addresses: &[&str], timeout: Duration) -> (io::Result<SocketAddr>, usize, Duration) {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|text| address(text)).collect();
        let tried = Arc::default();
        let begin = Instant::now();
        let result = race(&addresses, begin + timeout, &connect(&tried));
        let count = tried.lock().unwrap().len();
        (result, count, begin.elapsed())
    }

    #[test]
    fn a_silent_address_costs_a_quarter_of_a_second_and_a_refusing_one_nothing() {
        let long = Duration::from_secs(20);
        let (result, tried, elapsed) = run(&["[2001:db8::1]", "192.0.2.3", "192.0.2.13"], long);
        assert_eq!((result.unwrap(), tried), (address("192.0.2.3"), 2));
        assert!(
            elapsed >= ATTEMPT_DELAY && elapsed < Duration::from_secs(5),
            "{elapsed:?}"
        );
        let (result, tried, elapsed) = run(&["192.0.2.2"; 7], long);
        assert_eq!((result.is_err(), tried), (true, 7));
        assert!(elapsed < ATTEMPT_DELAY * 6, "{elapsed:?}");
        // The first goes on while the second is tried, and wins.
        let (result, tried, _) = run(&["192.0.2.4", "192.0.2.1"], long);
        assert_eq!((result.unwrap(), tried), (address("192.0.2.4"), 2));
        // One of this machine needs no thread, and does not hold up the others either.
        let (result, tried, elapsed) = run(&["127.0.0.1", "127.0.0.3"], Duration::from_secs(1));
        assert_eq!((result.unwrap(), tried), (address("127.0.0.3"), 2));
        assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
    }

    #[test]
    fn time_and_addresses_have_an_end() {
        let short = Duration::from_millis(600);
        let (result, tried, elapsed) = run(&["192.0.2.1", "192.0.2.2"], short);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(tried, 2);
        assert!(elapsed >= short, "{elapsed:?}");
        let (result, tried, _) = run(&["192.0.2.2"; 20], short);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        assert_eq!(tried, MOST_ADDRESSES);
        let (result, tried, _) = run(&["192.0.2.3"], Duration::ZERO);
        assert_eq!(
            (result.unwrap_err().kind(), tried),
            (ErrorKind::TimedOut, 0)
        );
    }

    #[test]
    fn families_take_turns() {
        let (a, b, c, d) = ("[2001:db8::1]", "[2001:db8::2]", "192.0.2.1", "192.0.2.2");
        for (given, expected) in [
            (vec![a, b, c, d], vec![a, c, b, d]),
            (vec![c, a, b], vec![c, a, b]),
            (vec![a, b], vec![a, b]),
            (vec![c, d, a], vec![c, a, d]),
            (vec![], vec![]),
        ] {
            let of = |texts: Vec<&str>| texts.into_iter().map(address).collect::<Vec<_>>();
            assert_eq!(interleave(of(given)), of(expected));
        }
    }
}
