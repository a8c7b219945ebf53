-- All event types correct
-- Test 7: Event Types Correct
SELECT format('event %%s has type %%s, logged was %%s', logged.place, stored.event_type, logged.event_type)
  FROM unnest(%(types)s::text[]) WITH ORDINALITY AS logged (event_type, place)
  JOIN unnest(%(ids)s::uuid[]) WITH ORDINALITY AS named (event_id, place) USING (place)
  JOIN event_store stored USING (event_id)
 WHERE stored.event_type <> logged.event_type
 ORDER BY logged.place;
