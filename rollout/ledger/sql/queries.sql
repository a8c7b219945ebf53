-- name: start_run
INSERT INTO run (run, scope, command, subject, started_at, plan, digest, host, number)
SELECT :run, :scope, :command, :subject, :started_at, :plan, :digest, :host, coalesce(max(number), 0) + 1
FROM run WHERE scope = :scope;

-- name: finish_run
UPDATE run SET finished_at = :finished_at, exit_code = :exit_code WHERE run = :run;

-- name: record_outcome
INSERT INTO outcome (
    run, target, scope, kind, branch, outcome, reason, base, commit_id, paths, review, review_act, duration_ms,
    recorded_at, number, checkout, aside
)
VALUES (
    :run, :target, :scope, :kind, :branch, :outcome, :reason, :base, :commit_id, :paths, :review, :review_act,
    :duration_ms, :recorded_at, (SELECT run.number FROM run WHERE run.run = :run), :checkout, :aside
)
ON CONFLICT (run, target) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, base = excluded.base, commit_id = excluded.commit_id,
    paths = excluded.paths, review = excluded.review, review_act = excluded.review_act,
    duration_ms = excluded.duration_ms, recorded_at = excluded.recorded_at, checkout = excluded.checkout,
    aside = excluded.aside;

-- name: runs
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope ORDER BY number DESC LIMIT :most;

-- name: stopped
SELECT run FROM run WHERE scope = :scope AND finished_at IS NULL;

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
FROM run WHERE scope = :scope AND substr(run, 1, length(:run)) = :run ORDER BY number DESC;

-- name: outcomes
SELECT target, outcome, reason, base, commit_id, duration_ms, kind, branch, paths, review, review_act, aside
FROM outcome WHERE run = :run ORDER BY recorded_at, target;

-- name: status
SELECT target, outcome, reason, commit_id, run, recorded_at, checkout FROM rollout_status WHERE scope = :scope;

-- name: last_applied
SELECT o.target, o.recorded_at, o.outcome
FROM (
    SELECT target, max(number) AS number
    FROM outcome
    WHERE scope = :scope AND outcome IN ('pushed', 'committed', 'written', 'proposed')
    GROUP BY target
) AS applied
CROSS JOIN outcome AS o   -- CROSS: SQLite would look through all outcomes first
WHERE o.scope = :scope AND o.target = applied.target AND o.number = applied.number;

-- name: writers
SELECT run, outcome, commit_id, recorded_at, paths
FROM outcome
WHERE scope = :scope AND target = :target AND outcome IN ('pushed', 'committed', 'written')
ORDER BY number DESC;

-- name: folder_writes
SELECT o.target, o.run, r.command, o.paths
FROM outcome AS o JOIN run AS r ON r.run = o.run
WHERE o.scope = :scope AND o.kind = 'folder' AND o.outcome = 'written'
  AND o.number >= (SELECT number FROM run WHERE run = :run)
ORDER BY o.number;

-- name: recorded_since
SELECT run, target, review_act FROM outcome WHERE scope = :scope AND recorded_at >= :since;

-- name: use_plan
INSERT INTO used_plan (plan, digest, run, used_at) VALUES (:plan, :digest, :run, :used_at);

-- name: plan_use
SELECT plan, run, used_at FROM used_plan WHERE plan = :plan OR digest = :digest;
