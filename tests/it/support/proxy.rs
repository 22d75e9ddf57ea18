use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// A relay in front of a real gateway, which counts.
pub(crate) struct Proxy {
    address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    /// Answers that were passed on.
    answers: Mutex<usize>,
    changed: Condvar,
}

impl Proxy {
    pub(crate) fn to(gateway: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let gateway = gateway.to_owned();
        let counted = Arc::clone(&counts);
        thread::spawn(move || {
            for client in listener.incoming() {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                relay(client.unwrap(), &gateway, &counted);
            }
        });
        Self { address, counts }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many requests have been answered.
    #[track_caller]
    pub(crate) fn waits_for_requests(&self, count: usize) {
        let answers = self.counts.answers.lock().unwrap();
        let longest = Duration::from_secs(60);
        let (answers, _) = self
            .counts
            .changed
            .wait_timeout_while(answers, longest, |answers| *answers < count)
            .unwrap();
        assert!(*answers >= count, "{answers} answers");
    }
}

fn relay(client: TcpStream, gateway: &str, counts: &Arc<Counts>) {
    let server = TcpStream::connect(gateway).unwrap();
    let (requests, answers) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || copy(requests, server, |_| ()));
    let counts = Arc::clone(counts);
    thread::spawn(move || {
        copy(answers, client, |bytes| {
            // The gateway writes the answer to a push in one piece.
            *counts.answers.lock().unwrap() +=
                bytes.windows(9).filter(|part| part == b"HTTP/1.1 ").count();
            counts.changed.notify_all();
        });
    });
}

fn copy(mut from: TcpStream, mut to: TcpStream, seen: impl Fn(&[u8])) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
        seen(&buffer[..length]);
    }
    let _ = to.shutdown(Shutdown::Write);
}
