//! The end of a run: the comparison of everything with what it was, and the report.

use tokio_postgres::Client;

use super::engine::Job;
use super::error::Fault;
use super::report;
use super::verify::{self, Verdict};

/// Verifies; a migration that lost something is not complete.
pub(super) async fn prove(client: &Client, job: &Job) -> Result<(), Fault> {
    if job.settings.skip_verify {
        job.log.warn("not verified; `oppbase migrate verify` does");
        return Ok(());
    }
    let options = verify::Options::new(job.baseline);
    let verification = verify::verify(client, Some(job.run.id), &options).await?;
    verify::record(client, job.run.id, &verification).await?;
    let line = format!(
        "verification: {}, score {:.1}",
        verification.verdict.name(),
        verification.score
    );
    for check in verification.findings() {
        let detail = check.detail.as_deref().unwrap_or_default();
        job.log
            .warn(format!("{}: {} {detail}", check.id, check.title).trim_end());
    }
    if verification.verdict == Verdict::Failed {
        return Err(Fault::failed(line).hint(
            "`oppbase migrate verify` shows the findings; then `oppbase migrate rollback`, or `oppbase migrate run --resume` once they are settled",
        ));
    }
    job.log.info(&line);
    Ok(())
}

/// Writes the report; that it cannot be written is no failure of the migration.
pub(super) async fn report(client: &Client, job: &Job) {
    let folder = job.options.log_file.with_file_name("reports");
    let written = match report::collect(client, Some(job.run.id)).await {
        Ok(report) => report::write(&report, &folder),
        Err(fault) => Err(fault),
    };
    match written {
        Ok((html, _)) => job.log.info(&format!("report: {}", html.display())),
        Err(fault) => job.log.warn(&format!("no report: {fault}")),
    }
}
