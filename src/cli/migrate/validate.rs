//! `oppbase migrate validate`: checks the data against the rules.

use clap::{Args, ValueEnum};
use uuid::Uuid;

use super::Context;
use super::ask::confirm;
use crate::cli::print;
use crate::migrate::decision::Decision;
use crate::migrate::stage_map::{StageMap, Unmapped};
use crate::migrate::validation::{self, fix, store};
use crate::migrate::{Fault, Outcome, session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    judgement: Judgement,
    /// Store nothing: no row, no file.
    #[arg(long)]
    dry_run: bool,
    /// Repair the findings of this rule first and keep the old values; repeatable.
    #[arg(long, value_name = "RULE", conflicts_with = "dry_run")]
    fix: Vec<String>,
}

/// How a CRM is judged; `validate`, `dry-run` and `run` share these.
#[derive(Debug, Clone, Default, Args)]
pub(super) struct Judgement {
    /// What a stage text means, such as 'Signed=closed_won'; repeatable.
    #[arg(long, value_name = "TEXT=STAGE")]
    stage_map: Vec<String>,
    /// What to do with a stage text that nobody knows.
    #[arg(long, value_name = "HOW", default_value = "warn")]
    unmapped_stage: UnmappedArgument,
    /// Rules that count for the warning rate: ids, +ID, -ID or all, separated by commas.
    #[arg(
        long,
        value_name = "RULES",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    gate_rules: Vec<String>,
    /// Rule whose findings you have taken note of (S2, S2-grants, S5); repeatable.
    #[arg(long, value_name = "RULE")]
    acknowledge: Vec<String>,
    /// Free bytes of the server's data volume, when they cannot be measured from here.
    #[arg(long, value_name = "BYTES")]
    free_bytes: Option<u64>,
    /// Amounts above it are reported.
    #[arg(long, value_name = "AMOUNT", env = "OPPORTUNITY_MAX_AMOUNT", default_value_t = validation::DEFAULT_MAX_AMOUNT)]
    max_amount: i64,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum UnmappedArgument {
    /// It becomes lead, with a warning for each deal.
    #[default]
    Warn,
    /// It becomes lead.
    Lead,
    /// The migration is refused.
    Fail,
}

impl Judgement {
    /// Checked options; `run` names the run whose backup is asked for.
    ///
    /// # Errors
    /// Exit code 3 for what means nothing.
    pub(super) fn options(&self, run: Option<Uuid>) -> Result<validation::Options, Fault> {
        let wrong = |message: String| {
            Fault::environment(message).hint("see `oppbase migrate validate --help`")
        };
        let mut stage_map = StageMap {
            unmapped: match self.unmapped_stage {
                UnmappedArgument::Warn => Unmapped::Warn,
                UnmappedArgument::Lead => Unmapped::Lead,
                UnmappedArgument::Fail => Unmapped::Fail,
            },
            ..StageMap::default()
        };
        for entry in &self.stage_map {
            stage_map.add(entry).map_err(wrong)?;
        }
        validation::gated_rules(&self.gate_rules).map_err(wrong)?;
        for id in &self.acknowledge {
            validation::may_acknowledge(id).map_err(wrong)?;
        }
        Ok(validation::Options {
            stage_map,
            gate_rules: self.gate_rules.clone(),
            acknowledged: self.acknowledge.clone(),
            free_bytes: self.free_bytes,
            max_amount: self.max_amount,
            run,
        })
    }
}

/// The exit code of a decision.
pub(super) fn outcome(decision: Decision) -> Outcome {
    match decision {
        Decision::Go | Decision::ProceedWithCaution => Outcome::Done,
        Decision::Delay => Outcome::Failed,
        Decision::Block => Outcome::Refused,
    }
}

pub(super) async fn run(context: Context, arguments: Arguments) -> Result<Outcome, Fault> {
    let options = arguments.judgement.options(None)?;
    let rules = fix::fixable(&arguments.fix).map_err(Fault::environment)?;
    let mut session = session::open(&context.options.database_url, None).await?;
    let client = &mut session.client;
    if !rules.is_empty() {
        let baseline = validation::before_migration(client).await?;
        let question = format!("Repair the findings of {}?", arguments.fix.join(", "));
        confirm(&context.options, &[&question], "yes")?;
        for (id, rows) in fix::apply(client, baseline, Uuid::new_v4(), &rules).await? {
            context.log.info(&format!(
                "{id}: {rows} rows repaired; the old values are in migration.migration_errors"
            ));
        }
    }
    let report = validation::gate(client, &options).await?;
    if !arguments.dry_run {
        store::store(client, &report).await?;
        let path = store::write_file(&context.options.log_file, &report)?;
        context.log.info(&format!(
            "validation: {} ({})",
            report.verdict.decision.name(),
            path.display()
        ));
    }
    print(&if context.options.json {
        let json = serde_json::to_string_pretty(&report);
        json.map_err(|e| Fault::failed(format!("writing the report: {e}")))? + "\n"
    } else {
        validation::text(&report)
    });
    Ok(outcome(report.verdict.decision))
}
