//! Validation: every rule fires on the row it is about and on no other, the gate is exact, the catalogue's
//! expectations are those of the migrations.

use std::path::PathBuf;

use oppbase::migrate::decision::Decision;
use oppbase::migrate::stage_map::{StageMap, Unmapped};
use oppbase::migrate::validation::{self, Report, catalogue, fix, rules, store};
use oppbase::migrate::{Outcome, state};
use oppbase::pg::migrations::{self, Baseline};
use tokio_postgres::Client;

use super::cases::CASES;
use super::crm::{clean, empty, named, options};
use crate::schema::{BASELINES, batch, lines, text};

/// Everything that found something, in the order of the table.
fn fired(report: &Report) -> Vec<&'static str> {
    let found = report.rules.iter().filter(|rule| rule.count != Some(0));
    found.map(|rule| rule.id).collect()
}

async fn judge(client: &mut Client, baseline: Baseline, sql: &str) -> Report {
    let transaction = client.transaction().await.expect("a transaction");
    let sql = named(sql, baseline);
    if let Err(error) = transaction
        .batch_execute(&format!("set local session_replication_role = replica; {sql}; set local session_replication_role = origin"))
        .await
    {
        // The role that lacks rights may not reset the setting either.
        panic!("{sql}: {error:?}");
    }
    let report = validation::evaluate(&transaction, baseline, &options())
        .await
        .expect("a report");
    transaction.rollback().await.expect("rollback");
    report
}

#[tokio::test]
async fn each_rule_fires_on_its_row_and_nothing_else_does() {
    for baseline in BASELINES {
        let (_db, mut client) = clean(baseline, 12, 36).await;
        let report = judge(&mut client, baseline, "").await;
        assert_eq!(fired(&report), [""; 0], "{baseline:?}: a CRM in order");
        assert_eq!(report.verdict.decision, Decision::Go);
        assert_eq!(report.verdict.confidence, 100);
        let mut faults = Vec::new();
        for (id, sql, others) in CASES {
            // The last case gives up the superuser's rights.
            let sql = match *id {
                "S6" => sql.replace(
                    "set local role",
                    "set local session_replication_role = origin; set local role",
                ),
                _ => (*sql).to_owned(),
            };
            let report = if *id == "S6" {
                judge_raw(&mut client, baseline, &sql).await
            } else {
                judge(&mut client, baseline, &sql).await
            };
            let mut expected: Vec<&str> = others.iter().copied().chain([*id]).collect();
            expected.sort_by_key(|id| rules::RULES.iter().position(|rule| rule.id == *id));
            if *id != "S6" && fired(&report) != expected {
                faults.push(format!("{id}: {:?} and not {expected:?}", fired(&report)));
            }
            let rule = report.rule(id).expect("the rule was checked");
            assert!(rule.error.is_none(), "{id}: {:?}", rule.error);
            assert!(rule.count > Some(0), "{id}");
            assert!(!rule.samples.is_empty() || !rule.items.is_empty(), "{id}");
        }
        assert_eq!(faults, [""; 0], "{baseline:?}");
    }
}

/// As [`judge`], for SQL that ends as another role.
async fn judge_raw(client: &mut Client, baseline: Baseline, sql: &str) -> Report {
    let transaction = client.transaction().await.expect("a transaction");
    transaction
        .batch_execute(&format!("set local row_security = on; {sql}"))
        .await
        .expect("the case");
    let report = validation::evaluate(&transaction, baseline, &options())
        .await
        .expect("a report");
    transaction.rollback().await.expect("rollback");
    report
}

#[tokio::test]
async fn every_rule_has_a_case() {
    let with_tests_of_their_own = ["S4", "S7", "S8"];
    for rule in rules::RULES {
        let has_case = CASES.iter().any(|(id, _, _)| *id == rule.id);
        assert!(
            has_case != with_tests_of_their_own.contains(&rule.id),
            "{}",
            rule.id
        );
    }
}

