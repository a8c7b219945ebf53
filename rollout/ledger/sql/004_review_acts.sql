-- What was done with the review of an outcome: opened, updated, closed, merged, commented.
ALTER TABLE outcome ADD COLUMN review_act TEXT;

DROP VIEW rollout_status;

-- The rollout status table: the last outcome of every target. What was said of its review alone is none.
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
      AND (latest.command <> 'review' OR other.outcome = 'pushed')
);
