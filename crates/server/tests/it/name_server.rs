//! A name server that answers as a test wants.

use hickory_resolver::proto::{
    op::{Message, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{A, TXT},
    },
};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::net::UdpSocket;

/// Names are without a dot at their end.
#[derive(Clone)]
pub struct NameServer {
    pub address: SocketAddr,
    texts: Arc<Mutex<HashMap<String, Vec<String>>>>,
    /// The answers to one question after the other; the last one is given from then on.
    addresses: Arc<Mutex<HashMap<String, Vec<Vec<Ipv4Addr>>>>>,
    asked: Arc<Mutex<HashMap<String, usize>>>,
}

impl NameServer {
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: socket.local_addr().unwrap(),
            texts: Arc::default(),
            addresses: Arc::default(),
            asked: Arc::default(),
        };
        let own = server.clone();
        tokio::spawn(async move {
            let mut packet = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut packet).await {
                let answer = own.answer(&Message::from_vec(&packet[..length]).unwrap());
                socket.send_to(&answer.to_vec().unwrap(), from).await.unwrap();
            }
        });
        server
    }

    fn answer(&self, question: &Message) -> Message {
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        let query = question.queries[0].clone();
        let name = query.name().to_ascii().trim_end_matches('.').to_lowercase();
        let mut addresses = self.addresses.lock().unwrap();
        match (self.texts.lock().unwrap().get(&name), addresses.get_mut(&name)) {
            (Some(texts), _) if query.query_type() == RecordType::TXT => {
                for text in texts {
                    // In parts, as long texts are.
                    let (first, second) = text.split_at(text.len() / 2);
                    let text = TXT::new(vec![first.to_owned(), second.to_owned()]);
                    answer.add_answer(Record::from_rdata(query.name().clone(), 60, RData::TXT(text)));
                }
            }
            (_, Some(answers)) if query.query_type() == RecordType::A => {
                *self.asked.lock().unwrap().entry(name).or_default() += 1;
                let now = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
                for address in now {
                    answer.add_answer(Record::from_rdata(query.name().clone(), 0, RData::A(A(address))));
                }
            }
            (None, None) => answer.metadata.response_code = ResponseCode::NXDomain,
            _ => {}
        }
        answer.add_query(query);
        answer
    }

    /// Puts these records where that of a domain is looked for.
    pub fn set(&self, domain: &Value, texts: &[&str]) {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        self.texts.lock().unwrap().insert(record_name(domain), texts);
    }

    /// As if nobody looked after the name of a domain's record any more.
    pub fn forget(&self, domain: &Value) {
        self.texts.lock().unwrap().remove(&record_name(domain));
    }

    /// The addresses of a name, question by question.
    pub fn set_addresses(&self, name: &str, answers: &[&[Ipv4Addr]]) {
        let answers = answers.iter().map(|addresses| addresses.to_vec()).collect();
        self.addresses.lock().unwrap().insert(name.to_owned(), answers);
    }

    /// How often the addresses of a name were asked for.
    pub fn asked(&self, name: &str) -> usize {
        self.asked.lock().unwrap().get(name).copied().unwrap_or_default()
    }
}

fn record_name(domain: &Value) -> String {
    domain["record_name"].as_str().unwrap().to_owned()
}
