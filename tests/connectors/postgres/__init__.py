"""Tests of the ledger on PostgreSQL: rows, migrations, faults and reports."""
