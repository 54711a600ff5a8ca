//! A dry run for people.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::DryRun;
use crate::migrate::stage_map::Source;
use crate::migrate::validation::{self, space::bytes};

/// The dry run as text; the decision stands at the end.
pub fn text(dry_run: &DryRun) -> String {
    let mut out = String::from("Dry run: nothing was changed\n\n");
    rows(&mut out, dry_run);
    stages(&mut out, dry_run);
    objects(&mut out, dry_run);
    times(&mut out, dry_run);
    resources(&mut out, dry_run);
    out.push('\n');
    out.push_str(&validation::text(&dry_run.validation));
    out
}

fn rows(out: &mut String, dry_run: &DryRun) {
    out.push_str("Rows\n");
    for new in &dry_run.rows {
        let _ = write!(
            out,
            "  {:<26} {:>9} from {}",
            new.table, new.rows, new.made_from
        );
        if new.left_out > 0 {
            let _ = write!(out, "; {} without ({})", new.left_out, new.why);
        }
        out.push('\n');
    }
}

fn stages(out: &mut String, dry_run: &DryRun) {
    out.push_str("\nStages\n");
    for stage in &dry_run.stages {
        // A text may be of any length and hold anything; quoted, it is one line.
        let shown: String = stage.text.chars().take(40).collect();
        let known_by = match stage.known_by {
            Source::Table => "",
            Source::Operator => " (--stage-map)",
            Source::Configuration => " (configured as won)",
            Source::Unknown => " (unknown)",
        };
        let _ = writeln!(
            out,
            "  {:>9}  {shown:?} -> {}{known_by}",
            stage.deals, stage.stage
        );
    }
    for line in &dry_run.boards {
        let _ = writeln!(out, "  note: {line}");
    }
}

fn objects(out: &mut String, dry_run: &DryRun) {
    let mut counts: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for change in &dry_run.objects {
        counts
            .entry((change.action, change.kind))
            .or_default()
            .push(change.identity);
    }
    out.push_str("\nObjects\n");
    for change in dry_run
        .objects
        .iter()
        .filter(|change| change.action == "rename")
    {
        let _ = writeln!(
            out,
            "  rename table {} to {}",
            change.relation, change.identity
        );
    }
    for ((action, kind), names) in counts.iter().filter(|((action, _), _)| *action != "rename") {
        let _ = write!(out, "  {action:<7} {:>4} x {kind}", names.len());
        if matches!(*kind, "table" | "view" | "type") {
            let _ = write!(out, ": {}", names.join(", "));
        }
        out.push('\n');
    }
}

fn times(out: &mut String, dry_run: &DryRun) {
    out.push_str("\nTime (min / likely / with 50 % buffer)\n");
    for step in dry_run.steps.iter().filter(|step| step.likely_ms >= 100) {
        let _ = writeln!(
            out,
            "  {:<8} {:<36} {:>9} rows  {} / {} / {}",
            step.phase,
            step.step,
            step.rows,
            seconds(step.min_ms),
            seconds(step.likely_ms),
            seconds(step.with_buffer_ms)
        );
    }
    let duration = &dry_run.duration;
    let _ = writeln!(
        out,
        "  {:<60}  {} / {} / {}",
        "all",
        seconds(duration.min_ms),
        seconds(duration.likely_ms),
        seconds(duration.with_buffer_ms)
    );
    let _ = writeln!(out, "  {}", super::estimate::ASSUMPTIONS);
    if let Some(rehearsal) = &dry_run.rehearsal {
        let _ = writeln!(out, "  rehearsed in a copy: {}", rehearsal.line());
    }
}

fn resources(out: &mut String, dry_run: &DryRun) {
    let resources = &dry_run.resources;
    out.push_str("\nResources\n");
    if let Some(space) = &resources.space {
        let _ = writeln!(
            out,
            "  database {}, space needed {}, free {} ({})",
            bytes(space.database_bytes),
            bytes(space.needed_bytes),
            bytes(space.free_bytes),
            space.source
        );
    }
    let _ = writeln!(
        out,
        "  memory at the peak {}, temporary files {}, write-ahead log {}",
        bytes(resources.memory_bytes),
        bytes(resources.temp_bytes),
        bytes(resources.wal_bytes)
    );
    out.push_str("  locks\n");
    for lock in dry_run.locks {
        let _ = writeln!(out, "    {} on {}: {}", lock.mode, lock.on, lock.how_long);
    }
}

fn seconds(ms: u64) -> String {
    if ms >= 60_000 {
        return format!("{}:{:02} min", ms / 60_000, ms / 1_000 % 60);
    }
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn times_read_well() {
        assert_eq!(seconds(1_234), "1.2 s");
        assert_eq!(seconds(125_900), "2:05 min");
    }
}
