//! One connection: a TLS handshake, a call, an answer, and all that can go wrong with them.

use super::check_order;
use super::desk::Desk;
use super::fault::{Call, Does, Fault, Says};
use super::handled::Handled;
use super::wire::{self, Answer, Request};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a client may take for the handshake, and for its request.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn serve(tcp: TcpStream, tls: TlsAcceptor, desk: Arc<Desk>) {
    let fate = desk.faults.at_connection();
    if fate.now == Some(Fault::Refuse) {
        desk.log.add(Handled::of_connection(Fault::Refuse));
        let _ = tcp.set_zero_linger();
        return;
    }
    let _ = tcp.set_nodelay(true);
    let Ok(Ok(mut stream)) = tokio::time::timeout(LIMIT, tls.accept(tcp)).await else { return };
    if fate.now == Some(Fault::CloseBeforeReading) {
        desk.log.add(Handled::of_connection(Fault::CloseBeforeReading));
        let _ = stream.get_ref().0.set_zero_linger();
        return;
    }
    let request = match tokio::time::timeout(LIMIT, wire::read(&mut stream)).await {
        Ok(Ok(request)) => request,
        Ok(Err(error)) => return tracing::debug!("vietqr http: {error:#}"),
        Err(_) => return tracing::debug!("vietqr http: no request within {LIMIT:?}"),
    };
    match call_of(&request) {
        Ok(call) => {
            let fault = desk.faults.at_call(call, fate);
            answer(stream, &desk, call, &request, fault).await;
        }
        Err(status) => {
            let answer = Answer { status, body: String::new() };
            let _ = wire::write(&mut stream, Says::Right, answer, "", Duration::ZERO).await;
            let _ = stream.shutdown().await;
        }
    }
}

/// The call, or the HTTP status for what is none.
fn call_of(request: &Request) -> Result<Call, u16> {
    let call = match request.path.as_str() {
        "/vqr/api/token_generate" => Call::Token,
        "/vqr/api/transactions/check-order" => Call::CheckOrder,
        "/vqr/api/transaction/refund" => Call::Refund,
        _ => return Err(404),
    };
    if request.method == "POST" { Ok(call) } else { Err(405) }
}

async fn answer(mut stream: TlsStream<TcpStream>, desk: &Desk, call: Call, request: &Request, fault: Option<Fault>) {
    let (does, says) = fault.map_or((Does::AtOnce, Says::Right), Fault::plan);
    let settings = desk.settings();
    let mut handled = Handled::of_call(call, request, fault);
    if (does, says) == (Does::Late, Says::Nothing) {
        // Closed first: whatever happens now, the caller cannot hear of it.
        drop(stream);
        desk.handle(call, request, does);
        desk.faults.answered(call, false, false);
        return desk.log.add(handled);
    }
    let mut right = desk.handle(call, request, does);
    let token_refused = says == Says::Code("E74") || (says == Says::Right && right == Answer::failed("E74"));
    // Before the answer: who has it may call again at once.
    desk.faults.answered(call, says == Says::Right && right.status == 200, token_refused);
    match says {
        Says::WithoutFigures => right = check_order::without_figures(right),
        Says::RightButLate => tokio::time::sleep(settings.answer_late).await,
        _ => {}
    }
    handled.status = wire::status(says, &right);
    desk.log.add(handled);
    let written = wire::write(&mut stream, says, right, &request.path, settings.drip).await;
    // What is cut off ends without the close of TLS, too.
    if written.is_ok() && !matches!(says, Says::Nothing | Says::HalfHeader) {
        let _ = stream.shutdown().await;
    }
}
