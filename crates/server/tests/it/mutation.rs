//! The isolation probe on the schema as it is, and on every policy dropped or weakened in turn.

use crate::{
    conditions::{shown, weakened},
    probe::{Probe, unknown_grants},
};
use memoreel_testkit::TestDatabase;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeSet;

/// What nothing can notice, because it changes nothing: tables, clause (any when empty), what is left out (a part of it
/// after …), and why.
const EQUIVALENT: [(Tables, &str, &str, &str); 5] = {
    use Tables::{Children, Named};
    [
        (
            Children,
            "",
            "(organization_id = caller's organization)",
            "its parent has to be visible and is of the same organization",
        ),
        (
            Children,
            "",
            "….organization_id = ",
            "of parents, only those of the caller's organization are visible",
        ),
        (
            Named("users"),
            "USING",
            "(m.organization_id = caller's organization)",
            "of memberships, only those of the caller's organization are visible",
        ),
        (
            Named("users"),
            "WITH CHECK",
            "(id = caller)",
            "the serving role may not change an id, so that it asks what USING has asked",
        ),
        (
            Named("organizations"),
            "WITH CHECK",
            "(id = caller's organization)",
            "the serving role may not change an id, so that it asks what USING has asked",
        ),
    ]
};

#[derive(Debug, Clone, Copy)]
enum Tables {
    /// Those that are visible with their parent.
    Children,
    Named(&'static str),
}

/// A change of the schema that a test has to notice.
#[derive(Debug)]
struct Mutation {
    table: String,
    /// `table.policy`, or the table alone.
    of: String,
    what: String,
    /// The clause and what is left out of it, for [`EQUIVALENT`].
    weakened: Option<(&'static str, String)>,
    statement: String,
}

impl Mutation {
    fn why_equivalent(&self, probe: &Probe) -> Option<&'static str> {
        let (clause, left_out) = self.weakened.as_ref()?;
        EQUIVALENT
            .iter()
            .find(|(tables, in_clause, condition, _)| {
                let table = match tables {
                    Tables::Children => probe.is_child(&self.table),
                    Tables::Named(name) => self.table == *name,
                };
                let is_same = match condition.strip_prefix('…') {
                    Some(part) => left_out.contains(part) && !left_out.contains(" AND "),
                    None => left_out == condition,
                };
                table && clause.starts_with(in_clause) && is_same
            })
            .map(|(.., why)| *why)
    }
}

async fn filled() -> (TestDatabase, PgConnection, Probe) {
    let database = TestDatabase::create().await.unwrap();
    let mut connection = database.superuser().await.unwrap();
    let probe = Probe::fill(&mut connection).await;
    (database, connection, probe)
}

#[tokio::test]
async fn nobody_can_do_to_a_row_what_is_not_theirs_to_do_and_everybody_what_is() {
    let (_database, mut connection, probe) = filled().await;
    let mut tx = connection.begin().await.unwrap();
    let mut faults = Vec::new();
    for table in probe.table_names() {
        faults.extend(probe.faults(&mut tx, table).await);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let (tables, cases) = (probe.table_names().count(), probe.case_count());
    println!("{tables} tables, {cases} attempts");
    assert!(tables >= 22 && cases >= 800, "{tables} tables, {cases} attempts");
}

#[tokio::test]
async fn the_system_role_is_granted_what_the_probe_expects_and_no_more() {
    let (_database, _connection, probe) = filled().await;
    let unknown = unknown_grants(&probe);
    assert!(
        unknown.is_empty(),
        "memoreel_system is granted something else than ADMITTED in tests/it/probe/mod.rs says: {unknown:?}"
    );
}

#[tokio::test]
async fn every_policy_that_is_dropped_or_weakened_is_noticed() {
    let (_database, mut connection, probe) = filled().await;
    let mutations = mutations(&mut connection).await;
    let policies: BTreeSet<&str> =
        mutations.iter().map(|one| one.of.as_str()).filter(|of| of.contains('.')).collect();
    let (mut caught, mut equivalent, mut wrong) = (0, 0, Vec::new());
    for mutation in &mutations {
        let mut tx = connection.begin().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(mutation.statement.as_str()))
            .execute(&mut *tx)
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", mutation.statement));
        let fault = probe.first_fault(&mut tx, &mutation.table).await;
        tx.rollback().await.unwrap();
        let why_equivalent = mutation.why_equivalent(&probe);
        let (of, what) = (&mutation.of, &mutation.what);
        match (&fault, why_equivalent) {
            (Some(_), None) => caught += 1,
            (None, Some(_)) => equivalent += 1,
            (None, None) => wrong.push(format!("nothing notices {of}: {what}")),
            (Some(_), Some(_)) => wrong.push(format!("take it off EQUIVALENT: {of}: {what} is noticed now")),
        }
        let outcome = fault.or(why_equivalent.map(|why| format!("no difference: {why}")));
        println!("| {of} | {what} | {} |", outcome.unwrap_or_else(|| "NOTHING".to_owned()));
    }
    println!(
        "{} policies, {} mutations: {caught} caught, {equivalent} without a difference, {} wrong",
        policies.len(),
        mutations.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(policies.len() >= 125 && caught >= 480, "{} policies, {caught} caught", policies.len());
}

/// Every change that is tried, read from the catalog.
async fn mutations(connection: &mut PgConnection) -> Vec<Mutation> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relrowsecurity
             AND NOT relispartition ORDER BY 1",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let policies: Vec<(String, String, Option<String>, Option<String>)> = sqlx::query_as(
        "SELECT tablename::text, policyname::text, qual, with_check FROM pg_policies WHERE schemaname = 'public' ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await
    .unwrap();
    let mut mutations = Vec::new();
    for table in tables {
        for (what, change) in [("disabled", "DISABLE"), ("not forced", "NO FORCE")] {
            mutations.push(Mutation {
                of: table.clone(),
                what: format!("row-level security {what}"),
                weakened: None,
                statement: format!("ALTER TABLE {table} {change} ROW LEVEL SECURITY"),
                table: table.clone(),
            });
        }
    }
    for (table, policy, using, with_check) in policies {
        let mutation = |what: String, weakened, statement| Mutation {
            table: table.clone(),
            of: format!("{table}.{policy}"),
            what,
            weakened,
            statement,
        };
        let alter = |change: String| format!("ALTER POLICY {policy} ON {table} {change}");
        mutations.push(mutation("dropped".to_owned(), None, format!("DROP POLICY {policy} ON {table}")));
        mutations.push(mutation("for everybody".to_owned(), None, alter("TO public".to_owned())));
        for (clause, condition) in [("USING", using), ("WITH CHECK", with_check)] {
            let Some(condition) = condition else { continue };
            for weaker in weakened(&condition) {
                let left_out = shown(&weaker.left_out);
                mutations.push(mutation(
                    format!("{clause} with {} for {left_out}", weaker.instead),
                    (weaker.instead == "true").then_some((clause, left_out)),
                    alter(format!("{clause} ({})", weaker.condition)),
                ));
            }
        }
    }
    mutations
}
