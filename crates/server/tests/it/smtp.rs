//! A mail server of RFC 5321, as small as one can be: it keeps what it is given, and refuses when told to.

use mail_parser::{Message, MessageParser};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// It ends with the test's runtime.
pub struct SmtpServer {
    pub url: String,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    received: Mutex<Vec<Received>>,
    refusals: Mutex<VecDeque<&'static str>>,
}

/// A mail with its envelope.
#[derive(Debug, Clone)]
pub struct Received {
    pub from: String,
    pub to: String,
    data: Vec<u8>,
}

impl Received {
    pub fn message(&self) -> Message<'_> {
        MessageParser::default().parse(&self.data).unwrap()
    }
}

impl SmtpServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&serving);
                // A client that hangs up ends its own conversation.
                tokio::spawn(async move { converse(stream, &state).await.ok() });
            }
        });
        Self { url, state }
    }

    /// What has come so far.
    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Answers the next recipient with this line.
    pub fn refuse(&self, answer: &'static str) {
        self.state.refusals.lock().unwrap().push_back(answer);
    }
}

async fn converse(stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut from, mut to, mut line) = (String::new(), String::new(), Vec::new());
    stream.write_all(b"220 test ready\r\n").await?;
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let path = |text: &str| text.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let answer = match text.to_ascii_uppercase() {
            verb if verb.starts_with("EHLO") => "250-test\r\n250 8BITMIME",
            verb if verb.starts_with("MAIL FROM:") => {
                from = path(&text);
                "250 ok"
            }
            verb if verb.starts_with("RCPT TO:") => {
                to = path(&text);
                state.refusals.lock().unwrap().pop_front().unwrap_or("250 ok")
            }
            verb if verb == "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let data = read_data(&mut stream).await?;
                let (from, to) = (from.clone(), to.clone());
                state.received.lock().unwrap().push(Received { from, to, data });
                "250 taken"
            }
            verb if verb == "QUIT" => "221 bye",
            _ => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(data);
        }
        // Dots at the beginning are doubled on the way (section 4.5.2).
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
