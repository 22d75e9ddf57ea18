use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The longest that a test waits for an answer.
const LONGEST: Duration = Duration::from_secs(60);

/// What a server has answered, to the end of the connection.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Reads it from a connection.
    #[track_caller]
    pub(crate) fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let Some(end) = end else {
            panic!("no answer: {:?}", String::from_utf8_lossy(&bytes));
        };
        let head = std::str::from_utf8(&bytes[..end]).unwrap();
        let (line, lines) = head.split_once("\r\n").unwrap();
        let headers = lines.split("\r\n").map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self {
            status: line.strip_prefix("HTTP/1.1 ").unwrap().to_owned(),
            headers: headers.collect(),
            body: bytes[end + 4..].to_vec(),
        }
    }
}

/// A connection on which no test waits for ever.
#[track_caller]
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONGEST)).unwrap();
    stream.set_write_timeout(Some(LONGEST)).unwrap();
    stream
}

/// Sends a request as it stands and reads what is answered.
#[track_caller]
pub(crate) fn ask(address: SocketAddr, request: &str) -> Answered {
    let mut stream = connect(address);
    stream.write_all(request.as_bytes()).unwrap();
    Answered::read(&mut stream)
}

/// The same for a `GET` of this path, with further header lines.
#[track_caller]
pub(crate) fn get(address: SocketAddr, path: &str, headers: &str) -> Answered {
    ask(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"),
    )
}
