//! The `oppbase` program: installs the process's one crypto provider and hands over to [`cli`].
//!
//! [`cli`]: oppbase::cli

use std::process::ExitCode;

fn main() -> ExitCode {
    // Fails only when a provider is installed already, which nothing before this line does.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    oppbase::cli::run(std::env::args_os())
}