#[tokio::test]
async fn space_backup_and_connections_are_asked_for() {
    let baseline = Baseline::Fork;
    let (db, mut client) = clean(baseline, 12, 36).await;
    let gate = async |client: &mut Client, options| {
        validation::gate(client, &options).await.expect("a report")
    };
    let little = validation::Options {
        free_bytes: Some(1_000_000),
        ..options()
    };
    let report = gate(&mut client, little).await;
    assert_eq!(
        (fired(&report), report.verdict.decision),
        (vec!["S4"], Decision::Block)
    );
    // The test's server is here, so its space can be measured.
    let measured = gate(&mut client, validation::Options::default()).await;
    assert_eq!(measured.space.expect("measured").source, "measured");

    state::ensure(&client).await.expect("schema migration");
    let run = uuid::Uuid::new_v4();
    let in_run = validation::Options {
        run: Some(run),
        ..options()
    };
    assert_eq!(fired(&gate(&mut client, in_run.clone()).await), ["S7"]);
    let record = |table: &str, verified: &str| {
        format!(
            "insert into migration.migration_backups (run_id, stamp, baseline, table_name, copy_name, columns, row_count, checksum, \
                                                  snapshot_lsn, sequences, no_dump_reason, verified_at) \
         values ('{run}', '20260101_000000', 'fork', '{table}', '{table}_copy', '{{id}}', 0, 0, '0/0', '{{}}', 'test', {verified})"
        )
    };
    batch(&client, &record("deals", "now()")).await;
    assert_eq!(fired(&gate(&mut client, in_run.clone()).await), [""; 0]);
    batch(&client, &record("tags", "null")).await;
    assert_eq!(
        fired(&gate(&mut client, in_run).await),
        ["S7"],
        "all of it must be verified"
    );

    let mut others = Vec::new();
    for _ in 0..11 {
        others.push(db.admin_client().await);
    }
    let report = gate(&mut client, options()).await;
    assert_eq!(fired(&report), ["S8"]);
    assert_eq!(report.rule("S8").and_then(|rule| rule.count), Some(11));
    assert_eq!(report.verdict.decision, Decision::ProceedWithCaution);
}

/// 3,000 deals, so many of them without a company.
async fn three_thousand(baseline: Baseline, bad: u32) -> (crate::common::TestDb, Client) {
    let (db, client) = clean(baseline, 500, 3_000).await;
    let sql = format!("update public.deals set company_id = null where id <= {bad}");
    batch(&client, &sql).await;
    (db, client)
}

#[tokio::test]
async fn one_percent_is_no_go_and_just_under_is_go() {
    for baseline in BASELINES {
        for (bad, verdict, percent) in [
            (0, "GO", "0.0000"),
            (29, "GO", "0.9666"),
            (30, "NO-GO", "1.0000"),
        ] {
            let (_db, mut client) = three_thousand(baseline, bad).await;
            let report = validation::gate(&mut client, &options())
                .await
                .expect("a report");
            assert_eq!(
                report.verdict.verdict, verdict,
                "{bad}: {:?}",
                report.verdict.reasons
            );
            let deals = report
                .rates
                .iter()
                .find(|rate| rate.of == "deals")
                .expect("a rate");
            assert_eq!((deals.records, deals.percent().as_str()), (3_000, percent));
            if bad == 30 {
                assert_eq!(report.verdict.decision, Decision::Delay);
                // Without the rule it is nobody's fault.
                let lenient = validation::Options {
                    gate_rules: vec!["-R4".into()],
                    ..options()
                };
                let report = validation::gate(&mut client, &lenient)
                    .await
                    .expect("a report");
                assert_eq!(report.verdict.decision, Decision::Go);
            }
        }
    }
}

#[tokio::test]
async fn a_record_counts_once_however_many_rules_it_breaks() {
    let (_db, mut client) = clean(Baseline::Upstream, 12, 36).await;
    let sql = "update public.deals set company_id = null, stage = 'what', name = '', contact_ids = '{777}' where id = 1";
    let report = judge(&mut client, Baseline::Upstream, sql).await;
    let deals = report
        .rates
        .iter()
        .find(|rate| rate.of == "deals")
        .expect("a rate");
    assert_eq!((deals.with_findings, deals.records), (1, 36));
    let all = report.rates.last().expect("a rate");
    assert_eq!(
        (all.of, all.with_findings, all.records),
        ("all", 1, 12 + 12 + 36 + 2 + 1)
    );
}

