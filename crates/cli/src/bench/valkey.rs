//! As much of RESP, the protocol of Valkey and Redis, as two commands need: requests are arrays of bulk strings, answers a line or a line and so many
//! bytes. Plain TCP only.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// Where it listens unless the URL says otherwise.
const PORT: u16 = 6379;
/// How long keys live.
const SECONDS: &str = "600";
/// Requests on their way at once.
const PIPELINE: usize = 500;
/// No answer here is larger.
const MOST_BYTES: usize = 1 << 20;

/// A connection.
#[derive(Debug)]
pub(super) struct Valkey {
    stream: BufReader<TcpStream>,
}

impl Valkey {
    /// Connects to `valkey://[:PASSWORD@]HOST[:PORT]`, or `redis://…`.
    pub(super) async fn connect(url: &str) -> Result<Self, String> {
        let (password, address) = parse(url)?;
        let stream = TcpStream::connect(&address).await.map_err(|why| format!("{address}: {why}"))?;
        stream.set_nodelay(true).map_err(|why| why.to_string())?;
        let mut valkey = Self { stream: BufReader::new(stream) };
        if let Some(password) = password {
            valkey.send(&command(&["AUTH", &password])).await?;
            valkey.answer().await?;
        }
        Ok(valkey)
    }

    /// Keeps one value under many keys.
    pub(super) async fn set_all(&mut self, keys: &[String], value: &str) -> Result<(), String> {
        for keys in keys.chunks(PIPELINE) {
            let commands: Vec<u8> = keys.iter().flat_map(|key| command(&["SET", key, value, "EX", SECONDS])).collect();
            self.send(&commands).await?;
            for _ in keys {
                self.answer().await?;
            }
        }
        Ok(())
    }

    /// What stands under a key.
    pub(super) async fn get(&mut self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.send(&command(&["GET", key])).await?;
        self.answer().await
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.stream.get_mut().write_all(bytes).await.map_err(|why| why.to_string())
    }

    /// A bulk string, nothing for what is not there, or an empty one for a simple `OK`.
    async fn answer(&mut self) -> Result<Option<Vec<u8>>, String> {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.map_err(|why| why.to_string())?;
        let line = line.trim_end();
        match line.split_at_checked(1) {
            Some(("+", _)) => Ok(Some(Vec::new())),
            Some(("$", "-1")) => Ok(None),
            Some(("$", length)) => {
                let length = length.parse::<usize>().ok().filter(|length| *length <= MOST_BYTES);
                let mut bytes = vec![0; length.ok_or("an answer of no length")? + 2];
                self.stream.read_exact(&mut bytes).await.map_err(|why| why.to_string())?;
                bytes.truncate(bytes.len() - 2);
                Ok(Some(bytes))
            }
            _ => Err(format!("Valkey answers: {line}")),
        }
    }
}

fn command(words: &[&str]) -> Vec<u8> {
    let bulk = words.iter().map(|word| format!("${}\r\n{word}\r\n", word.len()));
    bulk.fold(format!("*{}\r\n", words.len()), |text, word| text + &word).into_bytes()
}

/// The password, if there is one, and the address. Nothing of a wrong URL is repeated.
fn parse(url: &str) -> Result<(Option<String>, String), String> {
    let rest = url.strip_prefix("valkey://").or_else(|| url.strip_prefix("redis://"));
    let rest = rest.ok_or("--valkey-url is of the form valkey://[:PASSWORD@]HOST[:PORT]")?.trim_end_matches('/');
    let (password, host) = match rest.rsplit_once('@') {
        Some((credentials, host)) => (credentials.rsplit_once(':').map(|(_, password)| password.to_owned()), host),
        None => (None, rest),
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Ok((password, if has_port { host.to_owned() } else { format!("{host}:{PORT}") }))
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn a_url_names_an_address_and_perhaps_a_password() {
        let parsed = |url| parse(url).unwrap();
        assert_eq!(parsed("valkey://localhost"), (None, "localhost:6379".into()));
        assert_eq!(parsed("redis://127.0.0.1:7000/"), (None, "127.0.0.1:7000".into()));
        assert_eq!(parsed("redis://:p@ss@cache"), (Some("p@ss".into()), "cache:6379".into()));
        let error = parse("http://:hunter2@cache").unwrap_err();
        assert!(!error.contains("hunter2"));
    }

    #[test]
    fn a_value_cannot_leave_its_place() {
        assert_eq!(command(&["GET", "a\r\n*1"]), b"*2\r\n$3\r\nGET\r\n$5\r\na\r\n*1\r\n");
    }

    #[tokio::test]
    async fn answers_are_told_apart() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("valkey://{}", listener.local_addr().unwrap());
        let mut valkey = Valkey::connect(&url).await.unwrap();
        let (mut far, _) = listener.accept().await.unwrap();
        far.write_all(b"$3\r\na\r\n\r\n$-1\r\n-NOAUTH Authentication required.\r\n$9999999999\r\n").await.unwrap();
        assert_eq!(valkey.get("k").await, Ok(Some(b"a\r\n".to_vec())));
        assert_eq!(valkey.get("k").await, Ok(None));
        assert!(valkey.get("k").await.unwrap_err().contains("NOAUTH"));
        assert!(valkey.get("k").await.is_err());
    }
}
