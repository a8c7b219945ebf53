SELECT e.event_type, count(*), bool_or(t.name IS NOT NULL)
  FROM event_store e
  LEFT JOIN event_types t ON t.name = e.event_type
 GROUP BY e.event_type
 ORDER BY 2 DESC, 1;
