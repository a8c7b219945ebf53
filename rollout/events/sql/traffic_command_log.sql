-- Rows of the day before a moment, and since it, in the old table.
SELECT count(*) FILTER (WHERE created_at < %(since)s::timestamptz), count(*) FILTER (WHERE created_at >= %(since)s::timestamptz)
  FROM command_log
 WHERE created_at >= %(since)s::timestamptz - interval '24 hours';
