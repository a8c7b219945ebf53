-- The sessions that logged last, by one look into the index per session.
SELECT s.instance_id, newest.sequence_num, event_iso(newest."timestamp")
  FROM supervisor_sessions s,
       LATERAL (SELECT e.sequence_num, e."timestamp"::timestamptz
                  FROM event_store e
                 WHERE e.instance_id = s.instance_id
                 ORDER BY e.sequence_num DESC
                 LIMIT 1) AS newest
 ORDER BY 3 DESC
 LIMIT 10;
