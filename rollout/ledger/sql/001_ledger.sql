-- The recorded runs and outcomes, in SQLite and in PostgreSQL alike. Times are UTC, written as 2026-02-03T15:20:00Z.
CREATE TABLE run (
    run         TEXT PRIMARY KEY,
    scope       TEXT NOT NULL,                -- whose runs these are: the inventory
    command     TEXT NOT NULL,                -- apply, push or revert
    subject     TEXT NOT NULL DEFAULT '',
    started_at  TEXT NOT NULL,
    finished_at TEXT,
    plan        TEXT NOT NULL DEFAULT '',
    digest      TEXT NOT NULL DEFAULT '',
    host        TEXT NOT NULL DEFAULT '',
    exit_code   INTEGER
);

CREATE INDEX run_by_scope ON run (scope, started_at);

CREATE TABLE outcome (
    run         TEXT NOT NULL REFERENCES run (run),
    target      TEXT NOT NULL,
    scope       TEXT NOT NULL,
    kind        TEXT NOT NULL,
    branch      TEXT,
    outcome     TEXT NOT NULL,
    reason      TEXT NOT NULL DEFAULT '',
    base        TEXT,
    commit_id   TEXT,
    paths       TEXT NOT NULL DEFAULT '[]',   -- JSON: [path, action, fingerprint before, fingerprint after]
    duration_ms INTEGER NOT NULL DEFAULT 0,
    recorded_at TEXT NOT NULL,
    PRIMARY KEY (run, target)
);

CREATE INDEX outcome_by_target ON outcome (scope, target, recorded_at);

-- A plan file is used once; it is known by id and by digest.
CREATE TABLE used_plan (
    plan    TEXT PRIMARY KEY,
    digest  TEXT NOT NULL UNIQUE,
    run     TEXT NOT NULL,
    used_at TEXT NOT NULL
);

-- The rollout status table: the last outcome of every target.
CREATE VIEW rollout_status AS
SELECT o.scope, o.target, o.kind, o.branch, o.outcome, o.reason, o.base, o.commit_id, o.run,
       r.command, r.started_at, o.recorded_at
FROM outcome AS o
JOIN run AS r ON r.run = o.run
WHERE NOT EXISTS (
    SELECT 1
    FROM outcome AS later
    WHERE later.scope = o.scope
      AND later.target = o.target
      AND (later.recorded_at, later.run) > (o.recorded_at, o.run)
);
