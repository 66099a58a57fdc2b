//! As little of HTTP/1.1 as these tests need, over any stream.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No answer takes longer, with a restart in between.
const PATIENCE: Duration = Duration::from_secs(30);

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|why| panic!("{why}: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// The value of a hidden field of the page.
    pub fn field(&self, name: &str) -> String {
        let marker = format!("name=\"{name}\" value=\"");
        let rest = self.body.split_once(&marker).unwrap_or_else(|| panic!("no {name} in {self:?}")).1;
        rest.split_once('"').unwrap().0.replace("&#38;", "&").replace("&#61;", "=").replace("&amp;", "&")
    }

    /// A parameter of the redirect.
    pub fn param(&self, name: &str) -> String {
        let location = self.header("location");
        let found = location.split(['?', '&', '#']).find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("no {name} in {self:?}")).to_owned()
    }
}

/// Form encoding of pairs.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        text.bytes().fold(String::new(), |text, byte| {
            if plain(&byte) { text + &char::from(byte).to_string() } else { format!("{text}%{byte:02X}") }
        })
    };
    pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect::<Vec<_>>().join("&")
}

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Writes one request.
pub fn send(stream: &mut impl Write, head: &str, body: &str) -> io::Result<()> {
    let length = body.len();
    stream.write_all(format!("{head}\r\nhost: localhost\r\ncontent-length: {length}\r\n\r\n{body}").as_bytes())
}

/// Reads one answer, and leaves the connection as it is.
pub fn receive(stream: &mut impl Read) -> io::Result<Answer> {
    let cut = || io::Error::new(io::ErrorKind::UnexpectedEof, "the answer was cut off");
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        match stream.read(&mut chunk)? {
            0 => return Err(cut()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).ok_or_else(cut)?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
    let length: usize = length.parse().map_err(|_| cut())?;
    while bytes.len() < head + length {
        match stream.read(&mut chunk)? {
            0 => return Err(cut()),
            count => bytes.extend_from_slice(&chunk[..count]),
        }
    }
    Ok(Answer { status, headers, body: String::from_utf8_lossy(&bytes[head..]).into_owned() })
}

/// One request on a connection of its own.
pub fn exchange(address: SocketAddr, head: &str, body: &str) -> io::Result<Answer> {
    let mut stream = connect(address)?;
    send(&mut stream, head, body)?;
    receive(&mut stream)
}

/// A browser: a cookie jar towards one server.
#[derive(Clone)]
pub struct Browser {
    pub address: SocketAddr,
    pub origin: String,
    pub cookies: BTreeMap<String, String>,
}

impl Browser {
    pub fn new(address: SocketAddr) -> Self {
        Self { address, origin: format!("http://localhost:{}", address.port()), cookies: BTreeMap::new() }
    }

    pub fn get(&mut self, url: &str) -> Answer {
        let path = url.strip_prefix(&self.origin).unwrap_or(url).to_owned();
        self.request(&format!("GET {path} HTTP/1.1\r\naccept: text/html"), "")
    }

    pub fn post(&mut self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\norigin: {}\r\ncontent-type: application/x-www-form-urlencoded",
            self.origin
        );
        self.request(&head, &form(pairs))
    }

    pub fn request(&mut self, head: &str, body: &str) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let head =
            if cookies.is_empty() { head.to_owned() } else { format!("{head}\r\ncookie: {}", cookies.join("; ")) };
        let answer = exchange(self.address, &head, body).unwrap();
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Follows redirects that stay on the server.
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        while answer.header("location").starts_with('/') {
            let next = answer.header("location").to_owned();
            answer = self.get(&next);
        }
        answer
    }
}
