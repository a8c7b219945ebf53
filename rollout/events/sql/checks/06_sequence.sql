-- Sequence numbers increment correctly (1-{count})
-- Test 6: Sequence Numbers Increment
SELECT format('positions are %%s', string_agg(sequence_num::text, ', ' ORDER BY sequence_num))
  FROM event_store
 WHERE instance_id = %(instance)s
HAVING min(sequence_num) <> 1
    OR max(sequence_num) <> count(*)
    OR count(DISTINCT sequence_num) <> count(*);
