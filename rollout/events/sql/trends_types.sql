-- Events per day and type since a day.
SELECT (created_at AT TIME ZONE 'UTC')::date::text, event_type, count(*)
  FROM event_store
 WHERE created_at >= %s::date::timestamp AT TIME ZONE 'UTC'
 GROUP BY 1, 2;
