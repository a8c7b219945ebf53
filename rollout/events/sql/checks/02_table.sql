-- event_store table exists
-- Test 2: event_store Table Exists
SELECT DISTINCT CASE WHEN to_regclass(wanted.table_name) IS NULL
            THEN format('there is no table %%s', wanted.table_name)
            ELSE format('%%s has no column %%s of type %%s', wanted.table_name, wanted.column_name, wanted.type_name)
       END
  FROM (VALUES ('supervisor_sessions', 'instance_id', 'character varying'),
               ('event_store', 'event_id', 'uuid'),
               ('event_store', 'instance_id', 'character varying'),
               ('event_store', 'event_type', 'character varying'),
               ('event_store', 'sequence_num', 'bigint'),
               ('event_store', 'timestamp', 'timestamp with time zone'),
               ('event_store', 'event_data', 'jsonb'),
               ('event_store', 'metadata', 'jsonb'),
               ('event_store', 'parent_uuid', 'uuid'),
               ('event_store', 'root_uuid', 'uuid'),
               ('event_store', 'depth', 'integer'),
               ('event_store', 'created_at', 'timestamp with time zone'))
       AS wanted (table_name, column_name, type_name)
 WHERE NOT EXISTS (
           SELECT
             FROM pg_attribute a
            WHERE a.attrelid = to_regclass(wanted.table_name)
              AND a.attname = wanted.column_name
              AND NOT a.attisdropped
              AND format_type(a.atttypid, NULL) = wanted.type_name);
