SELECT project, instance_type, host_machine, status, event_iso(last_heartbeat), context_percent, current_epic,
       path, agent_session_id, transcript_path, event_iso(closed_at)
  FROM supervisor_sessions
 WHERE instance_id = %s;
