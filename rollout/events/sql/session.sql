SELECT project, instance_type, host_machine, status, event_iso(last_heartbeat), context_percent, current_epic
  FROM supervisor_sessions
 WHERE instance_id = %s;
