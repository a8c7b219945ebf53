SELECT *
  FROM (SELECT sequence_num, event_type, event_object(data), event_iso("timestamp"), event_iso(seen),
               event_id::text, parent_uuid::text
          FROM event_log
         WHERE instance_id = %s
         ORDER BY sequence_num DESC
         LIMIT %s) AS newest
 ORDER BY sequence_num;
