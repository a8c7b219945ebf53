-- name: start_run
INSERT INTO run (run, scope, command, subject, started_at, plan, digest, host, number)
SELECT :run, :scope, :command, :subject, :started_at, :plan, :digest, :host, coalesce(max(number), 0) + 1
FROM run WHERE scope = :scope;

-- name: finish_run
UPDATE run SET finished_at = :finished_at, exit_code = :exit_code WHERE run = :run;

-- name: record_outcome
INSERT INTO outcome (
    run, target, scope, kind, branch, outcome, reason, base, commit_id, paths, review, review_act, duration_ms,
    recorded_at
)
VALUES (
    :run, :target, :scope, :kind, :branch, :outcome, :reason, :base, :commit_id, :paths, :review, :review_act,
    :duration_ms, :recorded_at
)
ON CONFLICT (run, target) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, base = excluded.base, commit_id = excluded.commit_id,
    paths = excluded.paths, review = excluded.review, review_act = excluded.review_act,
    duration_ms = excluded.duration_ms, recorded_at = excluded.recorded_at;

-- name: runs
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope ORDER BY number DESC LIMIT :most;

-- name: last_changing_day
SELECT substr(r.started_at, 1, 10)
FROM run AS r
WHERE r.scope = :scope
  AND EXISTS (
    SELECT 1 FROM outcome AS o WHERE o.run = r.run AND o.outcome IN ('pushed', 'committed', 'written', 'proposed')
)
ORDER BY r.number DESC LIMIT 1;

-- name: runs_of_day
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope AND substr(started_at, 1, 10) = :day ORDER BY number;

-- name: one_run
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope AND run LIKE :run || '%' ORDER BY number DESC;

-- name: outcomes
SELECT target, outcome, reason, base, commit_id, duration_ms, kind, branch, paths, review, review_act, recorded_at
FROM outcome WHERE run = :run ORDER BY recorded_at, target;

-- name: status
SELECT target, outcome, reason, base, commit_id, run, recorded_at FROM rollout_status WHERE scope = :scope;

-- name: last_applied
SELECT target, recorded_at, outcome
FROM (
    SELECT o.target, o.recorded_at, o.outcome, row_number() OVER (PARTITION BY o.target ORDER BY r.number DESC) AS place
    FROM outcome AS o
    JOIN run AS r ON r.run = o.run
    WHERE o.scope = :scope AND o.outcome IN ('pushed', 'committed', 'written', 'proposed')
) AS applied
WHERE place = 1;

-- name: writers
SELECT o.run, o.outcome, o.commit_id, o.recorded_at, o.paths
FROM outcome AS o
JOIN run AS r ON r.run = o.run
WHERE o.scope = :scope AND o.target = :target AND o.outcome IN ('pushed', 'committed', 'written')
ORDER BY r.number DESC;

-- name: recorded_since
SELECT run, target, review_act FROM outcome WHERE scope = :scope AND recorded_at >= :since;

-- name: use_plan
INSERT INTO used_plan (plan, digest, run, used_at) VALUES (:plan, :digest, :run, :used_at);

-- name: plan_use
SELECT plan, run, used_at FROM used_plan WHERE plan = :plan OR digest = :digest;
