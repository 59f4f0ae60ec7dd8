-- Which of these files this database has had, and with which content.
CREATE TABLE augmentation_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,                       -- SHA-256 of the file, hex
    applied_at timestamptz NOT NULL DEFAULT now()
);
