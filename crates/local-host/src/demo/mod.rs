//! `cargo run -- demo`: plays the product for a person to watch, and fails when something is not as it should be.

mod api;
mod clock;
mod others;
mod screen;
mod server;
mod show;
mod story;
mod table;
mod timeline;

use api::{Api, ApiError};
use domain::calendar::UsageMonth;
use screen::Screen;
use server::{Server, ServerError};
use std::process::ExitCode;

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
enum DemoError {
    /// There is no local host to play against.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A call went wrong.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A call was answered, but the product did something else than it should.
    #[error("this is not as it should be: {0}")]
    Wrong(String),
    /// The run of the month would bill lines that are not the demo's.
    #[error(
        "customers have lines here that nobody has billed for {0} yet, and the demo would bill them with its own; \
         say --yes if it may, or stop that local host: the demo then starts a temporary one of its own"
    )]
    Others(UsageMonth),
    /// Nobody sees what is played: the console is gone.
    #[error("nothing can be printed")]
    Screen(#[from] std::io::Error),
    /// Ctrl-C.
    #[error("the demo was stopped")]
    Stopped,
}

/// Plays against the local host at `url`; without one against the one on the usual port; and when there is none,
/// against one of its own, which leaves nothing behind. Whoever names a store gets one of its own as well.
/// The billing run bills everybody's lines; where these are others' too, `bill_others` must say that it may.
pub(crate) async fn run(url: Option<&str>, store: Option<&str>, bill_others: bool) -> ExitCode {
    let mut screen = Screen::start();
    match play(&mut screen, url, store, bill_others).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.failed(&error);
            ExitCode::FAILURE
        }
    }
}

async fn play(
    screen: &mut Screen,
    url: Option<&str>,
    store: Option<&str>,
    bill_others: bool,
) -> Result<(), DemoError> {
    let server = Server::find(url, store).await?;
    screen.line(server.introduction())?;
    let mut api = Api::new(server.url(), screen)?;
    let mut clock = clock::Borrowed::look(&mut api).await?;
    let playing = async {
        if !bill_others {
            others::check(&mut api, clock.month()).await?;
        }
        story::play(&mut api, &mut clock).await
    };
    let played = tokio::select! {
        played = playing => played,
        _ = tokio::signal::ctrl_c() => Err(DemoError::Stopped),
    };
    // Whatever happened: somebody else's clock is theirs.
    let restored = clock.give_back(&mut api).await;
    let calls = api.calls();
    if played.is_err() {
        server.print_log(screen);
    }
    server.stop().await;
    played?;
    restored?;
    screen.ending(calls)?;
    Ok(())
}
