"""The ledger: the only importer of sqlite_utils."""
