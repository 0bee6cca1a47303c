//! One e-mail by one connection. Step by step, because the same status means another thing at each step.

use crate::setup::{Setup, Tls};
use crate::{Trouble, Weight};
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::{Error, response::Severity};
use std::error::Error as _;

/// Beneath [`Mechanism::Login`] there is nothing that keeps a password from a listener: TLS does.
const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Connecting,
    Login,
    Sender,
    Recipient,
    Content,
}

/// Done as soon as the relay has the message; its goodbye is not waited for.
pub(crate) async fn send(setup: &Setup, message: &[u8]) -> Result<(), Trouble> {
    let mut connection = connect(setup).await?;
    let sent = hand_over(&mut connection, setup, message).await;
    connection.abort().await;
    sent
}

/// As far as the login, and not a word further: nothing is sent to anybody.
pub(crate) async fn try_out(setup: &Setup) -> Result<(), Trouble> {
    let mut connection = connect(setup).await?;
    let let_in = log_in(&mut connection, setup).await;
    connection.abort().await;
    let_in
}

async fn connect(setup: &Setup) -> Result<AsyncSmtpConnection, Trouble> {
    let at = |error: Error| trouble(&error, Step::Connecting, setup);
    // Not the machine's own name, which is nobody's business.
    let hello = ClientId::Domain(setup.from.email.domain().to_owned());
    let parameters = || TlsParameters::new(setup.host.clone()).map_err(at);
    let wrapped = if setup.tls == Tls::Wrapped { Some(parameters()?) } else { None };
    let server = (setup.host.as_str(), setup.port);
    let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &hello, wrapped, None).await.map_err(at)?;
    match setup.tls {
        Tls::Wrapped => {}
        Tls::Offered if !connection.can_starttls() => {}
        Tls::Required if !connection.can_starttls() => {
            connection.abort().await;
            let sentence = format!("the relay {} offers no TLS: use one that does, or set allow_private if it is inside", setup.host);
            return Err(Trouble { sentence, status: None, weight: Weight::Standing });
        }
        Tls::Required | Tls::Offered => connection.starttls(parameters()?, &hello).await.map_err(at)?,
    }
    Ok(connection)
}

async fn hand_over(connection: &mut AsyncSmtpConnection, setup: &Setup, message: &[u8]) -> Result<(), Trouble> {
    let at = |step: Step| move |error: Error| trouble(&error, step, setup);
    log_in(connection, setup).await?;
    connection.command(Mail::new(Some(setup.from.email.clone()), Vec::new())).await.map_err(at(Step::Sender))?;
    connection.command(Rcpt::new(setup.to.clone(), Vec::new())).await.map_err(at(Step::Recipient))?;
    connection.command(Data).await.map_err(at(Step::Content))?;
    connection.message(message).await.map_err(at(Step::Content))?;
    Ok(())
}

async fn log_in(connection: &mut AsyncSmtpConnection, setup: &Setup) -> Result<(), Trouble> {
    if let Some(login) = &setup.login {
        connection.auth(&MECHANISMS, login).await.map_err(|error| trouble(&error, Step::Login, setup))?;
    }
    Ok(())
}

fn trouble(error: &Error, step: Step, setup: &Setup) -> Trouble {
    let code = error.status();
    let said = error.source().map(ToString::to_string).unwrap_or_default();
    let status = code.map(u16::from);
    let weight = match (code.map(|code| code.severity), step, status) {
        (Some(Severity::PermanentNegativeCompletion), Step::Recipient, Some(550 | 551 | 553)) if !said.starts_with("5.7.") => {
            Weight::NoSuchAddress
        }
        (Some(Severity::PermanentNegativeCompletion), ..) => Weight::Standing,
        // No login is possible: nothing passes by itself.
        (None, Step::Login, _) if error.is_client() => Weight::Standing,
        _ => Weight::Passing,
    };
    let what = match (weight, step) {
        (Weight::NoSuchAddress, _) => "does not know the recipient's address; correct it in the directory",
        (_, Step::Connecting) => "cannot be reached, or its certificate is not trusted",
        (_, Step::Login) => "refused the login; check username and password",
        (_, Step::Sender) => "did not take the sender's address",
        (_, Step::Recipient) => "did not take the recipient now",
        (_, Step::Content) => "did not take the message",
    };
    let answer = status.map(|status| format!("{status} ")).unwrap_or_default();
    Trouble { sentence: format!("the relay {} {what}: {answer}{said}", setup.host), status, weight }
}
