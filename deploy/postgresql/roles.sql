-- The service's role: it reads and writes rows, and makes or changes no table. Run once, by the role
-- that owns the database and later runs `augment init`:
--
--   psql --set=service_password=… --file=deploy/postgresql/roles.sql 'postgresql://owner@host/augmentations'
\set ON_ERROR_STOP on

CREATE ROLE augment LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'service_password';

SELECT current_database() AS database \gset
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO augment;
GRANT USAGE ON SCHEMA public TO augment;

-- Tables that are there, and those that `augment init` makes from now on.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO augment;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO augment;
