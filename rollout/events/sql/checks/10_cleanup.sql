-- Test data cleaned up
-- Test 10: Cleanup
SELECT format('%%s events of %%s are still there', count(*), %(instance)s::text)
  FROM event_store
 WHERE instance_id = %(instance)s
HAVING count(*) > 0;