#[tokio::test]
async fn a_rule_that_cannot_run_blocks() {
    let (_db, mut client) = clean(Baseline::Fork, 12, 36).await;
    let report = judge(
        &mut client,
        Baseline::Fork,
        "alter table public.companies rename sector to branch",
    )
    .await;
    let rule = report.rule("F4").expect("listed");
    assert_eq!((rule.count, rule.status), (None, "FAIL"));
    assert!(
        report
            .verdict
            .reasons
            .contains(&"F4: not evaluated".to_owned()),
        "{:?}",
        report.verdict
    );
    assert_eq!(report.verdict.decision, Decision::Block);
}

#[tokio::test]
async fn the_operator_says_what_stages_mean_and_what_is_known() {
    let (_db, mut client) = clean(Baseline::Upstream, 12, 36).await;
    batch(&client, "update public.deals set stage = 'Signed' where id = 1; update public.deals set stage = 'odd' where id = 2; \
        update public.configuration set config = '{\"dealPipelineStatuses\": [\"Signed\"], \"companySectors\": [{\"value\": \"energy\", \"label\": \"Energy\"}]}'; \
        create view public.mine as select id from public.deals").await;
    let mut options = options();
    let report = validation::gate(&mut client, &options)
        .await
        .expect("a report");
    assert_eq!(fired(&report), ["F8-unknown", "S1-extra", "S2"]);
    assert_eq!(report.verdict.decision, Decision::Delay);
    options.acknowledged = vec!["S2".into()];
    options.stage_map.add("ODD = proposal").expect("a stage");
    let report = validation::gate(&mut client, &options)
        .await
        .expect("a report");
    assert_eq!(fired(&report), ["S1-extra", "S2"]);
    assert_eq!(report.verdict.decision, Decision::Go);
    options.stage_map = StageMap {
        unmapped: Unmapped::Fail,
        ..Default::default()
    };
    let report = validation::gate(&mut client, &options)
        .await
        .expect("a report");
    assert_eq!(report.verdict.decision, Decision::Block);
}

/// A hardened site: what the migration makes could be executed by nobody.
#[tokio::test]
async fn default_privileges_that_keep_functions_from_users_are_named() {
    let (_db, mut client) = clean(Baseline::Fork, 12, 36).await;
    let sql = "alter default privileges revoke execute on functions from public";
    let report = judge(&mut client, Baseline::Fork, sql).await;
    assert_eq!(fired(&report), ["S6"]);
    let items = &report.rule("S6").expect("checked").items;
    assert!(
        items
            .iter()
            .any(|item| item.contains("alter default privileges grant execute")),
        "{items:?}"
    );
}

#[tokio::test]
async fn privileges_of_a_sites_own_roles_are_named() {
    for baseline in BASELINES {
        let (_db, mut client) = clean(baseline, 12, 36).await;
        let sql = "create role report_of_a_test; create role columns_of_a_test; \
                   grant usage on schema public to report_of_a_test; \
                   grant select (id, name) on public.deals to columns_of_a_test, report_of_a_test; \
                   grant select on public.deals, public.contacts_summary, {deal_notes} to report_of_a_test; \
                   grant update (stage), insert (name) on public.deals to report_of_a_test; \
                   grant select (text), delete, update (text), truncate on {deal_notes} to report_of_a_test; \
                   grant select, update on public.contacts, public.tasks to report_of_a_test; \
                   comment on view public.contacts_summary is 'mine'; \
                   grant select on public.companies_summary to public";
        let report = judge(&mut client, baseline, sql).await;
        assert_eq!(fired(&report), ["S2-grants"], "{baseline:?}");
        let mut expected = vec![
            "insert on deals of report_of_a_test would be lost",
            "select on companies_summary of public would be lost",
            "select on deals of columns_of_a_test would be lost",
            "update on contacts of report_of_a_test would be refused",
            "update on deals of report_of_a_test would be lost",
        ];
        expected.extend(match baseline {
            Baseline::Fork => vec![
                "update on \"dealNotes\" of report_of_a_test would be lost",
                "truncate on \"dealNotes\" of report_of_a_test would be lost",
                // The fork's own view has its owner's rights.
                "select on contacts_summary of report_of_a_test would be bound to its own privileges on the tables",
            ],
            Baseline::Upstream => vec![
                "update on deal_notes of report_of_a_test would be lost",
                "truncate on deal_notes of report_of_a_test would be lost",
            ],
        });
        expected.sort_unstable();
        let mut found = report.rule("S2-grants").expect("checked").items.clone();
        found.sort();
        assert_eq!(found, expected, "{baseline:?}");
    }
}

