//! A vendor on this machine for the tests: raw bytes over a real socket, so that an answer may break
//! in ways that a well-behaved server does not offer.

use std::io::Read;
use std::io::Write;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::DateTime;
use chrono::Utc;
use secrecy::SecretString;

use super::AlphaVantage;
use super::Binance;
use super::Polygon;
use super::Request;
use super::Source;
use super::http::Http;
use super::http::Key;
use super::limit::Limiter;
use super::quota::DayQuota;
use super::retry::Retry;
use super::vendor::Vendor;
use crate::domain::AssetClass;
use crate::domain::Symbol;

/// A key with characters that an address encodes.
pub(super) const KEY: &str = "s3cr3t+key/42=";
/// A Friday after the close in New York.
pub(super) const NOW: &str = "2026-11-20T21:30:00Z";

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(super) fn symbol(name: &str) -> Symbol {
    Symbol::new(name).expect("a symbol")
}

pub(super) fn request(class: AssetClass, name: &str, from: &str, to: &str) -> Request {
    let day = |text: &str| text.parse().expect("a date");
    Request { asset_class: class, symbol: symbol(name), from: day(from), to: day(to) }
}

/// A vendor that is asked without a limit to speak of and never twice.
pub(super) fn vendor(name: &'static str, base: &str, key: Key, timeout: Duration) -> Vendor {
    let retry = Retry {
        most: 0,
        most_reconnections: 0,
        first_wait: Duration::ZERO,
        unsaid_wait: Duration::ZERO,
        seed: Some(1),
    };
    let http = Http::new(name, base, key, timeout).expect("a client");
    Vendor { retry, ..Vendor::new(http, Limiter::new(1_000, Duration::from_secs(1))) }
}

/// The three sources, each at `base`, with the class and symbol it is asked for.
pub(super) fn sources(base: &str, timeout: Duration) -> Vec<(Box<dyn Source>, Request)> {
    retrying_sources(base, timeout, 0)
}

/// The same, each asking again so often, without a wait.
pub(super) fn retrying_sources(
    base: &str,
    timeout: Duration,
    retries: usize,
) -> Vec<(Box<dyn Source>, Request)> {
    let vendor = |name, key| {
        let mut own = vendor(name, base, key, timeout);
        own.retry.most = retries;
        own.retry.most_reconnections = retries;
        own
    };
    let key = || SecretString::from(KEY);
    let equity = || request(AssetClass::Equity, "AAPL", "2026-11-02", "2026-11-20");
    let crypto = request(AssetClass::Crypto, "BTC", "2026-11-02", "2026-11-20");
    let polygon = Polygon::of_vendor(vendor("polygon", Key::Bearer(key())), instant(NOW));
    let binance = Binance::of_vendor(vendor("binance", Key::None), instant(NOW));
    let own = vendor("alpha_vantage", Key::Query("apikey", key()));
    let alpha = AlphaVantage::of_vendor(own, instant(NOW));
    vec![(Box::new(polygon), equity()), (Box::new(binance), crypto), (Box::new(alpha), equity())]
}

/// An Alpha Vantage that counts its calls in `file`.
pub(super) fn counted(base: &str, per_day: u32, file: &std::path::Path) -> AlphaVantage {
    let key = Key::Query("apikey", SecretString::from(KEY));
    let mut own = vendor("alpha_vantage", base, key, Duration::from_secs(5));
    own.quota = Some(DayQuota::new(per_day, file.to_owned(), instant(NOW)));
    AlphaVantage::of_vendor(own, instant(NOW))
}

/// What the server does with a connection once it has read the request.
#[derive(Clone)]
pub(super) enum Act {
    /// Writes these bytes and closes.
    Say(Vec<u8>),
    /// Writes these bytes, then closes with the rest unsent, as a server does that ends.
    Break(Vec<u8>),
    /// Writes these bytes, then resets the connection, as a machine does that lost it.
    Reset(Vec<u8>),
    /// Greets with this certificate, which nobody vouches for, and speaks to nobody who takes it not.
    Tls(Arc<rustls::ServerConfig>),
    /// Writes these bytes, then neither speaks nor closes.
    Stall(Vec<u8>),
    /// Writes the head and this byte so many times.
    Pour(Vec<u8>, usize),
}

