-- Test session registered
-- Test 4: Insert Test Events
SELECT format('logging did not register the session %%s', %(instance)s::text)
 WHERE NOT EXISTS (SELECT FROM supervisor_sessions WHERE instance_id = %(instance)s);
