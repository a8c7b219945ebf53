-- Every instance that has events, from one step through the index to the next; whether it is old enough is
-- decided under its lock.
WITH RECURSIVE instances AS (
    (SELECT instance_id FROM event_store ORDER BY instance_id LIMIT 1)
    UNION ALL
    SELECT (SELECT e.instance_id FROM event_store e WHERE e.instance_id > i.instance_id ORDER BY e.instance_id LIMIT 1)
      FROM instances i
     WHERE i.instance_id IS NOT NULL
)
SELECT i.instance_id
  FROM instances i,
       LATERAL (SELECT least(e."timestamp", e.created_at) AS seen
                  FROM event_store e
                 WHERE e.instance_id = i.instance_id
                 ORDER BY e.sequence_num DESC
                 LIMIT 1) AS newest
 WHERE newest.seen < %(older_than)s
   AND (%(instance)s::text IS NULL OR i.instance_id = %(instance)s);
