//! Opens the SQLite file: permissions, pragmas, soundness, and migrations.

use std::path::Path;
use std::time::Duration;

use gw_base::Timestamp;
use sqlx_core::connection::ConnectOptions;
use sqlx_core::pool::PoolOptions;
use sqlx_core::query::query;
use sqlx_core::query_scalar::query_scalar;
use sqlx_core::raw_sql::raw_sql;
use sqlx_sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous};

use crate::StateError;
use crate::error::sqlite_code;

/// Schema changes in order; the first makes schema 1. A released file never changes, a new one is added.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_initial.sql")];

/// Each connection costs a thread; writers are serialised by SQLite anyway.
const CONNECTIONS: u32 = 3;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(crate) async fn open(path: &Path, now: Timestamp) -> Result<SqlitePool, StateError> {
    create_private(path).map_err(|source| StateError::Io { path: path.to_owned(), source })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // A signed-in session must survive a power cut as surely as a metric does.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let pool = PoolOptions::<Sqlite>::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(BUSY_TIMEOUT * 2)
        .connect_with(options)
        .await
        .map_err(|error| damage(path, error))?;
    check(&pool, path).await?;
    migrate(&pool, path, now).await?;
    Ok(pool)
}

/// SQLite gives its side files the mode of the main file, so the main file is made first.
fn create_private(path: &Path) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

/// Moves what the write-ahead log holds into the file.
pub(crate) async fn fold_log(pool: &SqlitePool) -> Result<(), StateError> {
    query("PRAGMA wal_checkpoint(TRUNCATE)").execute(pool).await?;
    Ok(())
}

async fn check(pool: &SqlitePool, path: &Path) -> Result<(), StateError> {
    let verdict: String =
        query_scalar("PRAGMA quick_check(1)").fetch_one(pool).await.map_err(|error| damage(path, error))?;
    if verdict == "ok" { Ok(()) } else { Err(StateError::Damaged { path: path.to_owned(), detail: verdict }) }
}

/// `SQLITE_CORRUPT` and `SQLITE_NOTADB` say that the file is at fault, whatever was asked.
fn damage(path: &Path, error: sqlx_core::Error) -> StateError {
    match sqlite_code(&error) {
        Some(11 | 26) => StateError::Damaged { path: path.to_owned(), detail: error.to_string() },
        _ => StateError::Database(error),
    }
}

async fn migrate(pool: &SqlitePool, path: &Path, now: Timestamp) -> Result<(), StateError> {
    let known = MIGRATIONS.len() as i64;
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    query(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT",
    )
    .execute(&mut *transaction)
    .await?;
    let found: i64 = query_scalar("SELECT coalesce(max(version), 0) FROM schema_version")
        .fetch_one(&mut *transaction)
        .await
        .map_err(|error| damage(path, error))?;
    if found > known {
        return Err(StateError::Newer { path: path.to_owned(), found, known });
    }
    for (version, sql) in (1i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        raw_sql(sql).execute(&mut *transaction).await?;
        query("INSERT INTO schema_version (version, applied_at) VALUES (?, ?)")
            .bind(version)
            .bind(now.nanos())
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
