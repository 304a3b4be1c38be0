//! What each vendor may do wrong, in one table: always an error of the right kind, in one line that
//! names vendor and symbol, with the key nowhere in it, nor in what is logged on the way.

use std::io;
use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use super::SourceError;
use super::http::LARGEST_BODY;
use super::test_server::Act;
use super::test_server::FullListener;
use super::test_server::KEY;
use super::test_server::Server;
use super::test_server::retrying_sources;
use super::test_server::self_signed;
use super::test_server::sources;

/// Long enough for a loaded machine to answer from its own loopback.
pub(super) const PATIENT: Duration = Duration::from_secs(20);
/// Short, for the rows that must run into it.
const HASTY: Duration = Duration::from_millis(400);

fn kind(error: &SourceError) -> String {
    match error {
        SourceError::Unreachable { .. } => "unreachable".to_owned(),
        SourceError::Transport { .. } => "transport".to_owned(),
        SourceError::Uncounted { .. } => "uncounted".to_owned(),
        SourceError::Status { code, .. } => format!("status {code}"),
        SourceError::RateLimited { wait: Some(wait), .. } => format!("limited {}", wait.as_secs()),
        SourceError::RateLimited { wait: None, .. } => "limited".to_owned(),
        SourceError::Unauthorised { .. } => "unauthorised".to_owned(),
        SourceError::UnknownSymbol { .. } => "unknown".to_owned(),
        SourceError::Malformed { .. } => "malformed".to_owned(),
        SourceError::NotYet { .. } => "not yet".to_owned(),
        SourceError::Unsupported { .. } => "unsupported".to_owned(),
    }
}

/// Asks all three vendors at `base`; expects of each one of the kinds, in the vendors' order, and returns
/// what they said.
async fn check(row: &str, base: &str, timeout: Duration, expected: [&str; 3]) -> Vec<String> {
    let mut lines = Vec::new();
    for ((source, request), expected) in sources(base, timeout).into_iter().zip(expected) {
        let name = source.name();
        let error = match source.daily(&request).await {
            Err(error) => error,
            Ok(fetched) => panic!("{row}: {name} gave {} bars", fetched.bars.len()),
        };
        assert_eq!(kind(&error), expected, "{row}: {name}: {error}");
        let line = error.to_string();
        assert!(line.contains(name) && line.contains(request.symbol.as_str()), "{row}: {line}");
        assert!(!line.contains('\n') && line.len() < 400, "{row}: {line}");
        // Binance is shown no key, so there is none that it could echo.
        if name != "binance" {
            without_key(&format!("{line} {error:?}"));
        }
        lines.push(line);
    }
    lines
}

fn without_key(text: &str) {
    for form in [KEY, "s3cr3t%2Bkey%2F42%3D", "s3cr3t%2bkey%2f42%3d", "s3cr3t"] {
        assert!(!text.contains(form), "{text}");
    }
}

async fn says(status: &str, headers: &str, body: impl AsRef<[u8]>, expected: [&str; 3]) {
    let server = Server::answering(status, headers, &body);
    let body = String::from_utf8_lossy(body.as_ref());
    let row = format!("{status} {headers} {}", body.chars().take(40).collect::<String>());
    check(&row, &server.http(), PATIENT, expected).await;
    assert!(server.calls() >= 3, "{row}: every vendor was asked");
}

