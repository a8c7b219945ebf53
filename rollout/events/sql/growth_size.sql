SELECT (SELECT count(*) FROM event_store),
       pg_table_size('event_store'),
       pg_indexes_size('event_store'),
       (SELECT count(*) FROM supervisor_sessions),
       (SELECT count(*) FROM event_rejects);
