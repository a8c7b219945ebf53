-- Rows of the day before a moment, and since it.
SELECT count(*) FILTER (WHERE "timestamp" < %(since)s::timestamptz), count(*) FILTER (WHERE "timestamp" >= %(since)s::timestamptz)
  FROM event_store
 WHERE "timestamp" >= %(since)s::timestamptz - interval '24 hours';
