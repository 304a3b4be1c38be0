//! `/health` and `/metrics` over HTTP, for monitors.
//!
//! Off unless the settings say where to listen. It answers from what the loop published last, and so never
//! waits for it; where the loop published nothing for minutes, that is the answer. Requests have no body
//! worth reading and no way to change anything.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

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

const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers for as long as it is polled; without an address, or where it cannot be had, it only waits.
pub(super) async fn listen(address: Option<SocketAddr>, vitals: Published) {
    let Some(address) = address else { return std::future::pending().await };
    match TcpListener::bind(address).await {
        Ok(listener) => {
            info!("Listening on http://{address} for /health and /metrics");
            serve(listener, vitals).await;
        }
        Err(error) => {
            error!("health.listen: {address} cannot be had ({error}); choose another address and restart");
            std::future::pending::<()>().await;
        }
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
