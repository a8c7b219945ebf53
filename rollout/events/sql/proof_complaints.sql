-- What the store says of the events that the blocks logged: refused, not JSON, of no known type.
SELECT instance_id, 'the database refuses an event for good: ' || reason AS complaint
  FROM event_rejects
 UNION ALL
SELECT e.instance_id,
       CASE WHEN t.name IS NULL THEN format('event type %L is not in the list of types', e.event_type)
            ELSE format('the payload of %L is not JSON: %s', e.event_type, e.event_data ->> '_invalid_json') END
  FROM event_store AS e
  LEFT JOIN event_types AS t ON t.name = e.event_type
 WHERE t.name IS NULL OR e.event_data ? '_invalid_json';
