//! A mail server (RFC 5321, as much as a client of ours needs) on this machine, which takes letters, hangs up or says nothing.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::Failure;

/// What it does with whoever connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Hangs up.
    Down,
    /// Says nothing, for ever.
    Hanging,
    /// Takes letters.
    Taking,
}

/// The server; its thread ends with the process.
pub(crate) struct PostOffice {
    address: SocketAddr,
    desk: Arc<Mutex<Desk>>,
}

struct Desk {
    manner: Manner,
    /// To whom letters were taken.
    taken: Vec<String>,
    /// How often somebody connected.
    knocks: usize,
    /// Connections that nothing is said on.
    hung: Vec<TcpStream>,
}

impl PostOffice {
    pub(crate) fn open() -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let desk = Desk { manner: Manner::Taking, taken: Vec::new(), knocks: 0, hung: Vec::new() };
        let desk = Arc::new(Mutex::new(desk));
        let of_thread = Arc::clone(&desk);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                receive(stream, &of_thread);
            }
        });
        Ok(Self { address, desk })
    }

    /// As `mail.server` names it.
    pub(crate) fn url(&self) -> String {
        format!("smtp+plain://{}", self.address)
    }

    /// From now on it does this. Whoever was kept waiting is hung up on.
    pub(crate) fn be(&self, manner: Manner) {
        let mut desk = lock(&self.desk);
        desk.manner = manner;
        for stream in desk.hung.drain(..) {
            // Nothing to do about one whose other end is gone.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many letters to this address were taken.
    pub(crate) fn letters_to(&self, address: &str) -> usize {
        lock(&self.desk).taken.iter().filter(|to| *to == address).count()
    }

    /// How often somebody connected.
    pub(crate) fn knocks(&self) -> usize {
        lock(&self.desk).knocks
    }
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

fn receive(stream: TcpStream, desk: &Arc<Mutex<Desk>>) {
    let mut at = lock(desk);
    at.knocks += 1;
    match at.manner {
        Manner::Down => {}
        Manner::Hanging => at.hung.push(stream),
        Manner::Taking => {
            let desk = Arc::clone(desk);
            // Whoever hangs up in the middle has sent no letter.
            thread::spawn(move || converse(&stream, &desk));
        }
    }
}

fn converse(mut stream: &TcpStream, desk: &Mutex<Desk>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let mut to = String::new();
    stream.write_all(b"220 here\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let answer: &[u8] = match line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" => b"250 here\r\n",
            "RCPT" => {
                line.split(['<', '>']).nth(1).unwrap_or_default().clone_into(&mut to);
                b"250 yes\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n")?;
                for line in lines.by_ref() {
                    if line? == "." {
                        break;
                    }
                }
                lock(desk).taken.push(to.clone());
                b"250 taken\r\n"
            }
            "QUIT" => return stream.write_all(b"221 bye\r\n"),
            _ => b"250 yes\r\n",
        };
        stream.write_all(answer)?;
    }
    Ok(())
}
