-- Each outcome has the number of its run, so that the last of a target is found in an index, however many runs there were.
ALTER TABLE outcome ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outcome ADD COLUMN of_review INTEGER NOT NULL DEFAULT 0;   -- 1: what was said of its review alone

UPDATE outcome
SET number = (SELECT run.number FROM run WHERE run.run = outcome.run),
    of_review = CASE
        WHEN outcome <> 'pushed' AND (SELECT run.command FROM run WHERE run.run = outcome.run) = 'review' THEN 1
        ELSE 0
    END;

DROP INDEX outcome_by_target;

CREATE UNIQUE INDEX outcome_by_target ON outcome (scope, target, number);
CREATE INDEX outcome_last ON outcome (scope, target, number) WHERE of_review = 0;
CREATE INDEX outcome_applied ON outcome (scope, target, number)
    WHERE outcome IN ('pushed', 'committed', 'written', 'proposed');
CREATE INDEX outcome_by_time ON outcome (scope, recorded_at);

DROP VIEW rollout_status;

-- The rollout status table: the last outcome of every target. What was said of its review alone is none.
CREATE VIEW rollout_status AS
SELECT o.scope, o.target, o.kind, o.branch, o.outcome, o.reason, o.base, o.commit_id, o.run,
       r.command, r.started_at, o.recorded_at
FROM (SELECT scope, target, max(number) AS number FROM outcome WHERE of_review = 0 GROUP BY scope, target) AS latest
JOIN outcome AS o ON o.scope = latest.scope AND o.target = latest.target AND o.number = latest.number
JOIN run AS r ON r.run = o.run;
