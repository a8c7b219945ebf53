SELECT (created_at AT TIME ZONE 'UTC')::date::text, count(*)
  FROM event_store
 WHERE created_at >= now() - make_interval(days => %s)
 GROUP BY 1
 ORDER BY 1;
