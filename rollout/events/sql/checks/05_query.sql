-- Found {count} events (expected {count})
-- Test 5: Query Events
SELECT format('found %%s events (expected %%s)', count(*), cardinality(%(types)s::text[]))
  FROM event_store
 WHERE instance_id = %(instance)s
HAVING count(*) <> cardinality(%(types)s::text[]);
