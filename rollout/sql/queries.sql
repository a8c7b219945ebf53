-- name: start_run
INSERT INTO run (run, scope, command, subject, started_at, plan, digest, host)
VALUES (:run, :scope, :command, :subject, :started_at, :plan, :digest, :host);

-- name: finish_run
UPDATE run SET finished_at = :finished_at, exit_code = :exit_code WHERE run = :run;

-- name: record_outcome
INSERT INTO outcome (run, target, scope, kind, branch, outcome, reason, base, commit_id, paths, duration_ms, recorded_at)
VALUES (:run, :target, :scope, :kind, :branch, :outcome, :reason, :base, :commit_id, :paths, :duration_ms, :recorded_at)
ON CONFLICT (run, target) DO UPDATE SET
    outcome = excluded.outcome, reason = excluded.reason, base = excluded.base, commit_id = excluded.commit_id,
    paths = excluded.paths, duration_ms = excluded.duration_ms, recorded_at = excluded.recorded_at;

-- name: runs
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope ORDER BY started_at DESC, run DESC LIMIT :most;

-- name: one_run
SELECT run, command, subject, started_at, finished_at, plan, digest, exit_code
FROM run WHERE scope = :scope AND run LIKE :run || '%' ORDER BY started_at DESC;

-- name: outcomes
SELECT target, outcome, reason, base, commit_id, duration_ms, kind, branch, paths, recorded_at
FROM outcome WHERE run = :run ORDER BY recorded_at, target;

-- name: status
SELECT target, outcome, reason, base, commit_id, run, recorded_at FROM rollout_status WHERE scope = :scope;

-- name: last_applied
SELECT target, MAX(recorded_at) AS applied_at, MAX(run) AS run
FROM outcome WHERE scope = :scope AND outcome IN ('pushed', 'committed', 'written') GROUP BY target;

-- name: writers
SELECT run, outcome, commit_id, recorded_at, paths
FROM outcome WHERE scope = :scope AND target = :target AND outcome IN ('pushed', 'committed', 'written')
ORDER BY recorded_at DESC, run DESC;

-- name: use_plan
INSERT INTO used_plan (plan, digest, run, used_at) VALUES (:plan, :digest, :run, :used_at);

-- name: plan_use
SELECT plan, run, used_at FROM used_plan WHERE plan = :plan OR digest = :digest;
