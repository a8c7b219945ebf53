SELECT jsonb_build_array(s.instance_id, s.status, s.host_machine, s.current_epic, event_iso(s.last_heartbeat::timestamptz))
  FROM supervisor_sessions AS s
 WHERE :'project' = '' OR s.project = :'project'
 ORDER BY s.last_heartbeat DESC
 LIMIT 20;
