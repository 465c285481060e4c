//! The program: see `vietqr_edge::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    vietqr_edge::memory::give_back();
    vietqr_edge::cli::main()
}
