//! The program: see `vietqr_edge::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vietqr_edge::cli::main()
}
