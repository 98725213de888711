//! The isolation probe: tries every verb on the rows of every table as everybody who must not, and as everybody who may.
//!
//! It works inside one transaction of a superuser, as the roles the product works under and with the settings of its
//! transactions, so that it can also be asked about policies that were changed in that transaction.

mod catalog;
mod world;

use catalog::{Class, Table};
use memoreel_db::TenantTx;
use memoreel_kernel::{Actor, Caller, OrganizationId, Role, SessionId, UserId};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;
use world::{Row, literal};

pub use world::{HERE, Place, THERE};

const VERBS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/// What the system role may do to the rows of everybody, and nothing else.
const ADMITTED: [(&str, &[&str]); 36] = [
    ("api_keys", &["SELECT", "UPDATE", "DELETE"]),
    ("assets", &["SELECT", "DELETE"]),
    ("blob_deletions", &["SELECT", "DELETE"]),
    ("blobs", &["SELECT"]),
    ("consents", &["INSERT"]),
    ("delivery_policies", &["SELECT"]),
    ("email_tokens", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("embedding_models", &["SELECT"]),
    ("erasures", &["SELECT", "INSERT", "UPDATE"]),
    ("export_requests", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("idempotency_keys", &["SELECT", "DELETE"]),
    ("memberships", &["SELECT", "INSERT", "UPDATE"]),
    ("organization_domains", &["SELECT", "INSERT", "UPDATE"]),
    ("organization_exports", &["SELECT", "DELETE"]),
    ("organization_invitations", &["SELECT", "UPDATE"]),
    ("organization_stores", &["SELECT", "INSERT", "UPDATE"]),
    ("organizations", &["SELECT", "INSERT", "UPDATE"]),
    ("outbox", &["SELECT", "INSERT", "DELETE"]),
    ("passkey_ceremonies", &["SELECT", "INSERT", "DELETE"]),
    ("provider_sign_ins", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("request_logs", &["INSERT"]),
    ("sessions", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("sign_in_attempts", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("store_processes", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("tasks", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("uploads", &["SELECT", "UPDATE"]),
    ("user_extensions", &["INSERT"]),
    ("user_passkeys", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("user_identities", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("user_recovery_codes", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("user_totp", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("users", &["SELECT", "INSERT", "UPDATE"]),
    ("videos", &["SELECT", "DELETE"]),
    ("webhook_deliveries", &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    ("webhook_endpoints", &["SELECT", "UPDATE"]),
    ("webhook_secrets", &["SELECT", "UPDATE", "DELETE"]),
];

/// What is done to a row. Statements that change rows have no condition: one with a condition would be bound by the policy
/// for reading as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// Reads it.
    Read,
    /// Inserts it; it is removed beforehand.
    Insert,
    /// Changes it and leaves it whose it is.
    Change,
    /// Makes it the caller's own.
    Take,
    /// Makes a row of the caller's like it.
    Give,
    /// Deletes it.
    Delete,
}

impl Attempt {
    fn verb(self) -> &'static str {
        match self {
            Self::Read => "SELECT",
            Self::Insert => "INSERT",
            Self::Change | Self::Take | Self::Give => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Somebody who tries.
#[derive(Debug, Clone)]
struct Who {
    name: &'static str,
    role: &'static str,
    /// What the transaction says of its caller; nothing when there is none.
    caller: Option<Caller>,
    /// Where the rows lie that are this caller's own.
    own: Option<Place>,
}

impl Who {
    /// A person who works in the organization of `place`, which holds what is theirs.
    fn person(name: &'static str, place: Place) -> Self {
        Self::in_organization(name, place, place.organization_id())
    }

    fn in_organization(name: &'static str, place: Place, organization_id: Uuid) -> Self {
        let role = if place == Place::Carol { Role::Member } else { Role::Owner };
        let caller = Caller {
            organization_id: OrganizationId(organization_id),
            user_id: Some(UserId(place.user_id())),
            role: Some(role),
            actor: Actor::Session(SessionId(Uuid::nil())),
        };
        Self { name, role: "memoreel_app", caller: Some(caller), own: Some(place) }
    }

    fn service(name: &'static str, organization_id: Uuid, own: Option<Place>) -> Self {
        let caller = Caller::service(OrganizationId(organization_id));
        Self { name, role: "memoreel_app", caller: Some(caller), own }
    }

    fn nobody(name: &'static str, role: &'static str) -> Self {
        Self { name, role, caller: None, own: None }
    }

    /// Who works on the rows of `place`.
    fn with_rows_of(self, place: Place) -> Self {
        Self { own: Some(place), ..self }
    }
}

fn ada() -> Who {
    Who::person("ada, whose it is", Place::Ada)
}

fn bob() -> Who {
    Who::person("bob of another organization", Place::Bob)
}

fn carol() -> Who {
    Who::person("carol, a colleague", Place::Carol)
}

fn task_here() -> Who {
    Who::service("a task of the organization", HERE, None)
}

fn task_there() -> Who {
    Who::service("a task of another organization", THERE, Some(Place::Bob))
}

fn nobody() -> Who {
    Who::nobody("nobody", "memoreel_app")
}

/// Rows in every table, and what is tried on them.
#[derive(Debug)]
pub struct Probe {
    tables: Vec<Table>,
}

impl Probe {
    /// Fills an empty database.
    pub async fn fill(connection: &mut PgConnection) -> Self {
        let mut tables = catalog::tables(connection).await;
        world::fill(connection, &mut tables).await;
        Self { tables }
    }

    /// The tables by name.
    pub fn table_names(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|table| table.name.as_str())
    }

    /// Whether `table` is visible with its parent.
    pub fn is_child(&self, table: &str) -> bool {
        self.tables.iter().any(|known| known.name == table && known.class == Class::Parent)
    }

    /// Everything that is wrong with `table`, as sentences. The connection must be in a transaction.
    pub async fn faults(&self, connection: &mut PgConnection, table: &str) -> Vec<String> {
        let mut faults = Vec::new();
        for case in self.cases(table) {
            faults.extend(case.fault(connection).await);
        }
        faults.extend(catalog_fault(connection, self.table(table)).await);
        faults
    }

    /// The first thing that is wrong with `table`.
    pub async fn first_fault(&self, connection: &mut PgConnection, table: &str) -> Option<String> {
        for case in self.cases(table) {
            if let Some(fault) = case.fault(connection).await {
                return Some(fault);
            }
        }
        catalog_fault(connection, self.table(table)).await
    }

    /// How much is tried.
    pub fn case_count(&self) -> usize {
        self.tables.iter().map(|table| self.cases(&table.name).len()).sum()
    }

    fn table(&self, name: &str) -> &Table {
        self.tables.iter().find(|table| table.name == name).unwrap_or_else(|| panic!("no table {name}"))
    }

    fn cases(&self, name: &str) -> Vec<Case<'_>> {
        use Place::{Ada, AdaPrivate, DoraHere, DoraThere};
        let mut cases = Cases { table: self.table(name), cases: Vec::new() };
        match cases.table.class {
            Class::Organization | Class::System => {
                cases.refused(Ada, [bob(), task_there(), nobody()]);
                cases.admitted(Ada, [ada()]);
            }
            Class::Owner => {
                cases.refused(Ada, [carol(), task_here(), bob(), task_there(), nobody()]);
                cases.admitted(Ada, [ada()]);
            }
            Class::Person if cases.table.has("organization_id") => {
                let dora_there = Who::person("the same person in another organization", DoraThere);
                cases.refused(DoraHere, [carol(), bob(), dora_there, task_here(), nobody()]);
                cases.admitted(DoraHere, [Who::person("dora, whose it is", DoraHere)]);
            }
            Class::Person => {
                cases.refused(Ada, [bob(), nobody()]);
                cases.admitted(Ada, [ada(), Who::in_organization("ada in another organization", Ada, THERE)]);
                if name == "users" {
                    // People see those they share an organization with.
                    cases.reads(Ada, [carol(), task_here()]);
                } else {
                    cases.refused(Ada, [carol(), task_here()]);
                }
            }
            Class::Video | Class::Parent => {
                let (carol, task_here) = (carol().with_rows_of(Ada), task_here());
                cases.refused(Ada, [bob(), task_there(), nobody()]);
                cases.refused(AdaPrivate, [carol.clone(), bob(), task_there(), nobody()]);
                cases.admitted(Ada, [carol, task_here.clone(), ada()]);
                cases.admitted(AdaPrivate, [task_here, ada().with_rows_of(AdaPrivate)]);
            }
            Class::Shared => cases.admitted(Ada, [ada()]),
        }
        cases.by_verb(Ada, "memoreel_system");
        cases.by_verb(Ada, "memoreel_search");
        cases.by_verb(Ada, "memoreel_owner");
        cases.cases
    }
}

/// Collects what is tried on one table.
struct Cases<'a> {
    table: &'a Table,
    cases: Vec<Case<'a>>,
}

impl<'a> Cases<'a> {
    /// None of these may do anything to the row at `place`.
    fn refused(&mut self, place: Place, callers: impl IntoIterator<Item = Who>) {
        for who in callers {
            for attempt in [Attempt::Read, Attempt::Insert, Attempt::Change, Attempt::Delete] {
                self.push(place, &who, attempt, false);
            }
            if who.own.is_some_and(|own| self.row(own).is_some()) {
                self.push(place, &who, Attempt::Take, false);
                self.push(place, &who, Attempt::Give, false);
            }
        }
    }

    /// These may do what the role is granted, and no more.
    fn admitted(&mut self, place: Place, callers: impl IntoIterator<Item = Who>) {
        for who in callers {
            for attempt in [Attempt::Read, Attempt::Insert, Attempt::Change, Attempt::Delete] {
                self.push(place, &who, attempt, self.table.is_granted(who.role, attempt.verb()));
            }
        }
    }

    /// These may read the row and do nothing else to it.
    fn reads(&mut self, place: Place, callers: impl IntoIterator<Item = Who>) {
        for who in callers {
            for attempt in [Attempt::Read, Attempt::Insert, Attempt::Change, Attempt::Delete] {
                self.push(place, &who, attempt, attempt == Attempt::Read);
            }
        }
    }

    /// What a role that is no organization's may do to everybody's rows.
    fn by_verb(&mut self, place: Place, role: &'static str) {
        let who = Who::nobody(role, role);
        let place = if self.row(place).is_some() { place } else { self.table.rows[0].place };
        for attempt in [Attempt::Read, Attempt::Insert, Attempt::Change, Attempt::Delete] {
            let expected = match role {
                "memoreel_system" => ADMITTED
                    .iter()
                    .any(|(table, verbs)| *table == self.table.name && verbs.contains(&attempt.verb())),
                _ => self.table.is_granted(role, attempt.verb()),
            };
            self.push(place, &who, attempt, expected);
        }
    }

    fn row(&self, place: Place) -> Option<&'a Row> {
        self.table.rows.iter().find(|row| row.place == place)
    }

    fn push(&mut self, place: Place, who: &Who, attempt: Attempt, expected: bool) {
        let row = self.row(place).unwrap_or_else(|| panic!("{} has no row of {place:?}", self.table.name));
        let own = who.own.and_then(|own| self.row(own)).unwrap_or(row);
        self.cases.push(Case { table: self.table, row, own, who: who.clone(), attempt, expected });
    }
}

/// One thing to try.
#[derive(Debug)]
struct Case<'a> {
    table: &'a Table,
    row: &'a Row,
    own: &'a Row,
    who: Who,
    attempt: Attempt,
    expected: bool,
}

impl Case<'_> {
    /// A sentence when it is not as expected.
    async fn fault(&self, connection: &mut PgConnection) -> Option<String> {
        let reached = self.try_it(connection).await;
        let Self { table, who, attempt, .. } = self;
        let (done, whose) = (format!("{attempt:?} ({})", attempt.verb()), self.row.place);
        match (reached, self.expected) {
            (true, false) => Some(format!("{} can {done} the row of {whose:?} in {}", who.name, table.name)),
            (false, true) => {
                Some(format!("{} cannot {done} the row of {whose:?} in {}", who.name, table.name))
            }
            _ => None,
        }
    }

    /// Whether row-level security and grants let it pass.
    async fn try_it(&self, connection: &mut PgConnection) -> bool {
        let prepared = match self.attempt {
            // Without what hangs on it, which stays.
            Attempt::Insert => format!(
                "SET LOCAL session_replication_role = replica; DELETE FROM {} WHERE {};
                 SET LOCAL session_replication_role = origin;",
                self.table.name, self.row.key
            ),
            _ => String::new(),
        };
        let settings = self.who.caller.as_ref().map(TenantTx::settings).unwrap_or_default();
        let tried = run(
            connection,
            format!(
                "SAVEPOINT attempt; {prepared} SET LOCAL ROLE {}; {settings}; {}",
                self.who.role,
                self.statement()
            ),
        )
        .await;
        let reached = match tried {
            Ok(rows) => match self.attempt {
                Attempt::Read | Attempt::Give => rows > 0,
                // One was removed beforehand.
                Attempt::Insert => rows > 1,
                Attempt::Change | Attempt::Take | Attempt::Delete => {
                    rows > 0 && self.is_gone_from_its_place(connection).await
                }
            },
            Err(error) => {
                let error = error.into_database_error().expect("the server answers");
                match error.code().as_deref() {
                    // Not granted, or against a policy.
                    Some("42501") => false,
                    // Constraints are looked at after policies, which let it pass.
                    Some(code) if code.starts_with("23") => true,
                    _ => panic!("{self:?}: {error}"),
                }
            }
        };
        run(connection, "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt".to_owned()).await.unwrap();
        reached
    }

    fn statement(&self) -> String {
        let Table { name, columns, plain_column, .. } = self.table;
        match self.attempt {
            Attempt::Read => format!("SELECT FROM {name} WHERE {}", self.row.key),
            Attempt::Insert => {
                let columns = columns.join(", ");
                format!("INSERT INTO {name} ({columns}) SELECT {columns} FROM {}", self.record(self.row))
            }
            Attempt::Change => self.update([plain_column.as_str()], self.own),
            Attempt::Take => self.update(self.owning_columns(), self.own),
            Attempt::Give => self.update(self.owning_columns(), self.row),
            Attempt::Delete => format!("DELETE FROM {name}"),
        }
    }

    /// Sets columns of all rows that can be reached to what they are in `like`.
    fn update<'c>(&self, columns: impl IntoIterator<Item = &'c str>, like: &Row) -> String {
        let name = &self.table.name;
        let changes: Vec<String> = columns
            .into_iter()
            .map(|column| format!("{column} = (SELECT {column} FROM {})", self.record(like)))
            .collect();
        format!("UPDATE {name} SET {}", changes.join(", "))
    }

    fn record(&self, row: &Row) -> String {
        format!("jsonb_populate_record(NULL::{}, {})", self.table.name, literal(&row.json))
    }

    /// The columns that the policies of this class go by.
    fn owning_columns(&self) -> Vec<&'static str> {
        let columns: &[&'static str] = match self.table.class {
            Class::Organization | Class::Owner | Class::System | Class::Shared => &["organization_id"],
            Class::Person => &["organization_id", "user_id"],
            Class::Video | Class::Parent => &[
                "organization_id",
                "author_id",
                "owner_id",
                "visibility",
                "video_id",
                "asset_id",
                "chunk_id",
            ],
        };
        let columns: Vec<_> = columns.iter().copied().filter(|column| self.table.has(column)).collect();
        if columns.is_empty() {
            // Whatever else the rows of nobody in particular are told apart by.
            let key = ["id", "user_id", "account_key"].into_iter().find(|column| self.table.has(column));
            return vec![key.unwrap_or_else(|| panic!("{} has no column to take a row by", self.table.name))];
        }
        columns
    }

    async fn is_gone_from_its_place(&self, connection: &mut PgConnection) -> bool {
        let query = format!("SELECT FROM {} WHERE ctid = '{}'", self.table.name, self.row.ctid);
        run(connection, format!("SET LOCAL ROLE none; {query}")).await.unwrap() == 0
    }
}

/// What no attempt shows: owners are bound too, and every policy is somebody's.
async fn catalog_fault(connection: &mut PgConnection, table: &Table) -> Option<String> {
    let (is_bound, is_open): (bool, bool) = sqlx::query_as(
        "SELECT relrowsecurity AND relforcerowsecurity,
             EXISTS (SELECT FROM pg_policies WHERE schemaname = 'public' AND tablename = relname AND 'public' = ANY(roles))
         FROM pg_class WHERE oid = $1::regclass",
    )
    .bind(&table.name)
    .fetch_one(connection)
    .await
    .unwrap();
    let name = &table.name;
    match (is_bound || table.class == Class::Shared, is_open) {
        (false, _) => Some(format!("row-level security of {name} is not forced")),
        (_, true) => Some(format!("a policy of {name} is for everybody")),
        _ => None,
    }
}

/// How many rows all the statements were about.
async fn run(connection: &mut PgConnection, statements: String) -> Result<u64, sqlx::Error> {
    Ok(sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?.rows_affected())
}

/// The verbs of [`ADMITTED`] are those that are granted.
pub fn unknown_grants(probe: &Probe) -> Vec<String> {
    let mut unknown = Vec::new();
    for table in &probe.tables {
        let admitted =
            ADMITTED.iter().find(|(name, _)| *name == table.name).map_or(&[][..], |(_, verbs)| verbs);
        let granted = VERBS.into_iter().filter(|verb| table.is_granted("memoreel_system", verb));
        if !granted.clone().eq(admitted.iter().copied()) {
            unknown.push(format!("{}: {:?}", table.name, granted.collect::<Vec<_>>()));
        }
    }
    unknown
}
