//! Comparing the migrated database with the backup and the plan.
