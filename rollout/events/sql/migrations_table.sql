CREATE TABLE IF NOT EXISTS event_migrations (
    name        text         PRIMARY KEY,
    digest      text         NOT NULL,
    applied_at  timestamptz  NOT NULL DEFAULT clock_timestamp()
);
