//! One connection: a TLS handshake, a call, an answer, and all that can go wrong with them.

use super::fault::{Does, Fault, Says};
use super::handled::Handled;
use super::wire::{self, Answer, Request};
use super::{Desk, Heard, Provider};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// How long a client may take for the handshake, and for its request.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) async fn serve<P: Provider>(tcp: TcpStream, tls: TlsAcceptor, desk: Arc<Desk<P>>) {
    let fate = desk.faults.at_connection();
    let struck = |says| fate.now.filter(|fault| fault.plan().1 == says);
    if let Some(fault) = struck(Says::Reset) {
        desk.log.add(Handled::of_connection(fault));
        let _ = tcp.set_zero_linger();
        return;
    }
    let _ = tcp.set_nodelay(true);
    let Ok(Ok(mut stream)) = tokio::time::timeout(LIMIT, tls.accept(tcp)).await else { return };
    if let Some(fault) = struck(Says::ResetAfterTls) {
        desk.log.add(Handled::of_connection(fault));
        let _ = stream.get_ref().0.set_zero_linger();
        return;
    }
    let request = match tokio::time::timeout(LIMIT, wire::read(&mut stream)).await {
        Ok(Ok(request)) => request,
        Ok(Err(error)) => return tracing::debug!("{}: {error:#}", P::NAME),
        Err(_) => return tracing::debug!("{}: no request within {LIMIT:?}", P::NAME),
    };
    match desk.provider.call_of(&request) {
        Ok(call) => {
            let fault = desk.faults.at_call(call, fate);
            answer(stream, &desk, call, request, fault).await;
        }
        Err(status) => {
            let answer = Answer::of(status, String::new());
            let _ = wire::write(&mut stream, Says::Right, answer, "", Duration::ZERO).await;
            let _ = stream.shutdown().await;
        }
    }
}

async fn answer<P: Provider>(
    mut stream: TlsStream<TcpStream>,
    desk: &Desk<P>,
    call: P::Call,
    request: Request,
    fault: Option<P::Fault>,
) {
    let (does, says) = fault.map_or((Does::AtOnce, Says::Right), P::Fault::plan);
    let settings = desk.settings();
    let timing = P::timing(&settings);
    let mut handled = Handled::of_call(call, &request, fault);
    let late = |request: Request| {
        let rest = Arc::clone(&desk.provider).take_on(call, request, settings.clone());
        // It outlives the connection: that is the point.
        tokio::spawn(async move {
            tokio::time::sleep(timing.execute_late).await;
            rest();
        });
    };
    if (does, says) == (Does::Late, Says::Nothing) {
        // Closed first: whatever happens now, the caller cannot hear of it.
        drop(stream);
        late(request);
        desk.faults.answered(call, Heard::Refused);
        return desk.log.add(handled);
    }
    let mut right = match does {
        Does::AtOnce => desk.provider.handle(call, &request, &settings),
        Does::Nothing => Answer::ok(String::new()),
        Does::Late => {
            late(request.clone());
            Answer::ok(String::new())
        }
    };
    if let (Says::Own, Some(fault)) = (says, fault) {
        right = desk.provider.own_answer(fault, &request, right, &settings);
    }
    // Before the answer: who has it may call again at once.
    let heard = match says {
        Says::Right | Says::Own => desk.provider.heard(call, &right),
        _ => Heard::Refused,
    };
    desk.faults.answered(call, heard);
    if says == Says::RightButLate {
        tokio::time::sleep(timing.answer_late).await;
    }
    handled.status = wire::status(says, &right);
    desk.log.add(handled);
    let written = wire::write(&mut stream, says, right, &request.path, timing.drip).await;
    // What is cut off ends without the close of TLS, too.
    if written.is_ok() && !matches!(says, Says::Nothing | Says::HalfHeader | Says::HalfBody) {
        let _ = stream.shutdown().await;
    }
}
