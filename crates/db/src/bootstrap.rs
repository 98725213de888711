//! From an empty server to today's schema: roles, database, extension, migrations. Every step may be repeated.

use crate::{
    DatabaseAccess, DbError, Role,
    embedded::{ADMIN_USER, EmbeddedPostgres},
};
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

/// The oldest PostgreSQL that has what the schema uses (`uuidv7()`).
pub const POSTGRES_VERSION_MIN: u32 = 18;
/// The oldest pgvector that the migrations have been tried on.
pub const VECTOR_VERSION_MIN: &str = "0.8.0";

/// Owns the search functions, and signs in nowhere.
const SEARCH_ROLE: &str = "memoreel_search";

/// The migrations compiled into this binary.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

/// What the server says of a wrong password (`invalid_password`).
const PASSWORD_WRONG: &str = "28P01";
/// Serialises preparation by several processes on one server.
const PREPARE_LOCK: i64 = 0x6d65_6d6f_7265_656c;

/// Creates what is missing on the server and migrates the schema.
///
/// # Errors
/// Says which requirement the server does not meet, or what it refused.
pub async fn prepare(access: &DatabaseAccess) -> Result<(), DbError> {
    let mut maintenance = connect(&access.admin("postgres")).await?;
    check_server(&mut maintenance).await?;
    sqlx::query("SELECT pg_advisory_lock($1)").bind(PREPARE_LOCK).execute(&mut maintenance).await?;
    let prepared = async {
        create_roles(&mut maintenance, access).await?;
        create_database(&mut maintenance, access.database()).await?;
        install_extension(access).await?;
        migrate(access).await
    }
    .await;
    // Closing the connection releases the lock, also when a step failed.
    maintenance.close().await.ok();
    prepared
}

/// Gives the administrator of an embedded server the present password, where it has one of the former ones still: the
/// instance's secret, from which it derives, was changed. Does nothing where the present one is right or none is.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn adopt_password(
    server: &EmbeddedPostgres,
    present: &str,
    former: &[String],
) -> Result<(), DbError> {
    let options = |password: &str| server.connect_options("postgres", ADMIN_USER, password);
    for password in std::iter::once(present).chain(former.iter().map(String::as_str)) {
        match PgConnection::connect_with(&options(password)).await {
            Ok(mut connection) => {
                if password != present {
                    // Hexadecimal, so that quoting is not in question.
                    run(&mut connection, &format!("ALTER ROLE {ADMIN_USER} PASSWORD '{present}'")).await?;
                    tracing::info!("the database's administrator has the password of the present secret now");
                }
                connection.close().await.ok();
                return Ok(());
            }
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(PASSWORD_WRONG) => {}
            Err(error) => return Err(DbError::Unreachable(error)),
        }
    }
    Ok(())
}

/// Applies the migrations this binary carries, as `memoreel_owner`.
///
/// # Errors
/// [`DbError::Schema`] when a migration fails or the database is newer than this binary.
pub async fn migrate(access: &DatabaseAccess) -> Result<(), DbError> {
    // Moving the rows of a large table takes as long as it takes.
    let patient = access.options(Role::Owner).options([("statement_timeout", "0")]);
    let mut owner = connect(&patient).await?;
    MIGRATOR.run(&mut owner).await?;
    owner.close().await?;
    Ok(())
}

async fn connect(options: &PgConnectOptions) -> Result<PgConnection, DbError> {
    PgConnection::connect_with(options).await.map_err(DbError::Unreachable)
}

