//! The command line: the local host, and the handler that it starts from the same executable.

use crate::Store;
use crate::options::{FunctionApp, Options};
use crate::server::LocalHost;
use crate::storage::endpoint;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Where the handler describes its API.
const DESCRIPTION: &str = "/api/openapi.json";

/// Plays the phone company on this machine: Functions host, Service Bus, payment gateway, token issuer.
#[derive(Debug, Parser)]
#[command(name = "local-host", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// Port on 127.0.0.1; 0 takes any that is free.
    #[arg(long, default_value_t = 7071)]
    port: u16,
    /// Folder that keeps all data between restarts.
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
    /// Plays the product's six steps and one failure, in nine scenes, and prints what happens.
    Demo {
        /// Local host to play against [default: the one on port 7071, else a temporary one].
        #[arg(long, value_name = "URL", conflicts_with = "store")]
        url: Option<String>,
        /// Go on even if the billing run bills other customers' lines too.
        #[arg(long)]
        yes: bool,
    },
    /// Runs the handler in this process, as the Functions host would start it.
    #[command(hide = true)]
    Handler,
}

/// Options of the local host itself. A subcommand would ignore them, and does something else than whoever gives one
/// expects.
const OF_THE_HOST: [&str; 6] = ["port", "data", "workers", "documents", "script_root", "buckets"];

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = Cli::command();
    let matches = command.try_get_matches_from_mut(arguments)?;
    let given = |option: &&str| matches.value_source(option) == Some(ValueSource::CommandLine);
    if let (Some(name), Some(option)) = (matches.subcommand_name(), OF_THE_HOST.into_iter().find(given)) {
        let option = option.replace('_', "-");
        let problem = format!("--{option} is for the local host itself; {name} would ignore it");
        return Err(command.error(ErrorKind::ArgumentConflict, problem));
    }
    Cli::from_arg_matches(&matches)
}

fn buckets(text: &str) -> Result<u32, String> {
    let number: Option<u32> = text.parse().ok();
    number.filter(|number| number.is_power_of_two()).ok_or_else(|| "is not a power of two".to_owned())
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let cli = parse(std::env::args_os()).unwrap_or_else(|error| error.exit());
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
         \u{20} API       {url}{DESCRIPTION}\n\
         \u{20} Status    {url}/admin/host/status\n\
         \u{20} Data      {}\n\n\
         Lines in JSON below are the handler's log. Ctrl-C stops it.\n\n",
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

    fn arguments(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

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
    fn options_that_a_subcommand_would_ignore_are_refused() {
        for line in ["local-host --port 0 --data x demo", "local-host --script-root x demo --yes"] {
            let refused = parse(arguments(line)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ArgumentConflict, "{line}");
            assert!(refused.to_string().contains("is for the local host itself"), "{refused}");
        }
        for line in [
            "local-host --port 0",
            "local-host demo --store azurite",
            "local-host --store azurite demo",
            "local-host handler",
        ] {
            assert!(parse(arguments(line)).is_ok(), "{line}");
        }
    }

    #[test]
    fn there_is_at_least_one_worker() {
        assert!(Cli::try_parse_from(["local-host", "--workers", "0"]).is_err());
    }
}
