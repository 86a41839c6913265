//! What developers and continuous integration run: `cargo xtask test`.

mod browser;
mod checkov;
mod lint;
mod stage;
mod steps;
mod tidy;
mod tools;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "What developers and continuous integration run."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Checks everything: formatting, lints, dependencies, documentation, tests. Installs what it needs first, and
    /// stops at the first failure.
    #[command(visible_alias = "ci")]
    Test {
        // Its help shows the steps of each part.
        #[arg(
            long,
            value_name = "NAME",
            value_parser = PossibleValuesParser::new(steps::names()),
            hide_possible_values = true,
            help = steps::help()
        )]
        only: Vec<String>,
    },
    /// Builds the handler for Azure and lays out what is deployed: target/functionapp and target/functionapp.zip.
    Stage {
        /// Plays the six steps on it as well, and measures the memory that they take.
        #[arg(long)]
        play: bool,
    },
    /// Takes the pictures in docs/screenshots, of scenes that it plays in a browser on a local host.
    Screenshots,
    /// Measures billing runs and payments in a release build, and prints the figures.
    Bench {
        /// Only `billing` or `payments`.
        #[arg(value_parser = ["billing", "payments"])]
        what: Option<String>,
    },
}

fn main() -> ExitCode {
    let run = |root: PathBuf| match Arguments::parse().command {
        Command::Test { only } => steps::run(&root, &only),
        Command::Stage { play } => stage::run(&root, play),
        Command::Screenshots => browser::screenshots(&root),
        Command::Bench { what } => steps::bench(&root, what.as_deref()),
    };
    match root().and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the workspace: the folder above this crate.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Ok(root.canonicalize()?)
}
