use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What the scripted gateway does with one connection, after it has read the request.
pub(crate) enum Answer {
    /// Answers with this status line, further header lines and body, and closes.
    Respond(&'static str, &'static str, &'static str),
    /// Does the other when something has been written to this named pipe.
    Hearing(PathBuf, Box<Answer>),
    /// Never answers; holds the connection until the client closes it.
    Silence,
    /// Writes to this named pipe, so that what waits there goes on, and then does the other.
    Telling(PathBuf, Box<Answer>),
    /// Answers 200 once every earlier connection has been closed by the client.
    RespondOnceAlone,
    /// Answers with these bytes and then no more, and holds the connection until the client closes it.
    Stall(&'static str),
    /// Closes without an answer.
    Close,
    /// Answers with these bytes, which need not be HTTP.
    Raw(&'static [u8]),
    /// Refuses, and says what it was told in headers, also out of base64.
    Echo,
    /// Answers with one of these bytes after each pause.
    Drip(&'static [u8], Duration),
    /// Answers 200, waits for the next request on this connection and resets it.
    ServeOnceThenReset,
    /// Does not read the request, nor anything else; holds the connection until the client closes it.
    Deaf,
    /// Does the same, but writes one of these bytes after each pause.
    DeafDrip(&'static [u8], Duration),
    /// Reads a piece of the request, answers with these bytes and resets the connection.
    Early(&'static [u8]),
    /// Reads the request so many bytes at a time, with a pause after each, and never answers.
    Sip(usize, Duration),
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

/// A gateway that follows a script, one answer a connection. When the script is at its end it refuses connections.
pub(crate) struct FakeGateway {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl FakeGateway {
    pub(crate) fn answering(script: impl IntoIterator<Item = Answer>) -> Self {
        Self::at("127.0.0.1:0", script)
    }

    /// One that listens at this address.
    pub(crate) fn at(address: &str, script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Vec<Answer> = script.into_iter().collect();
        let seen = Arc::clone(&requests);
        thread::spawn(move || {
            let mut silent: Vec<JoinHandle<()>> = Vec::new();
            for answer in script {
                let (stream, _) = listener.accept().unwrap();
                follow(answer, &stream, &seen, &mut silent);
            }
        });
        Self { address, requests }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

fn follow(
    answer: Answer,
    stream: &TcpStream,
    seen: &Mutex<Vec<Request>>,
    silent: &mut Vec<JoinHandle<()>>,
) {
    let Some(answer) = unread(answer, stream) else {
        return;
    };
    let Some(request) = read_request(stream) else {
        return;
    };
    let echo = echo(&request);
    seen.lock().unwrap().push(request);
    match answer {
        // A client that has gone is for the test to judge.
        Answer::Echo => drop({ stream }.write_all(echo.as_bytes())),
        answer => act(answer, stream, silent),
    }
}

/// An answer that repeats what stands in the headers of a request.
fn echo(request: &Request) -> String {
    let mut said = String::from("refused:");
    for value in request.headers.values() {
        let last = value.rsplit(' ').next().unwrap_or_default();
        let decoded = STANDARD.decode(last).unwrap_or_default();
        said.extend([
            " ",
            value,
            " ",
            last,
            " ",
            &String::from_utf8_lossy(&decoded),
        ]);
    }
    let length = said.len() + 1;
    format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{said}\n"
    )
}

/// Does what is done without reading the request; gives back what is not.
fn unread(answer: Answer, stream: &TcpStream) -> Option<Answer> {
    let mut stream = stream.try_clone().unwrap();
    match answer {
        Answer::Deaf => {
            thread::spawn(move || wait_for_close(&stream));
        }
        Answer::DeafDrip(bytes, pause) => {
            thread::spawn(move || drip(&stream, bytes, pause));
        }
        Answer::Sip(amount, pause) => {
            thread::spawn(move || {
                let mut buffer = vec![0; amount];
                while let Ok(1..) = stream.read(&mut buffer) {
                    thread::sleep(pause);
                }
            });
        }
        Answer::Early(bytes) => {
            let mut piece = [0; 1024];
            let _ = stream.read(&mut piece);
            let _ = stream.write_all(bytes);
        }
        other => return Some(other),
    }
    None
}

/// Writes one byte after the other until all are written or the client has closed the connection.
fn drip(mut stream: &TcpStream, bytes: &[u8], pause: Duration) {
    for byte in bytes {
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
        thread::sleep(pause);
    }
    wait_for_close(stream);
}

/// Waits until the client closes the connection, without reading what it sends.
fn wait_for_close(stream: &TcpStream) {
    while !matches!(stream.take_error(), Ok(Some(_)) | Err(_)) {
        let mut byte = [0];
        match stream.peek(&mut byte) {
            Ok(1..) => thread::sleep(Duration::from_millis(10)),
            Ok(0) | Err(_) => return,
        }
    }
}

fn act(answer: Answer, mut stream: &TcpStream, silent: &mut Vec<JoinHandle<()>>) {
    let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    // A client that has gone is for the test to judge.
    let _ = match answer {
        Answer::Respond(status, headers, body) => {
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
            )
        }
        Answer::Silence => {
            silent.push(until_closed(stream));
            Ok(())
        }
        Answer::Hearing(pipe, answer) => {
            std::fs::read(pipe).unwrap();
            return act(*answer, stream, silent);
        }
        Answer::Stall(bytes) => {
            silent.push(until_closed(stream));
            stream.write_all(bytes.as_bytes())
        }
        Answer::Telling(pipe, answer) => {
            std::fs::write(pipe, "told\n").unwrap();
            return act(*answer, stream, silent);
        }
        Answer::RespondOnceAlone => {
            for connection in silent.drain(..) {
                connection.join().unwrap();
            }
            stream.write_all(ok)
        }
        Answer::Close => Ok(()),
        Answer::Raw(bytes) => stream.write_all(bytes),
        Answer::Drip(bytes, pause) => {
            let stream = stream.try_clone().unwrap();
            thread::spawn(move || drip(&stream, bytes, pause));
            Ok(())
        }
        Answer::ServeOnceThenReset => {
            let served = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            // What has come and was not read is reset when the connection is closed.
            let mut byte = [0];
            let _ = stream.read(&mut byte);
            served
        }
        Answer::Echo | Answer::Early(_) | Answer::Deaf | Answer::DeafDrip(..) | Answer::Sip(..) => {
            panic!("this one is done before")
        }
    };
}

/// Reads until the client closes the connection.
fn until_closed(stream: &TcpStream) -> JoinHandle<()> {
    let mut stream = stream.try_clone().unwrap();
    thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    })
}

fn read_request(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    })
}
