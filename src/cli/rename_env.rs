//! `oppbase rename-env`: renames `DEAL_*` variables in a file to `OPPORTUNITY_*`, in place. Comments and
//! order stay; running it again changes nothing.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::failure::{Exit, Failure};
use crate::config::renamed;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// File of `NAME=value` lines, for example `.env`.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let path = &arguments.file;
    let fault = |error: std::io::Error| {
        Failure::new(Exit::Other, format!("{}: {error}", path.display()))
            .hint("name a file that you may read and write")
    };
    let text = std::fs::read_to_string(path).map_err(fault)?;
    let renamed = renamed::rename(&text)?;
    if renamed == text {
        super::note("nothing to rename");
        return Ok(());
    }
    replace(path, &renamed).map_err(fault)?;
    super::note(&format!("renamed in {}", path.display()));
    Ok(())
}

/// Replaces the file as a whole, so that nobody ever reads half of it; rights and links stay.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let target = path.canonicalize()?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    let written = write(&beside, text, &target).and_then(|()| std::fs::rename(&beside, &target));
    if written.is_err() {
        // What could not be written fully is of no use to anybody.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

/// A new file with the rights of `like`.
fn write(path: &Path, text: &str, like: &Path) -> std::io::Result<()> {
    let mut file = std::fs::File::create_new(path)?;
    file.set_permissions(std::fs::metadata(like)?.permissions())?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
