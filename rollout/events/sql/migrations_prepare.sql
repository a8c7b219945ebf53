-- One runner at a time; functions remember this search_path, so they find their tables for any client.
SELECT set_config('lock_timeout', '30s', true),
       set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);
SELECT pg_advisory_xact_lock(7203114);
