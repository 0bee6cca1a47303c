//! One connection, with the bounds that the client library lacks.

use crate::{
    failure::{During, Failure, Kind},
    settings::Address,
};
use lapin::{AsyncTcpStream, Channel, Connection, ConnectionProperties, tcp::OwnedTLSConfig, uri::AMQPScheme};
use std::{
    cell::RefCell,
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use tracing::subscriber::{DefaultGuard, NoSubscriber};

/// For the name, the socket, TLS and the login together: a broker under load takes a second or two.
const OPEN: Duration = Duration::from_secs(15);
/// For the broker's goodbye. It is not worth more: what was acknowledged has been sent.
pub(crate) const CLOSE: Duration = Duration::from_secs(3);

/// An open connection. Dropping it ends it at once, whatever state the library's own thread is in.
pub(crate) struct Link {
    connection: Connection,
    cord: Cord,
}

impl Link {
    pub async fn open(address: &Address, name: &str) -> Result<Self, Failure> {
        let cord = Cord::default();
        let held = Arc::clone(&cord.0);
        let fail = |error: &lapin::Error| Failure::of(error, During::Connecting, address);
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let runtime = lapin::runtime::default_runtime().map_err(|e| fail(&e))?;
        let connecting = Connection::connector(
            address.uri.clone(),
            runtime,
            async move |uri, runtime| {
                silence_this_thread();
                let (host, port) = (uri.authority.host.clone(), uri.authority.port);
                let addresses: Vec<_> = tokio::net::lookup_host((host.as_str(), port)).await?.collect();
                let stream = AsyncTcpStream::connect(&runtime, addresses).await?;
                if let AsyncTcpStream::Plain(plain) = &stream {
                    hold(&held, TcpStream::from(plain.get_ref().as_fd().try_clone_to_owned()?))?;
                }
                match uri.scheme {
                    AMQPScheme::AMQP => Ok(stream),
                    AMQPScheme::AMQPS => Ok(stream.into_tls(&host, OwnedTLSConfig::default().as_ref()).await?),
                }
            },
            properties,
        );
        match timeout(OPEN, connecting).await {
            Ok(Ok(connection)) => Ok(Self { connection, cord }),
            Ok(Err(error)) => Err(fail(&error)),
            Err(_) => Err(Failure::new(Kind::Passing, &format!("did not finish a login within {} seconds", OPEN.as_secs()), address)),
        }
    }

    pub async fn channel(&self) -> lapin::Result<Channel> {
        self.connection.create_channel().await
    }

    pub fn alive(&self) -> bool {
        self.connection.status().connected()
    }

    /// The broker is short of memory or disk and reads nothing from us until it is not.
    pub fn blocked(&self) -> bool {
        self.connection.status().blocked()
    }

    /// In good order where the broker plays along; else not. Who still works with it is told that it is closed.
    pub async fn close(&self) {
        if matches!(timeout(CLOSE, self.connection.close(200, "OK".into())).await, Ok(Ok(()))) {
            self.cord.let_go();
        }
    }
}

/// A second handle to the socket. The library's thread reads from a broker that accepts and says nothing, or that has
/// died without a word, for as long as it takes; pulling the cord ends it.
#[derive(Default)]
struct Cord(Arc<Mutex<Socket>>);

#[derive(Default)]
enum Socket {
    #[default]
    NotYet,
    Open(TcpStream),
    /// Nobody waits for it any more.
    Cut,
}

impl Cord {
    /// The library ends the socket by itself; pulling at it meanwhile would look like a fault.
    fn let_go(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Socket::Cut;
    }
}

fn hold(held: &Mutex<Socket>, stream: TcpStream) -> io::Result<()> {
    let mut socket = held.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*socket, Socket::Cut) {
        return Err(io::ErrorKind::ConnectionAborted.into());
    }
    *socket = Socket::Open(stream);
    Ok(())
}

impl Drop for Cord {
    fn drop(&mut self) {
        let mut socket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Socket::Open(stream) = std::mem::replace(&mut *socket, Socket::Cut) {
            // Fails where it is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

thread_local! {
    static SILENCE: RefCell<Option<DefaultGuard>> = const { RefCell::new(None) };
}

/// The library logs a returned message with its body, which is child data, as a warning. Its thread therefore logs
/// nothing, whatever filter is set; all that an operator needs is in a [`Failure`].
fn silence_this_thread() {
    SILENCE.set(Some(tracing::subscriber::set_default(NoSubscriber::new())));
}

#[cfg(test)]
mod tests {
    use super::Link;
    use crate::settings::Address;
    use std::io::Read;

    /// What the far end of a connect attempt reads first.
    async fn first_byte_sent_to(scheme: &str) -> u8 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("{scheme}://u:p@127.0.0.1:{}/", listener.local_addr().unwrap().port());
        let read = tokio::task::spawn_blocking(move || {
            let mut first = [0];
            listener.accept().unwrap().0.read_exact(&mut first).unwrap();
            first[0]
        });
        assert!(Link::open(&Address::read(&url, 10).unwrap(), "test").await.is_err());
        read.await.unwrap()
    }

    #[tokio::test]
    async fn amqps_is_tls_and_amqp_is_not() {
        assert_eq!(first_byte_sent_to("amqp").await, b'A');
        // 22: a TLS handshake record.
        assert_eq!(first_byte_sent_to("amqps").await, 22);
    }
}
