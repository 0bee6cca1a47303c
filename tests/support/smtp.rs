//! A real SMTP server on loopback, which answers as it is told and keeps what it takes.

use super::door::within;
use super::python::Running;
use domain::directory::{Agreed, Endpoint};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use tokio::sync::watch;

/// Answers with the status that is the recipient's name where there is one: `rcpt-451@..`, `data-550@..`.
const SERVER: &str = r"
import json, ssl, sys
from aiosmtpd.controller import Controller
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        step, _, status = address.split('@')[0].partition('-')
        if step == 'rcpt':
            return status.replace('_', ' ').replace('x', '5.7.1') + ' said to the recipient'
        envelope.rcpt_tos.append(address)
        return '250 fine'
    async def handle_DATA(self, server, session, envelope):
        step, _, status = envelope.rcpt_tos[0].split('@')[0].partition('-')
        if step == 'data':
            return status + ' said to the content'
        print(json.dumps({'from': envelope.mail_from, 'to': envelope.rcpt_tos, 'text': envelope.content.decode()}), flush=True)
        return '250 taken'
import socket
tls = None
if sys.argv[1:]:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*sys.argv[1:3])
free = socket.socket()
free.bind(('127.0.0.1', 0))
port = free.getsockname()[1]
free.close()
controller = Controller(Handler(), hostname='127.0.0.1', port=port, tls_context=tls)
controller.start()
print(port, flush=True)
sys.stdin.read()
";

pub struct Server {
    pub port: u16,
    mails: watch::Receiver<Vec<Value>>,
    _running: Running,
}

impl Server {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// One that offers STARTTLS with this certificate and its key.
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::with(&[certificate, key])
    }

    fn with(arguments: &[&str]) -> Self {
        let mut running = Running::start(SERVER, arguments);
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.next().expect("it says its port").trim().parse().unwrap();
        let (taken, mails) = watch::channel(Vec::new());
        std::thread::spawn(move || {
            lines.for_each(|line| taken.send_modify(|mails| mails.push(serde_json::from_str(&line).unwrap())));
        });
        Self { port, mails, _running: running }
    }

    /// What it has taken, oldest first, as soon as it is so many.
    pub async fn mails(&self, at_least: usize) -> Vec<Value> {
        let mut mails = self.mails.clone();
        within("e-mails", mails.wait_for(|mails| mails.len() >= at_least)).await.unwrap().clone()
    }

    pub fn endpoint(&self, to: &str) -> Endpoint {
        endpoint(self.port, to)
    }
}

/// An endpoint whose relay is at this port.
pub fn endpoint(port: u16, to: &str) -> Endpoint {
    let smtp = format!("smtp://127.0.0.1:{port}");
    let settings = [("smtp", smtp.as_str()), ("from", "Placement hub <hub@council.example>"), ("link", "https://notices.example/inbox")];
    Endpoint {
        organisation: "E06000043".parse().unwrap(),
        place: None,
        adapter: "email".to_owned(),
        url: format!("mailto:{to}"),
        secrets: Vec::new(),
        allow_private: true,
        timeout_seconds: 10,
        concurrency: 4,
        settings: settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        secret_settings: BTreeMap::new(),
        agreed: Agreed::default(),
        from: None,
        to: None,
    }
}
