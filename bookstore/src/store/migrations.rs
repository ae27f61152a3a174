//! The tables, as numbered SQL files that are part of the program.

/// One step from one version of the tables to the next.
pub(super) struct Migration {
    pub(super) version: i32,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

macro_rules! migrations {
    ($database:literal: $($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../migrations/", $database, "/", $name, ".sql")),
        }),+]
    };
}

pub(super) const POSTGRES: &[Migration] = migrations!("postgres": 1 "0001_users", 2 "0002_books");
pub(super) const SQLITE: &[Migration] = migrations!("sqlite": 1 "0001_users", 2 "0002_books");

/// What is kept about the steps that were taken; the same in each database.
pub(super) const VERSIONS: &str =
    "CREATE TABLE IF NOT EXISTS schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one_and_match_their_names() {
        for migrations in [POSTGRES, SQLITE] {
            for (index, migration) in migrations.iter().enumerate() {
                assert_eq!(migration.version as usize, index + 1);
                assert!(migration.name.starts_with(&format!("{:04}_", migration.version)), "{}", migration.name);
            }
        }
    }
}
