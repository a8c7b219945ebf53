-- Rows for the resume benchmark: sessions of 1,000 events each, written side by side as a day of many agents would,
-- so that the events of one session lie scattered over the table. Loaded past the append trigger, for speed alone.
INSERT INTO supervisor_sessions (instance_id, project, instance_type, host_machine)
SELECT 'bench-PS-' || lpad(to_hex(session), 6, '0'), 'bench', 'PS', 'odin3'
  FROM generate_series(1, %(sessions)s) AS session;

INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, "timestamp", event_data, metadata,
                         root_uuid, depth, created_at)
SELECT gen_random_uuid(),
       'bench-PS-' || lpad(to_hex(session), 6, '0'),
       kinds.list[kind],
       position,
       moment,
       CASE kinds.list[kind]
           WHEN 'user_message' THEN jsonb_build_object('content', 'please go on with step ' || position)
           WHEN 'assistant_start' THEN jsonb_build_object('epic', 'epic-' || position / 100, 'context_percent', position / 11)
           WHEN 'epic_start' THEN jsonb_build_object('epic_id', 'epic-' || position / 100, 'feature', 'auth')
           WHEN 'epic_completed' THEN jsonb_build_object('epic_id', 'epic-' || position / 100, 'status', 'passed')
           WHEN 'spawn' THEN jsonb_build_object('task_id', 'task-' || position / 20, 'description', 'step ' || position, 'subagent', 'haiku')
           WHEN 'task_completed' THEN jsonb_build_object('task_id', 'task-' || position / 20)
           WHEN 'commit' THEN jsonb_build_object('message', 'feat: step ' || position, 'files_changed', 7, 'hash', md5(position::text))
           WHEN 'deploy' THEN jsonb_build_object('service', 'service-' || position / 250, 'port', 5100, 'status', 'success')
           WHEN 'error' THEN jsonb_build_object('error_type', 'test_failure', 'message', 'test ' || position || ' fails')
           ELSE jsonb_build_object('tool', 'Bash', 'command', 'make test', 'number', position)
       END,
       '{"host": "gcp-odin3-vm"}',
       gen_random_uuid(),
       0,
       moment
  FROM generate_series(1, 1000) AS position,
       generate_series(1, %(sessions)s) AS session,
       LATERAL (SELECT now() - interval '30 days' + position * interval '30 minutes' + session * interval '1 ms' AS moment) AS m,
       LATERAL (SELECT CASE
                           WHEN position %% 100 = 1 THEN 1
                           WHEN position %% 100 = 99 THEN 2
                           WHEN position %% 20 = 3 THEN 3
                           WHEN position %% 20 = 17 THEN 4
                           WHEN position %% 25 = 12 THEN 5
                           WHEN position %% 25 = 5 THEN 6
                           WHEN position %% 50 = 30 THEN 7
                           WHEN position %% 50 = 31 THEN 8
                           WHEN position %% 10 = 0 THEN 9
                           ELSE 10
                       END AS kind) AS k,
       (SELECT ARRAY['epic_start', 'epic_completed', 'spawn', 'task_completed', 'commit', 'user_message', 'deploy',
                     'error', 'assistant_start', 'tool_use'] AS list) AS kinds;
