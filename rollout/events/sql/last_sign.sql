SELECT s.last_heartbeat::timestamptz,
       event_text(begun.event_data, 'pid'),
       event_text(begun.event_data, 'pid_start'),
       event_text(begun.event_data, 'pid_space')
  FROM supervisor_sessions AS s
  LEFT JOIN event_store AS begun
    ON begun.instance_id = s.instance_id
   -- The index alone finds the place.
   AND begun.sequence_num = (SELECT max(e.sequence_num)
                               FROM event_store AS e
                              WHERE e.instance_id = s.instance_id
                                AND e.event_type IN ('instance_registered', 'session_start'))
 WHERE s.instance_id = %s AND s.status = 'active';
