-- Runs in the order in which they were recorded: the clocks of two machines differ, and one machine's may be put back.
ALTER TABLE run ADD COLUMN number INTEGER NOT NULL DEFAULT 0;

UPDATE run
SET number = (
    SELECT count(*)
    FROM run AS before
    WHERE before.scope = run.scope
      AND (before.started_at, before.run) <= (run.started_at, run.run)
);

DROP INDEX run_by_scope;

CREATE UNIQUE INDEX run_by_number ON run (scope, number);

DROP VIEW rollout_status;

-- The rollout status table: the last outcome of every target.
CREATE VIEW rollout_status AS
SELECT o.scope, o.target, o.kind, o.branch, o.outcome, o.reason, o.base, o.commit_id, o.run,
       r.command, r.started_at, o.recorded_at
FROM outcome AS o
JOIN run AS r ON r.run = o.run
WHERE r.number = (
    SELECT max(latest.number)
    FROM outcome AS other
    JOIN run AS latest ON latest.run = other.run
    WHERE other.scope = o.scope
      AND other.target = o.target
);
