SELECT count(*) FILTER (WHERE s.status <> 'closed'),
       count(*) FILTER (WHERE EXISTS (
           SELECT FROM event_store AS e
            WHERE e.instance_id = s.instance_id AND e.event_type = 'session_end' AND e.metadata ->> 'ended_by' = 'inferred'))
  FROM supervisor_sessions AS s
 WHERE s.instance_id = ANY(%s::text[]);
