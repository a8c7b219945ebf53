SELECT instance_id, rows_read, events_present FROM backfill_counts(%s::regclass);
