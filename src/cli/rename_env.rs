//! `oppbase rename-env`: renames `DEAL_*` variables in a file to `OPPORTUNITY_*`, in place. Comments and
//! order stay; running it again changes nothing.

use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
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

/// Replaces the file as a whole, so that nobody ever reads half of it; owner, rights and links stay.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let target = path.canonicalize()?;
    let mut name = target.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = target.with_file_name(name);
    let moved = write(&beside, text, &target).and_then(|keeps_owner| match keeps_owner {
        true => std::fs::rename(&beside, &target).map(|()| None),
        // Only root may give a file away: whoever may write to another's file writes into it.
        false => std::fs::File::options().write(true).open(&target).map(Some),
    });
    match moved {
        Ok(None) => Ok(()),
        Ok(Some(mut file)) => {
            file.set_len(0)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // Until here it was the one that is complete.
            std::fs::remove_file(&beside)
        }
        Err(error) => {
            // What could not be written fully is of no use to anybody.
            let _ = std::fs::remove_file(&beside);
            Err(error)
        }
    }
}

/// A new file with the rights of `like`, and whether it could be given to its owner and group.
fn write(path: &Path, text: &str, like: &Path) -> std::io::Result<bool> {
    let like = std::fs::metadata(like)?;
    let mut options = std::fs::File::options();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    let own = file.metadata()?;
    let is_same = (own.uid(), own.gid()) == (like.uid(), like.gid());
    let keeps_owner = is_same || fchown(&file, Some(like.uid()), Some(like.gid())).is_ok();
    if keeps_owner {
        file.set_permissions(like.permissions())?;
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(keeps_owner)
}