#[tokio::test]
async fn a_repair_touches_its_rule_only_and_keeps_the_old_values() {
    for baseline in BASELINES {
        let (_db, mut client) = clean(baseline, 12, 36).await;
        batch(&client, &named("begin; set local session_replication_role = replica; \
            update public.contacts set company_id = 777 where id = 1; update public.deals set company_id = 778, sales_id = 9 where id = 1; \
            update {deal_notes} set sales_id = 9; update public.tasks set sales_id = 9; update public.companies set website = 'co.example' where id = 3; \
            commit", baseline)).await;
        let rules = fix::fixable(&[
            "r1".into(),
            "R3".into(),
            "R9".into(),
            "R10".into(),
            "Q3".into(),
        ])
        .expect("repairs");
        let run = uuid::Uuid::new_v4();
        let done = fix::apply(&mut client, baseline, run, &rules)
            .await
            .expect("repaired");
        assert_eq!(
            done,
            [("R1", 1), ("R3", 1), ("R9", 1), ("R10", 2), ("Q3", 1)]
        );
        let report = validation::gate(&mut client, &options())
            .await
            .expect("a report");
        // What was repaired is now merely incomplete.
        assert_eq!(fired(&report), ["R2", "R4", "F5"]);
        assert_eq!(
            lines(&client, "select step, entity, entity_id, details -> 'old' from migration.migration_errors order by id").await,
            ["R1|contacts|1|{\"company_id\": 777}", "R3|deals|1|{\"company_id\": 778}", "R9|tasks|1|{\"sales_id\": 9}",
             "R10|deals|1|{\"sales_id\": 9}", "R10|deal_notes|1|{\"sales_id\": 9}", "Q3|companies|3|{\"website\": \"co.example\"}"]
        );
        assert!(fix::fixable(&["U1".into()]).is_err());
    }
}

#[tokio::test]
async fn results_are_stored_once_per_run_and_a_gate_stores_nothing() {
    let (_db, mut client) = three_thousand(Baseline::Fork, 30).await;
    let report = validation::gate(&mut client, &options())
        .await
        .expect("a report");
    assert_eq!(
        text(
            &client,
            "select to_regclass('migration.migration_validation_results')"
        )
        .await,
        None
    );
    for _ in 0..2 {
        store::store(&mut client, &report).await.expect("stored");
    }
    assert_eq!(
        lines(&client, "select check_type, entity_name, count_value, percentage, status from migration.migration_validation_results \
            where check_type in ('R4', 'warning_rate', 'decision') and entity_name is distinct from 'tasks' order by id").await,
        ["R4|deals|30|1.0000|WARN", "warning_rate|companies|0|0.0000|PASS", "warning_rate|contacts|0|0.0000|PASS",
         "warning_rate|deals|30|1.0000|FAIL", "warning_rate|notes|0|0.0000|PASS", "warning_rate|all|30|0.7494|PASS", "decision|∅|∅|∅|FAIL"]
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = store::write_file(&folder.path().join("migration.log"), &report).expect("written");
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(path).expect("the file")).expect("JSON");
    assert_eq!(
        (&json["decision"], &json["verdict"]),
        (&"DELAY".into(), &"NO-GO".into())
    );
    assert_eq!(json["rates"][2]["with_findings"], 30);
    // Ids and names of objects, and nothing of what the rows say.
    assert!(!json.to_string().contains("Deal 1") && !json.to_string().contains("ann1@"));
}

