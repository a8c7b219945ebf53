SELECT instance_id, transcript_path
  FROM supervisor_sessions
 WHERE transcript_path IS NOT NULL AND last_heartbeat > now() - interval '7 days'
 ORDER BY last_heartbeat DESC
 LIMIT 200;
