"""The ledger on PostgreSQL: jobs, their results and their metrics.

`ledger` is the port; `registering`, `committing` and `recording` are its three writes, a statement
or a transaction each; `completions` reads back what is done; `reports` is what people look at;
`migrate` makes the tables.
"""
