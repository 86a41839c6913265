//! How many lines a billing run bills a second, and how many payments go through their whole saga.
//!
//! `cargo xtask bench` runs it in a release build. Billing is measured at two sizes, each in a process of its own, so
//! that the peak of its memory is its own; payments against a real local host. Machines differ: compare ratios.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a program for people, which may end, and counts that are small"
)]

mod billing;
mod payments;

use std::process::Command;
use std::time::Instant;

/// The sizes that are compared: the cost of a line must not grow with their number.
const SIZES: [u32; 2] = [10_000, 100_000];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "seed", folder, lines] => billing::seed(folder.as_ref(), lines.parse().unwrap()),
        [_, "bill", folder, lines] => billing::bill(folder.as_ref(), lines.parse().unwrap()),
        [_, "payments", ..] => payments::measure(),
        [_, "billing", ..] => billing_at_each_size(),
        _ => {
            billing_at_each_size();
            payments::measure();
        }
    }
}

fn billing_at_each_size() {
    let per_line: Vec<f64> = SIZES.into_iter().map(billing_of).collect();
    println!("cost of a line, {} to {} lines: {:.2} times\n", SIZES[0], SIZES[1], per_line[1] / per_line[0]);
}

fn billing_of(lines: u32) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    child("seed", folder.path(), lines);
    println!("{lines} lines opened, with 4 usage records each, in {:.1} s", began.elapsed().as_secs_f64());
    let seconds: f64 = child("bill", folder.path(), lines).trim().parse().unwrap();
    seconds / f64::from(lines)
}

fn child(what: &str, folder: &std::path::Path, lines: u32) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.arg(what).arg(folder).arg(lines.to_string()).stderr(std::process::Stdio::inherit());
    let output = output.output().unwrap();
    assert!(output.status.success(), "{what} failed");
    String::from_utf8(output.stdout).unwrap()
}
