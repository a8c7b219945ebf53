SELECT jsonb_build_array(sequence_num, event_type, event_object(data), event_iso("timestamp"), event_iso(seen),
                         event_id::text, parent_uuid::text)
  FROM (SELECT * FROM event_log
         WHERE instance_id = :'instance' AND sequence_num > :after
         ORDER BY sequence_num DESC
         LIMIT :count) AS newest
 ORDER BY sequence_num;
