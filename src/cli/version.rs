//! `oppbase version`

use super::failure::Failure;

pub(super) fn run() -> Result<(), Failure> {
    super::print(&format!("oppbase {}\n", env!("CARGO_PKG_VERSION")));
    Ok(())
}
