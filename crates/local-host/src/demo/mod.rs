//! `cargo run -- demo`: plays the product for a person to watch, and fails when something is not as it should be.

mod api;
mod clock;
mod screen;
mod server;
mod show;
mod story;
mod table;

use api::{Api, ApiError};
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
    /// Nobody sees what is played: the console is gone.
    #[error("nothing can be printed")]
    Screen(#[from] std::io::Error),
    /// Ctrl-C.
    #[error("the demo was stopped")]
    Stopped,
}

/// Plays against the local host at `url`; without one against the one on the usual port; and when there is none,
/// against one of its own, which leaves nothing behind.
pub(crate) async fn run(url: Option<&str>) -> ExitCode {
    let mut screen = Screen::start();
    match play(&mut screen, url).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            screen.failed(&error);
            ExitCode::FAILURE
        }
    }
}

async fn play(screen: &mut Screen, url: Option<&str>) -> Result<(), DemoError> {
    let server = Server::find(url).await?;
    screen.line(server.introduction())?;
    let mut api = Api::new(server.url(), screen)?;
    let mut clock = clock::Borrowed::look(&mut api).await?;
    let played = tokio::select! {
        played = story::play(&mut api, &mut clock) => played,
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
