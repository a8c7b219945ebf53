-- append_event function loaded
-- Test 3: Helper Function Available
SELECT format('there is no %%s', wanted.part)
  FROM (VALUES
           ('function append_event',
            to_regprocedure('append_event(text,text,jsonb,jsonb,uuid,uuid,timestamptz)') IS NOT NULL),
           ('view event_intake', to_regclass('event_intake') IS NOT NULL),
           ('trigger that gives positions',
            EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass('event_store')
                     AND tgname = 'zz_event_store_append' AND tgenabled <> 'D')))
       AS wanted (part, is_there)
 WHERE NOT wanted.is_there;