/// A server on a free port of the loopback that treats every connection alike.
pub(super) struct Server {
    address: SocketAddr,
    calls: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        // The thread ends with the test's process; it holds nothing but the port.
        std::thread::spawn(move || {
            let mut stalled = Vec::new();
            for stream in listener.incoming().flatten() {
                counter.fetch_add(1, Ordering::Relaxed);
                stalled.extend(serve(stream, &act));
            }
        });
        Self { address, calls }
    }

    /// A server that answers so, as HTTP.
    pub(super) fn answering(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Self {
        Self::start(Act::Say(answer(status, headers, body)))
    }

    pub(super) fn http(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn https(&self) -> String {
        format!("https://{}", self.address)
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

/// An answer in the form of HTTP; each header ends with a line break.
pub(super) fn answer(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let (body, end) = (body.as_ref(), "Connection: close\r\n\r\n");
    let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n{end}", body.len());
    [head.as_bytes(), body].concat()
}

/// A server whose certificate is its own word alone.
pub(super) fn self_signed() -> Server {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![cert.into()], key.into())
        .expect("the key is the certificate's");
    Server::start(Act::Tls(Arc::new(config)))
}

/// An address whose listener is full: what connects to it waits for ever.
pub(super) struct FullListener {
    address: SocketAddr,
    _held: (socket2::Socket, Vec<TcpStream>),
}

impl FullListener {
    pub(super) fn new() -> Self {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        let any_port: SocketAddr = ([127, 0, 0, 1], 0).into();
        socket.bind(&any_port.into()).expect("a free port");
        socket.listen(0).expect("a listener");
        let address = socket.local_addr().ok().and_then(|address| address.as_socket()).expect("an address");
        // Nobody accepts, so that the queue fills; how long it is, is the system's own choice.
        let wait = Duration::from_millis(100);
        let waiting = std::iter::from_fn(|| TcpStream::connect_timeout(&address, wait).ok()).collect();
        Self { address, _held: (socket, waiting) }
    }

    pub(super) fn http(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Reads the request's head, acts, and gives the stream back where it is to stay open.
fn serve(mut stream: TcpStream, act: &Act) -> Option<TcpStream> {
    let mut head = Vec::new();
    let mut byte = [0; 1024];
    stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        // A TLS greeting has no such end; it is answered after its first bytes.
        match stream.read(&mut byte) {
            Ok(0) | Err(_) => break,
            Ok(count) => head.extend_from_slice(&byte[..count]),
        }
        if head.first() == Some(&0x16) {
            break;
        }
    }
    match act {
        Act::Say(bytes) | Act::Break(bytes) => drop(stream.write_all(bytes)),
        Act::Reset(bytes) => {
            stream.write_all(bytes).ok()?;
            // Closing without lingering sends RST in place of FIN.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).ok()?;
        }
        Act::Tls(config) => {
            let mut tls = rustls::ServerConnection::new(Arc::clone(config)).ok()?;
            tls.read_tls(&mut head.as_slice()).ok()?;
            tls.process_new_packets().ok()?;
            // Until the client hangs up, which it does instead of sending a request.
            while tls.complete_io(&mut stream).is_ok_and(|(read, _)| read > 0) {}
        }
        Act::Stall(bytes) => {
            stream.write_all(bytes).ok()?;
            return Some(stream);
        }
        Act::Pour(head, count) => {
            stream.write_all(head).ok()?;
            let chunk = vec![b' '; 1 << 16];
            let mut left = *count;
            while left > 0 {
                let size = left.min(chunk.len());
                stream.write_all(&chunk[..size]).ok()?;
                left -= size;
            }
        }
    }
    None
}
