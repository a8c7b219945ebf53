-- All event_data fields are valid JSON objects
-- Test 8: event_data is Valid JSON
SELECT CASE WHEN jsonb_typeof(stored.event_data) <> 'object'
            THEN format('event %%s holds a JSON %%s, not an object', logged.place, jsonb_typeof(stored.event_data))
            ELSE format('event %%s holds other data than was logged', logged.place)
       END
  FROM unnest(%(data)s::text[]) WITH ORDINALITY AS logged (event_data, place)
  JOIN unnest(%(ids)s::uuid[]) WITH ORDINALITY AS named (event_id, place) USING (place)
  JOIN event_store stored USING (event_id)
 WHERE stored.event_data IS DISTINCT FROM logged.event_data::jsonb
 ORDER BY logged.place;
