//! `/health` and `/metrics` over HTTP, for monitors.
//!
//! Off unless the settings say where to listen. It answers from what the loop published last, and so never
//! waits for it; where the loop published nothing for minutes, that is the answer. Requests have no body
//! worth reading and no way to change anything. An address that cannot be had is no reason not to mail: it is told, and
//! asked for again every minute.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http_body_util::Full;
use hyper::Method;
use hyper::Request;
use hyper::Response;
use hyper::StatusCode;
use hyper::body::Bytes;
use hyper::body::Incoming;
use hyper::header::CACHE_CONTROL;
use hyper::header::CONTENT_TYPE;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use super::metrics;
use super::vitals::Published;
use super::vitals::Vitals;

/// How many connections are answered at the same time; more wait.
const CONNECTIONS: usize = 16;

/// The longest that a connection may take, from its first byte to its last.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long a system that accepts no connection is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// How long an address that cannot be had is left alone.
const AGAIN: Duration = Duration::from_secs(60);

/// Why nothing is answered, as long as that is so.
pub(super) type Trouble = Arc<ArcSwapOption<String>>;

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers for as long as it is polled, once the address can be had; without one it only waits.
pub(super) async fn listen(address: Option<SocketAddr>, vitals: Published, trouble: Trouble) {
    let Some(address) = address else { return std::future::pending().await };
    let listener = bound(address, &trouble).await;
    info!("Listening on http://{address} for /health and /metrics");
    serve(listener, vitals).await;
}

/// Asks for the address until it is had.
async fn bound(address: SocketAddr, trouble: &Trouble) -> TcpListener {
    loop {
        let error = match TcpListener::bind(address).await {
            Ok(listener) => {
                trouble.store(None);
                return listener;
            }
            Err(error) => error,
        };
        let why = unbound(address, &error);
        if trouble.load().as_deref() != Some(&why) {
            error!("{why}; it is tried again every minute, and mails go out all the same");
            trouble.store(Some(Arc::new(why)));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Says why an address cannot be had, and what to do.
fn unbound(address: SocketAddr, error: &io::Error) -> String {
    let remedy = "or choose another health.listen and restart";
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let port = address.port();
            format!("health listener: port {port} in use ({address}): end the program that has it, {remedy}")
        }
        _ => format!(
            "health listener: {address} cannot be had ({error}): give this user the right to it, {remedy}"
        ),
    }
}

/// Answers every connection of a listener.
pub(super) async fn serve(listener: TcpListener, vitals: Published) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => drop(connections.spawn(answer_one(stream, vitals.clone()))),
                Err(error) => {
                    warn!("no connection can be accepted: {error}");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn answer_one(stream: TcpStream, vitals: Published) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(request.method(), request.uri().path(), vitals.load_full().as_deref());
        async move { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("a connection broke: {error}"),
        Err(_) => debug!("a connection took too long"),
    }
}

fn answer(method: &Method, path: &str, vitals: Option<&Vitals>) -> Response<Full<Bytes>> {
    if method != Method::GET && method != Method::HEAD {
        return response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET\n".to_owned());
    }
    let is_known = matches!(path, "/health" | "/metrics");
    match vitals {
        _ if !is_known => {
            response(StatusCode::NOT_FOUND, TEXT, "there are /health and /metrics\n".to_owned())
        }
        None => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, "not ready yet\n".to_owned()),
        Some(vitals) if path == "/metrics" => response(StatusCode::OK, PROMETHEUS, metrics::render(vitals)),
        Some(vitals) => {
            let is_stuck = vitals.is_stuck();
            let is_well = !is_stuck && vitals.status.is_well();
            let code = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let mut body = vitals.status.json();
            body["stuck"] = json!(is_stuck);
            body["running"] = json!(
                vitals.running.as_ref().map(|(job, session)| json!({ "job": job, "session": session }))
            );
            response(code, JSON, format!("{body:#}\n"))
        }
    }
}

fn response(code: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_port_in_use_is_told_and_asked_for_again_until_it_is_free() {
        let other = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = other.local_addr().expect("an address");
        let trouble = Trouble::default();
        let listening = tokio::spawn(listen(Some(address), Published::default(), Arc::clone(&trouble)));
        tokio::time::sleep(AGAIN * 3 / 2).await;
        let told = trouble.load_full().expect("it is told");
        assert!(told.contains(&format!("health listener: port {} in use", address.port())), "{told}");
        assert!(!listening.is_finished(), "and given up it is not");
        drop(other);
        tokio::time::sleep(AGAIN).await;
        assert_eq!(trouble.load_full(), None);
        TcpStream::connect(address).await.expect("it listens");
    }
}
