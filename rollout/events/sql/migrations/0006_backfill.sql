-- command_log, the table that agents wrote into by mistake, read as events. Both of its shapes are read
-- through their rows as JSON, so a column that a shape lacks is simply not there.

CREATE FUNCTION command_event_id(table_name text, row_id text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT md5(table_name || ':' || row_id)::uuid $$;
COMMENT ON FUNCTION command_event_id(text, text) IS
    'The event id of an old row: always the same, so a row becomes an event once.';

-- What a row says it was: its kind, its action or one of its tags, in the words of the old clients.
CREATE FUNCTION command_word_type(word text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
        SELECT coalesce(
            (SELECT t.name FROM event_types t WHERE t.name = normal.word AND t.name <> 'command'),
            CASE
                WHEN normal.word IN ('git_commit', 'committed', 'commit_changes') THEN 'commit'
                WHEN normal.word IN ('spawn_subagent', 'subagent_spawn', 'subagent_spawned', 'spawned',
                                     'task_spawn', 'mcp_meta_spawn_subagent') THEN 'spawn'
                WHEN normal.word IN ('deployment', 'deployed', 'deploy_service', 'deploy_local', 'service_deployed')
                    THEN 'deploy'
                WHEN normal.word IN ('start_deploy', 'deployment_start') THEN 'deploy_start'
                WHEN normal.word IN ('start_epic', 'begin_epic') THEN 'epic_start'
                WHEN normal.word IN ('complete_epic', 'finish_epic', 'epic_complete', 'epic_finished', 'epic_done')
                    THEN 'epic_completed'
                WHEN normal.word IN ('task_complete', 'complete_task', 'subagent_completed', 'spawn_completed')
                    THEN 'task_completed'
                WHEN normal.word IN ('error_occurred', 'failure', 'exception') THEN 'error'
                WHEN normal.word IN ('user_input', 'user_prompt') THEN 'user_message'
                WHEN normal.word IN ('checkpoint', 'create_checkpoint') THEN 'checkpoint_created'
                WHEN normal.word IN ('create_pr', 'pr_create', 'pull_request') THEN 'pr_created'
                WHEN normal.word IN ('merge_pr', 'pr_merge') THEN 'pr_merged'
            END)
          FROM (SELECT regexp_replace(lower(trim(command_word_type.word)), '[\s:-]+', '_', 'g') AS word) AS normal
    $$;

-- Something that was tried and failed is not what it would have been.
CREATE FUNCTION command_failed_type(type text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
        SELECT CASE coalesce((SELECT canonical FROM event_types WHERE name = command_failed_type.type), '')
            WHEN 'deploy_start' THEN 'deploy_failed'
            WHEN 'deploy_complete' THEN 'deploy_failed'
            WHEN 'deploy_failed' THEN command_failed_type.type
            WHEN 'epic_completed' THEN 'epic_failed'
            WHEN 'epic_failed' THEN command_failed_type.type
            WHEN 'task_completed' THEN 'task_failed'
            WHEN 'task_failed' THEN command_failed_type.type
            WHEN 'test_passed' THEN 'test_failed'
            WHEN 'test_failed' THEN command_failed_type.type
            WHEN 'validation_passed' THEN 'validation_failed'
            WHEN 'validation_failed' THEN command_failed_type.type
            ELSE 'error'
        END
    $$;

CREATE FUNCTION command_event_type(command jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        type text := coalesce(command_word_type(command ->> 'command_type'),
                              command_word_type(command ->> 'action'),
                              command_word_type(command ->> 'tool_name'));
    BEGIN
        IF type IS NULL AND jsonb_typeof(command -> 'tags') = 'array' THEN
            SELECT command_word_type(tag) INTO type
              FROM jsonb_array_elements_text(command -> 'tags') WITH ORDINALITY AS t (tag, place)
             WHERE command_word_type(tag) IS NOT NULL
             ORDER BY place
             LIMIT 1;
        ELSIF type IS NULL AND jsonb_typeof(command -> 'tags') = 'object' THEN
            type := command_word_type(command #>> '{tags,event_type}');
        END IF;
        IF command ->> 'success' = 'false' THEN
            RETURN command_failed_type(type);
        END IF;
        RETURN coalesce(type, CASE WHEN command ->> 'tool_name' <> '' THEN 'tool_use' ELSE 'command' END);
    END
    $$;
COMMENT ON FUNCTION command_event_type(jsonb) IS 'The event type of a row of command_log, given as JSON.';

-- The parameters are the event; what came back stands beside them. Where both use a name, the parameters keep it.
CREATE FUNCTION command_event_data(command jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT coalesce((SELECT jsonb_object_agg(key, value)
                           FROM jsonb_each(CASE WHEN jsonb_typeof(command -> 'result') = 'object'
                                                THEN command -> 'result' ELSE '{}' END)
                          WHERE key IN ('hash', 'commit_hash', 'sha', 'branch', 'task_id', 'agent_id', 'subagent_id',
                                        'pr_number', 'pr_url', 'service', 'port', 'status', 'epic_id')), '{}')
               || jsonb_strip_nulls(jsonb_build_object(
                      'action', command -> 'action',
                      'tool_name', command -> 'tool_name',
                      'success', command -> 'success',
                      'execution_time_ms', command -> 'execution_time_ms',
                      'error_message', command -> 'error_message'))
               || CASE WHEN jsonb_typeof(command -> 'result') <> 'null'
                       THEN jsonb_build_object('result', command -> 'result') ELSE '{}' END
               || event_object(nullif(command -> 'parameters', 'null'))
               || CASE WHEN event_object(command -> 'parameters') ? 'result'
                            AND jsonb_typeof(command -> 'result') <> 'null'
                       THEN jsonb_build_object('_result', command -> 'result') ELSE '{}' END
               || CASE WHEN event_object(command -> 'parameters') ? 'error_message'
                            AND jsonb_typeof(command -> 'error_message') <> 'null'
                       THEN jsonb_build_object('_error_message', command -> 'error_message') ELSE '{}' END
    $$;

CREATE FUNCTION command_event_notes(command jsonb, table_name text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT jsonb_strip_nulls(jsonb_build_object(
            'backfilled_from', table_name,
            'command_log_id', command -> 'id',
            'source', command -> 'source',
            'command_type', command -> 'command_type',
            'action', command -> 'action'))
            || CASE WHEN jsonb_typeof(command -> 'tags') <> 'null'
                    THEN jsonb_build_object('tags', command -> 'tags') ELSE '{}' END
            || CASE WHEN jsonb_typeof(command -> 'context_data') <> 'null'
                    THEN jsonb_build_object('context_data', command -> 'context_data') ELSE '{}' END
            || CASE WHEN command ->> 'created_at' IS NULL
                    THEN '{"time_unknown": true}'::jsonb ELSE '{}' END
    $$;

CREATE FUNCTION command_instance(instance text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT CASE WHEN length(instance) <= 32 AND instance ~ '^[a-z0-9-]+-(PS|MS)-[a-z0-9]{6}$'
                    THEN instance ELSE 'unassigned-PS-000000' END
    $$;

CREATE FUNCTION backfill_instance(source regclass, instance text, zone text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
    DECLARE
        added bigint;
    BEGIN
        EXECUTE format($sql$
            INSERT INTO event_store (event_id, instance_id, event_type, event_data, metadata, "timestamp")
            SELECT id, owner, command_event_type(command), command_event_data(command),
                   command_event_notes(command, %1$L)
                       || CASE WHEN owner IS DISTINCT FROM $1 THEN jsonb_build_object('_instance_id', $1) ELSE '{}' END,
                   moment
              FROM (SELECT to_jsonb(c) AS command,
                           command_event_id(%1$L, c.id::text) AS id,
                           command_instance(c.instance_id) AS owner,
                           c.id AS row_id
                      FROM %1$s c
                     WHERE c.instance_id = $1 OR $1 IS NULL AND c.instance_id IS NULL) AS rows,
                   LATERAL (SELECT CASE WHEN command ->> 'created_at' ~ 'T.*[+-]\d\d(:\d\d)?$'
                                        THEN (command ->> 'created_at')::timestamptz
                                        ELSE (command ->> 'created_at')::timestamp AT TIME ZONE $2
                                   END AS moment) AS told
             WHERE NOT EXISTS (SELECT FROM event_store e WHERE e.event_id = id)
             ORDER BY moment, row_id
        $sql$, source) USING instance, zone;
        GET DIAGNOSTICS added = ROW_COUNT;
        RETURN added;
    END
    $$;
COMMENT ON FUNCTION backfill_instance(regclass, text, text) IS
    'Append what one instance wrote into the old table and what is not there yet; return how many events that was.';

-- Both counts of one moment: the rows of the old table, and those of them that are events.
CREATE FUNCTION backfill_counts(source regclass)
    RETURNS TABLE (instance_id text, rows_read bigint, events_present bigint)
    LANGUAGE plpgsql STABLE
    AS $$
    BEGIN
        RETURN QUERY EXECUTE format($sql$
            SELECT c.instance_id::text, count(*), count(e.event_id)
              FROM %1$s c
              LEFT JOIN event_store e ON e.event_id = command_event_id(%1$L, c.id::text)
                                     AND e.instance_id = command_instance(c.instance_id)
             GROUP BY c.instance_id
             ORDER BY c.instance_id COLLATE "C"
        $sql$, source);
    END
    $$;

ALTER FUNCTION command_word_type(text) SET search_path FROM CURRENT;
ALTER FUNCTION command_failed_type(text) SET search_path FROM CURRENT;
ALTER FUNCTION command_event_type(jsonb) SET search_path FROM CURRENT;
ALTER FUNCTION command_event_data(jsonb) SET search_path FROM CURRENT;
