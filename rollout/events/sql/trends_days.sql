-- Every day of the last days, oldest first.
SELECT day::date::text
  FROM generate_series((now() AT TIME ZONE 'UTC')::date - (%s - 1), (now() AT TIME ZONE 'UTC')::date, interval '1 day') AS day;