async fn check_server(connection: &mut PgConnection) -> Result<(), DbError> {
    let (number, found): (i32, String) = sqlx::query_as(
        "SELECT current_setting('server_version_num')::integer, current_setting('server_version')",
    )
    .fetch_one(&mut *connection)
    .await?;
    if number.cast_unsigned() / 10_000 < POSTGRES_VERSION_MIN {
        return Err(DbError::PostgresTooOld { found, needed: POSTGRES_VERSION_MIN });
    }
    let offered: Option<(String, bool)> = sqlx::query_as(
        "SELECT default_version, string_to_array(default_version, '.')::int[] >= string_to_array($1, '.')::int[]
         FROM pg_available_extensions WHERE name = 'vector'",
    )
    .bind(VECTOR_VERSION_MIN)
    .fetch_optional(connection)
    .await?;
    match offered {
        None => Err(DbError::VectorMissing { needed: VECTOR_VERSION_MIN }),
        Some((found, false)) => Err(DbError::VectorTooOld { found, needed: VECTOR_VERSION_MIN }),
        Some((_, true)) => Ok(()),
    }
}

/// The administrator need not be a superuser: a role that may create roles and databases is enough, as hosted servers give.
async fn create_roles(connection: &mut PgConnection, access: &DatabaseAccess) -> Result<(), DbError> {
    for role in Role::ALL {
        create_role(connection, role.name()).await?;
        // Role names are our constants and passwords hexadecimal, so quoting is not in question.
        let (name, password) = (role.name(), access.password(role));
        run(connection, &format!("ALTER ROLE {name} WITH LOGIN PASSWORD '{password}'")).await?;
        restrict_role(connection, name).await?;
    }
    create_role(connection, SEARCH_ROLE).await?;
    let is_superuser: bool = sqlx::query_scalar("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        .fetch_one(&mut *connection)
        .await?;
    let owner = Role::Owner.name();
    if !is_superuser {
        // Who hands a database over has to be able to become its owner.
        run(connection, &format!("GRANT {owner} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE")).await?;
    }
    run(connection, &format!("GRANT {SEARCH_ROLE} TO {owner}")).await
}

async fn create_role(connection: &mut PgConnection, name: &str) -> Result<(), DbError> {
    run(
        connection,
        &format!("DO $$ BEGIN CREATE ROLE {name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$"),
    )
    .await
}

/// Takes from a role that was there before what it must not have. Who is no superuser may not even say that it has none of it.
async fn restrict_role(connection: &mut PgConnection, name: &str) -> Result<(), DbError> {
    let is_mighty: bool = sqlx::query_scalar(
        "SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = $1",
    )
    .bind(name)
    .fetch_one(&mut *connection)
    .await?;
    if is_mighty {
        run(connection, &format!("ALTER ROLE {name} WITH NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE"))
            .await?;
    }
    Ok(())
}

async fn create_database(connection: &mut PgConnection, database: &str) -> Result<(), DbError> {
    let exists: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(database)
        .fetch_one(&mut *connection)
        .await?;
    let quoted = quote_identifier(database);
    if !exists {
        run(connection, &format!("CREATE DATABASE {quoted} OWNER memoreel_owner")).await?;
    }
    // A database the administrator made beforehand is handed over as it is.
    run(
        connection,
        &format!(
            "ALTER DATABASE {quoted} OWNER TO memoreel_owner;
         REVOKE ALL ON DATABASE {quoted} FROM public;
         GRANT CONNECT ON DATABASE {quoted} TO memoreel_app, memoreel_system"
        ),
    )
    .await
}

async fn install_extension(access: &DatabaseAccess) -> Result<(), DbError> {
    let mut admin = connect(&access.admin(access.database())).await?;
    run(
        &mut admin,
        "CREATE EXTENSION IF NOT EXISTS vector;
         REVOKE CREATE ON SCHEMA public FROM public;
         GRANT USAGE ON SCHEMA public TO memoreel_app, memoreel_system, memoreel_search;
         GRANT USAGE, CREATE ON SCHEMA public TO memoreel_owner, memoreel_search",
    )
    .await?;
    admin.close().await?;
    Ok(())
}

async fn run(connection: &mut PgConnection, statements: &str) -> Result<(), DbError> {
    sqlx::raw_sql(AssertSqlSafe(statements)).execute(connection).await?;
    Ok(())
}

fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
