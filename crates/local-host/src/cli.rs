//! The command line: the local host, and the handler that it starts from the same executable.

use crate::Store;
use crate::options::{FunctionApp, Options};
use crate::server::LocalHost;
use crate::storage::endpoint;
use clap::{Parser, Subcommand};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Plays the phone company on this machine: Functions host, Service Bus, payment gateway, token issuer.
#[derive(Debug, Parser)]
#[command(name = "local-host", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 7071)]
    port: u16,
    /// Folder of everything that outlives a restart.
    #[arg(long, default_value = ".data", value_name = "DIR")]
    data: PathBuf,
    /// Handler processes.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=32))]
    workers: u8,
    /// Where tables and documents are: embedded (the default), azurite, or the URL of a table endpoint.
    #[arg(long, value_name = "STORE", global = true)]
    store: Option<Store>,
    /// The URL of a blob endpoint for documents, beside a table endpoint.
    #[arg(long, value_name = "URL", requires = "store", value_parser = endpoint)]
    documents: Option<String>,
    /// A staged function app to run, with the handler that its host.json names.
    #[arg(long, value_name = "DIR")]
    script_root: Option<PathBuf>,
    /// Partitions that customers are spread over: a power of two, fixed when the store is made.
    #[arg(long, value_name = "N", value_parser = buckets)]
    buckets: Option<u32>,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Plays the six steps and a failure that is undone, and prints what happens.
    Demo {
        /// The local host to play against; the one on the usual port, or else a temporary one, when left away.
        #[arg(long, value_name = "URL", conflicts_with = "store")]
        url: Option<String>,
        /// Bills the last ended month although other customers' lines wait for that too.
        #[arg(long)]
        yes: bool,
    },
    /// Runs the handler in this process, as the Functions host would start it.
    #[command(hide = true)]
    Handler,
}

fn buckets(text: &str) -> Result<u32, String> {
    let number: Option<u32> = text.parse().ok();
    number.filter(|number| number.is_power_of_two()).ok_or_else(|| "is not a power of two".to_owned())
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    functions::end_with_host();
    match &cli.command {
        Some(Command::Handler) => functions::run(),
        Some(Command::Demo { url, yes }) => play(url.as_deref(), cli.store.as_ref().map(Store::name), *yes),
        None => serve(cli),
    }
}

fn play(url: Option<&str>, store: Option<&str>, bill_others: bool) -> ExitCode {
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(crate::demo::run(url, store, bill_others)),
        Err(error) => fail(&error),
    }
}

fn serve(cli: Cli) -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let code = runtime.block_on(run(cli));
    // A thread that still reads or writes somewhere does not keep the process.
    runtime.shutdown_background();
    code
}

async fn run(cli: Cli) -> ExitCode {
    let Some(options) = options(cli) else {
        return fail(&std::io::Error::other(
            "there is no host.json in this folder or around it; name one with --script-root",
        ));
    };
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return fail(&std::io::Error::other("signals cannot be received"));
    };
    let data = options.data.clone();
    let local_host = match LocalHost::start(options).await {
        Ok(local_host) => local_host,
        Err(error) => return fail(&error),
    };
    let life = async {
        if local_host.ready().await.is_ok() {
            greet(&local_host, &data);
        }
        local_host.failed().await
    };
    let failure = tokio::select! {
        reason = life => Some(reason),
        _ = interrupt.recv() => None,
        _ = terminate.recv() => None,
    };
    tokio::select! {
        () = local_host.stop() => {}
        // Who asks twice does not want to wait.
        _ = interrupt.recv() => return ExitCode::FAILURE,
    }
    failure.map_or(ExitCode::SUCCESS, |reason| fail(&std::io::Error::other(reason)))
}

fn options(cli: Cli) -> Option<Options> {
    let app = match &cli.script_root {
        Some(root) => FunctionApp::staged(&root.canonicalize().unwrap_or_else(|_| root.clone())),
        None => FunctionApp::in_repository(&std::env::current_dir().ok()?, std::env::current_exe().ok()?)?,
    };
    Some(Options {
        port: cli.port,
        data: cli.data,
        workers: cli.workers.into(),
        store: cli.store.unwrap_or(Store::Embedded),
        documents: cli.documents,
        buckets: cli.buckets,
        app,
    })
}

fn greet(local_host: &LocalHost, data: &Path) {
    let url = local_host.url();
    let functions = local_host.functions().count();
    let text = format!(
        "\nThe local host is ready: {functions} functions.\n\n\
         \u{20} Home      {url}/\n\
         \u{20} Sign in   {url}/dev/sign-in\n\
         \u{20} API       {url}/api\n\
         \u{20} Status    {url}/admin/host/status\n\
         \u{20} Data      {}\n\n\
         Ctrl-C stops it.\n\n",
        data.display()
    );
    // A console that is gone is no reason to stop serving.
    let _ = std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush());
}

fn fail(error: &dyn std::error::Error) -> ExitCode {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn buckets_are_a_power_of_two() {
        let parse =
            |text: &str| Cli::try_parse_from(["local-host", "--buckets", text]).map(|cli| cli.buckets);
        assert_eq!(parse("64").unwrap(), Some(64));
        for text in ["0", "3", "-1", "many"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn there_is_at_least_one_worker() {
        assert!(Cli::try_parse_from(["local-host", "--workers", "0"]).is_err());
    }
}
