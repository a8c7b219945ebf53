-- What an old row means: tags that say it together, and descriptions that stand in its action, become the type and the
-- fields under which the fold reads them.

CREATE FUNCTION command_tags_type(tags jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
        SELECT CASE
            WHEN t.all && '{pr,pull_request}' THEN
                CASE WHEN t.all && '{merged,merge}' THEN 'pr_merged' WHEN t.all && '{closed}' THEN 'pr_closed' ELSE 'pr_created' END
            WHEN t.all && '{epic}' THEN CASE WHEN t.over THEN 'epic_completed' WHEN t.bad THEN 'epic_failed' WHEN t.begun THEN 'epic_start' END
            WHEN t.all && '{task,subagent}' THEN CASE WHEN t.over THEN 'task_completed' WHEN t.bad THEN 'task_failed' WHEN t.begun THEN 'spawn' END
            WHEN t.all && '{deploy,deployment}' THEN CASE WHEN t.bad THEN 'deploy_failed' WHEN t.begun THEN 'deploy_start' WHEN t.over THEN 'deploy_complete' END
            END
          FROM (SELECT words AS all, words && '{complete,completed,done,finished}' AS over,
                       words && '{failed,failure}' AS bad, words && '{start,started,begin,spawn}' AS begun
                  FROM (SELECT array_agg(lower(tag)) AS words
                          FROM jsonb_array_elements_text(CASE jsonb_typeof(tags) WHEN 'array' THEN tags ELSE '[]' END) AS tag) AS w) AS t
    $$;

CREATE OR REPLACE FUNCTION command_event_type(command jsonb) RETURNS text
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        type text;
        word text;
    BEGIN
        FOREACH word IN ARRAY ARRAY[command ->> 'command_type', command ->> 'action', command ->> 'tool_name'] LOOP
            EXIT WHEN type IS NOT NULL;
            type := CASE WHEN lower(word) ~ '^(start[_ -]task|task[_ -]start(ed)?)$' THEN 'spawn' ELSE command_word_type(word) END;
        END LOOP;
        type := coalesce(type, command_tags_type(command -> 'tags'));
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

-- The fields that a description holds, for those that nothing else says.
CREATE FUNCTION command_described(type text, action text, data jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT CASE WHEN action IS NULL OR command_word_type(action) IS NOT NULL OR lower(action) ~ '^task[_ -]start' THEN '{}'::jsonb ELSE
            jsonb_strip_nulls(CASE coalesce((SELECT t.canonical FROM event_types t WHERE t.name = type), type)
                WHEN 'commit' THEN jsonb_build_object('message', action)
                WHEN 'spawn' THEN jsonb_build_object('description', action)
                WHEN 'task_completed' THEN jsonb_build_object('description', action)
                WHEN 'task_failed' THEN jsonb_build_object('description', action)
                WHEN 'user_message' THEN jsonb_build_object('content', action)
                WHEN 'error' THEN jsonb_build_object('message', action)
                WHEN 'pr_created' THEN jsonb_build_object('title', action, 'pr_number', substring(action FROM '#(\d+)')::bigint)
                WHEN 'pr_merged' THEN jsonb_build_object('pr_number', substring(action FROM '#(\d+)')::bigint)
                WHEN 'pr_closed' THEN jsonb_build_object('pr_number', substring(action FROM '#(\d+)')::bigint)
                WHEN 'epic_start' THEN jsonb_build_object(
                    'epic_id', substring(lower(action) FROM 'epic-[a-z0-9_]+'), 'feature', action)
                WHEN 'epic_completed' THEN jsonb_build_object('epic_id', substring(lower(action) FROM 'epic-[a-z0-9_]+'))
                WHEN 'epic_failed' THEN jsonb_build_object('epic_id', substring(lower(action) FROM 'epic-[a-z0-9_]+'), 'reason', action)
                ELSE '{}' END)
            -- One name of a field is enough: another one may say it already.
            - CASE WHEN data ?| '{epic,id}' THEN '{epic_id}'::text[] ELSE '{}' END
            - CASE WHEN data ?| '{number,pr_url,url}' THEN '{pr_number}'::text[] ELSE '{}' END
            - CASE WHEN data ?| '{subject}' AND type LIKE 'commit%' THEN '{message}'::text[] ELSE '{}' END
            - CASE WHEN data ?| '{task_id,agent_id,subagent_id,spawn_id,tool_use_id}' AND type LIKE 'task%' THEN '{description}'::text[] ELSE '{}' END
            - CASE WHEN data ?| '{error_message,error}' AND type = 'error' THEN '{message}'::text[] ELSE '{}' END
            - CASE WHEN data ? 'feature_name' THEN '{feature}'::text[] ELSE '{}' END
            END
    $$;

ALTER FUNCTION command_event_data(jsonb) RENAME TO command_plain_data;
CREATE FUNCTION command_event_data(command jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT command_described(command_event_type(command), command ->> 'action', plain.data) || plain.data
          FROM (SELECT command_plain_data(command) AS data) AS plain
    $$;

ALTER FUNCTION command_event_type(jsonb) SET search_path FROM CURRENT;
ALTER FUNCTION command_described(text, text, jsonb) SET search_path FROM CURRENT;
ALTER FUNCTION command_event_data(jsonb) SET search_path FROM CURRENT;
