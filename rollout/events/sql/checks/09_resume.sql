-- Resume query successful: {count} events
-- Test 9: Resume System Can Read Events
SELECT format('the resume query answers %%s', left(answer::text, 200))
  FROM (SELECT event_resume(%(instance)s) AS answer) AS asked
 WHERE (answer ->> 'events')::bigint IS DISTINCT FROM
           (SELECT count(*) FROM event_store WHERE instance_id = %(instance)s)
    OR answer #>> '{last_commit,hash}' IS DISTINCT FROM 'a1b2c3d'
    OR answer #>> '{subagents_in_flight,0,description}' IS DISTINCT FROM 'Implement epic-003';