#[tokio::test]
async fn a_connection_that_is_not_made_is_unreachable() {
    let all = ["unreachable"; 3];
    let label = "a".repeat(64);
    check("no such host", &format!("http://{label}.invalid"), PATIENT, all).await;

    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    check("refused", &format!("http://{address}"), PATIENT, all).await;

    let plain = Server::answering("400 Bad Request", "", "this is no TLS");
    check("no TLS", &plain.https(), PATIENT, all).await;

    check("no greeting", &Server::start(Act::Stall(Vec::new())).https(), HASTY, all).await;
    let full = FullListener::new();
    for line in check("nobody accepts", &full.http(), HASTY, all).await {
        assert!(line.ends_with("no connection in time"), "{line}");
    }
    for line in check("a certificate of its own", &self_signed().https(), PATIENT, all).await {
        assert!(line.contains("certificate"), "{line}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_transport() {
    let all = ["transport"; 3];
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"status\":".to_vec();
    check("cut", &Server::start(Act::Break(half.clone())).http(), PATIENT, all).await;
    for line in check("reset", &Server::start(Act::Reset(half.clone())).http(), PATIENT, all).await {
        assert!(line.contains("the answer broke off") && line.contains("reset"), "{line}");
    }
    check("no answer", &Server::start(Act::Break(Vec::new())).http(), PATIENT, all).await;
    check("no HTTP", &Server::start(Act::Say(b"220 mail ready\r\n".to_vec())).http(), PATIENT, all).await;

    check("silence", &Server::start(Act::Stall(Vec::new())).http(), HASTY, all).await;
    check("silence in the body", &Server::start(Act::Stall(half)).http(), HASTY, all).await;
}

#[tokio::test]
async fn each_status_is_of_its_kind() {
    let elsewhere = "Location: http://elsewhere.example/?apikey=s3cr3t%2Bkey%2F42%3D\r\n";
    says("301 Moved Permanently", elsewhere, "", ["status 301"; 3]).await;
    says("302 Found", "Location: /here\r\n", "", ["status 302"; 3]).await;
    says("400 Bad Request", "", "{}", ["status 400"; 3]).await;
    says("401 Unauthorized", "", "{}", ["unauthorised"; 3]).await;
    says("403 Forbidden", "", "<html>", ["unauthorised", "status 403", "unauthorised"]).await;
    says("404 Not Found", "", "<html>", ["status 404"; 3]).await;
    says("418 I'm a teapot", "Retry-After: 7200\r\n", "{}", ["status 418", "limited 7200", "status 418"])
        .await;
    says("429 Too Many Requests", "Retry-After: 7\r\n", "{}", ["limited 7"; 3]).await;
    says("429 Too Many Requests", "", "{}", ["limited"; 3]).await;
    let date = "Date: Fri, 20 Nov 2026 21:30:00 GMT\r\nRetry-After: Fri, 20 Nov 2026 21:31:30 GMT\r\n";
    says("429 Too Many Requests", date, "{}", ["limited 90"; 3]).await;
    says("429 Too Many Requests", "Retry-After: soon\r\n", "{}", ["limited"; 3]).await;
    says("451 Unavailable For Legal Reasons", "", "{}", ["status 451"; 3]).await;
    says("500 Internal Server Error", "", "", ["status 500"; 3]).await;
    says("502 Bad Gateway", "", "<html>", ["status 502"; 3]).await;
    says("503 Service Unavailable", "", "{\"error\": null}", ["status 503"; 3]).await;
}

#[tokio::test]
async fn a_body_of_another_shape_is_malformed() {
    let bodies = [
        "",
        "<!DOCTYPE html><html>down for maintenance</html>",
        "{\"status\":\"OK\",\"results\":[{\"t\":1",
        "[[1704067200000,\"1\",",
        "null",
        "42",
        "\"s3cr3t+key/42=\"",
        "{\"status\":\"OK\"}",
        "{\"status\":\"OK\",\"results\":\"s3cr3t+key/42=\",\"Time Series (Daily)\":1}",
        "{\"status\":\"OK\",\"results\":[1],\"Time Series (Daily)\":{\"2026-11-19\":1}}",
        "{\"status\":7,\"Time Series (Daily)\":[]}",
        "\u{feff}{}",
    ];
    for body in bodies {
        says("200 OK", "", body, ["malformed"; 3]).await;
    }
}

#[tokio::test]
async fn a_body_of_another_charset_is_malformed() {
    let text = "{\"status\":\"ERROR\",\"error\":\"café\",\"Note\":\"café\"}";
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("of Latin-1")).collect();
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xff\xfe".as_slice(), &little].concat();
    for body in [latin, little, marked] {
        says("200 OK", "Content-Type: application/json; charset=utf-16\r\n", body, ["malformed"; 3]).await;
    }
}

#[tokio::test]
async fn the_largest_answers_fit_and_little_more() {
    let number = "123456789.12345678";
    let row = format!(
        "{{\"T\":\"ABCDEF.WS\",\"v\":{number},\"vw\":{number},\"o\":{number},\"c\":{number},\"h\":{number},\
         \"l\":{number},\"t\":1794805200000,\"n\":1234567890}}"
    );
    assert!(50_000 * (row.len() + 1) < LARGEST_BODY, "{} bytes a row", row.len());
    let page = format!("{{\"status\":\"OK\",\"results\":[{}]}}", vec![row; 50_000].join(","));
    let server = Server::answering("200 OK", "", &page);
    let (source, request) = sources(&server.http(), PATIENT).remove(0);
    assert_eq!(source.daily(&request).await.map(|fetched| fetched.bars.len()), Ok(50_000));
    assert_eq!(
        source
            .market(request.asset_class, "2026-11-16".parse().expect("a date"))
            .await
            .map(|all| all.bars.len()),
        Ok(50_000)
    );

    let larger = format!("{page}{}", " ".repeat(16 << 20));
    says("200 OK", "", larger, ["malformed"; 3]).await;
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_not_read_to_its_end() {
    let size = 100 << 20;
    let sized = format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n").into_bytes();
    let unsized_head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    for head in [sized, unsized_head] {
        let server = Server::start(Act::Pour(head, size));
        check("100 MB", &server.http(), PATIENT, ["malformed"; 3]).await;
    }
}

#[tokio::test]
async fn a_key_that_is_echoed_stays_unseen() {
    let texts = [KEY, "s3cr3t%2Bkey%2F42%3D", "at /query?key=s3cr3t%2bkey%2f42%3d"];
    for text in texts {
        let said = format!("no such thing as {text}");
        let body = format!(
            "{{\"status\":\"ERROR\",\"error\":\"{said}\",\"code\":-1,\"msg\":\"{said}\",\"Note\":\"{said}\"}}"
        );
        says("200 OK", "", &body, ["status 200", "malformed", "status 200"]).await;
        says("400 Bad Request", "", &body, ["status 400"; 3]).await;
        says("401 Unauthorized", "", &body, ["unauthorised"; 3]).await;
    }
}

/// What is logged, at every level, while this thread holds the guard.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || log.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("no panic")).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_key_that_is_echoed_reaches_no_log_while_the_call_is_tried_again() {
    let said = format!("{KEY} and s3cr3t%2Bkey%2F42%3D");
    let body =
        format!("{{\"error\":\"for {said}\",\"msg\":\"for\",\"code\":1,\"Error Message\":\"for {said}\"}}");
    let server = Server::answering("503 Service Unavailable", "", &body);
    let log = Log::default();
    let guard = log.listen();
    for (source, request) in retrying_sources(&server.http(), PATIENT, 2) {
        source.daily(&request).await.expect_err("503");
    }
    drop(guard);
    let text = log.text();
    assert_eq!(server.calls(), 9, "each was tried again");
    assert_eq!(text.matches("trying again").count(), 6, "{text}");
    assert!(text.contains("for *** and ***"), "{text}");
    without_key(&text);
}