#[tokio::test]
async fn a_migrated_crm_is_not_judged() {
    let (_db, mut client) = empty(Baseline::Fork).await;
    migrations::upgrade(&mut client, Baseline::Fork)
        .await
        .expect("migrated");
    let fault = validation::gate(&mut client, &options())
        .await
        .expect_err("refused");
    assert_eq!(fault.outcome, Outcome::Environment);
    assert!(fault.message.contains("migrated already"), "{fault}");
}

/// Compares a checked-in file with what it comes from, or writes it.
fn check(name: &str, generated: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("src/migrate/validation")
        .join(name);
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(&path, generated).expect("written");
        return;
    }
    let current = std::fs::read_to_string(&path).expect("the file");
    assert!(
        current == generated,
        "{name} is stale: run `make generate` and commit the result"
    );
}

#[tokio::test]
async fn expectations_of_the_catalogue_are_checked_in() {
    for baseline in BASELINES {
        let (_db, mut client) = empty(baseline).await;
        state::ensure(&client).await.expect("schema migration");
        let before = catalogue::facts(&client).await.expect("facts");
        migrations::upgrade(&mut client, baseline)
            .await
            .expect("migrated");
        batch(&client, "set search_path = public, extensions").await;
        let after = catalogue::facts(&client).await.expect("facts");
        let file = |lines: Vec<String>| {
            lines
                .into_iter()
                .map(|line| line + "\n")
                .collect::<String>()
        };
        let name = baseline.folder();
        check(
            &format!("baseline_{name}.txt"),
            &file(before.iter().map(catalogue::Fact::line).collect()),
        );
        check(
            &format!("changes_{name}.txt"),
            &file(catalogue::difference(&before, &after)),
        );
    }
}

#[test]
fn the_page_of_rules_is_checked_in() {
    const BEGIN: &str = "<!-- generated: begin -->\n";
    const END: &str = "<!-- generated: end -->";
    let mut table = String::from(
        "\n| rule | severity | looks at | a finding is | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for rule in rules::RULES {
        let scope: Vec<_> = rule
            .scope
            .iter()
            .map(|entity| entity.name().replace('_', " "))
            .collect();
        let scope = if scope.is_empty() {
            "the system".to_owned()
        } else {
            scope.join(", ")
        };
        let mut notes = vec![rule.hint.to_owned()];
        if rule.fix.is_some() {
            notes.push(format!("`--fix {}`", rule.id));
        }
        if rule.severity.weighs() && rule.group != rules::Group::System && !rule.gated {
            notes.push("does not count for the warning rate".into());
        }
        table += &format!(
            "| {} | {} | {scope} | {} | {} |\n",
            rule.id,
            rule.severity.name(),
            rule.title,
            notes.join("; ")
        );
    }
    table.push('\n');
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/reference/migration-rules.md");
    let page = std::fs::read_to_string(&path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("the first marker");
    let (current, after) = rest.split_once(END).expect("the second marker");
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{table}{END}{after}")).expect("written");
        return;
    }
    assert_eq!(current, table, "run `make generate` and commit the result");
}

#[test]
fn the_views_that_are_dropped_are_those_whose_dependants_are_looked_for() {
    let migration = include_str!("../../migrations/20261103010300_1_1_views.sql");
    let dropped: Vec<&str> = migration
        .lines()
        .filter_map(|line| line.trim().strip_prefix("drop view if exists public."))
        .map(|name| name.trim_end_matches(';'))
        .collect();
    let rule = include_str!("../../src/migrate/validation/sql/s2_views.sql");
    let list: Vec<String> = dropped.iter().map(|name| format!("'{name}'")).collect();
    assert!(dropped.len() > 1, "{dropped:?}");
    assert!(
        rule.contains(&format!("array[{}]", list.join(", "))),
        "{dropped:?}"
    );
}
