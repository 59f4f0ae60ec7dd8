#!/bin/sh
# Run by the image when it makes the database, as the owner: the service gets a role of its own.
set -eu
# psql reads the password from its environment: a command line is seen by everybody.
psql --quiet --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<SQL
\getenv service_password SERVICE_PASSWORD
\i /etc/augment/roles.sql
SQL
