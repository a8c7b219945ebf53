-- What cannot live any more is ended by whoever sees it first, and marked as inferred: a session whose process is gone, or
-- of which nothing was heard for too long, and the subagents that it had. The end is as old as the last sign of life.

CREATE FUNCTION event_end_inferred(instance text, reason text) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
    DECLARE
        heard  timestamptz;
        last   bigint;
        spawn  jsonb;
        ended  bigint := 0;
        notes  CONSTANT jsonb := '{"ended_by": "inferred"}';
    BEGIN
        -- Two that see it at once see it one after the other.
        PERFORM pg_advisory_xact_lock(instance_lock(instance));
        SELECT s.last_heartbeat INTO heard
          FROM supervisor_sessions s
         WHERE s.instance_id = instance AND s.status = 'active';
        IF NOT FOUND THEN
            RETURN 0;
        END IF;
        SELECT coalesce(max(e.sequence_num), 0) INTO last FROM event_store e WHERE e.instance_id = instance;
        FOR spawn IN SELECT jsonb_array_elements(event_resume(instance) -> 'subagents_in_flight') LOOP
            PERFORM append_event(
                instance, 'task_failed',
                notes || jsonb_build_object('reason', 'the session ended: ' || reason, 'description', spawn ->> 'description',
                                            'subagent', spawn ->> 'subagent'),
                notes, (spawn ->> 'event_id')::uuid, md5(format('%s ended %s', instance, spawn ->> 'event_id'))::uuid, heard);
            ended := ended + 1;
        END LOOP;
        PERFORM append_event(instance, 'session_end', jsonb_build_object('reason', reason), notes, NULL,
                             md5(format('%s ended after %s', instance, last))::uuid, heard);
        RETURN ended + 1;
    END
    $$;
COMMENT ON FUNCTION event_end_inferred(text, text) IS
    'End an active session that cannot live any more, and its subagents; return how many events that took.';

CREATE FUNCTION event_end_stale(project_name text, here text, patience interval) RETURNS bigint
    LANGUAGE sql
    AS $$
        SELECT coalesce(sum(event_end_inferred(s.instance_id, format('nothing was heard for %s', patience))), 0)::bigint
          FROM (SELECT o.instance_id
                  FROM supervisor_sessions o
                 WHERE o.project = project_name
                   AND o.status = 'active'
                   AND o.host_machine IS DISTINCT FROM machine_name(here)
                   AND o.last_heartbeat < now() - patience
                 ORDER BY o.instance_id
                 LIMIT 100) AS s
    $$;
COMMENT ON FUNCTION event_end_stale(text, text, interval) IS
    'End what other machines have not been heard of for so long; on this one the processes say what lives.';

-- The subagents that the end of their session cut off, until somebody spawns the same again.
CREATE FUNCTION event_interrupted(instance text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        WITH places AS MATERIALIZED (
            SELECT e.sequence_num, t.canonical AS kind
              FROM event_store e
              JOIN event_types t ON t.name = e.event_type
             WHERE e.instance_id = instance AND t.canonical IN ('task_failed', 'spawn')
        ),
        log AS MATERIALIZED (
            SELECT p.kind, l.*
              FROM places p
             CROSS JOIN LATERAL (SELECT e.sequence_num, e.event_data AS data, e."timestamp"::timestamptz AS "timestamp"
                                   FROM event_store e
                                  WHERE e.instance_id = instance AND e.sequence_num = p.sequence_num OFFSET 0) AS l
             WHERE EXISTS (SELECT FROM places WHERE kind = 'task_failed')
        )
        SELECT coalesce(jsonb_agg(
                   jsonb_build_object('description', event_text(data, 'description'), 'subagent', event_text(data, 'subagent'))
                   || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
          FROM log
         WHERE kind = 'task_failed'
           AND event_text(data, 'ended_by') = 'inferred'
           AND NOT EXISTS (SELECT FROM log again
                            WHERE again.kind = 'spawn' AND again.sequence_num > log.sequence_num
                              AND event_text(again.data, 'description') = event_text(log.data, 'description'))
    $$;

ALTER FUNCTION event_resume(text) RENAME TO event_told;
CREATE FUNCTION event_resume(instance text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$ SELECT event_told(instance) || jsonb_build_object('interrupted', event_interrupted(instance)) $$;
COMMENT ON FUNCTION event_resume(text) IS 'What the successor of a session needs, as one JSON document.';

-- The page that a new session is given first, of itself or of the one before it; short lines, the most important first.
CREATE FUNCTION event_age(moment text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
        SELECT CASE WHEN seconds >= 86400 THEN seconds / 86400 || ' d ago'
                    WHEN seconds >= 3600 THEN seconds / 3600 || ' h ago'
                    WHEN seconds >= 60 THEN seconds / 60 || ' min ago'
                    ELSE 'just now' END
          FROM (SELECT extract(epoch FROM now() - moment::timestamptz)::bigint AS seconds) AS age
    $$;

CREATE FUNCTION event_line(title text, said text, event jsonb) RETURNS text
    LANGUAGE sql STABLE
    AS $$
        SELECT format('%s: %s (%s, #%s)', title, left(regexp_replace(said, '\s+', ' ', 'g'), 200),
                      event_age(event ->> 'timestamp'), event ->> 'sequence_num')
         WHERE said <> ''
    $$;

CREATE FUNCTION event_page(own text, project_name text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
        WITH named AS (
            SELECT coalesce(
                (SELECT own WHERE EXISTS (
                    SELECT FROM event_store e
                     WHERE e.instance_id = own AND e.event_type NOT IN ('instance_registered', 'session_start'))),
                (SELECT s.instance_id
                   FROM supervisor_sessions AS s
                  CROSS JOIN LATERAL (SELECT e.created_at FROM event_store AS e
                                       WHERE e.instance_id = s.instance_id ORDER BY e.sequence_num DESC LIMIT 1) AS newest
                  WHERE s.project = project_name AND s.instance_id <> own
                  ORDER BY newest.created_at DESC
                  LIMIT 1)) AS instance
        ),
        told AS MATERIALIZED (
            SELECT instance, event_resume(instance) AS r FROM named WHERE instance IS NOT NULL
        ),
        lines AS (
            SELECT 0 AS place, 0 AS nth, '# Resume ' || instance AS line FROM told
            UNION ALL
            SELECT 1, 0, format('Machine %s, status %s, context %s, %s events, %s (%s, registry)',
                                coalesce(r #>> '{session,machine}', 'unknown'), coalesce(r #>> '{session,status}', 'unknown'),
                                coalesce((r #>> '{session,context_percent}') || ' %', 'unknown'), r ->> 'events',
                                CASE WHEN (r ->> 'complete')::boolean THEN 'none is missing' ELSE (r ->> 'missing') || ' are MISSING' END,
                                coalesce(event_age(r #>> '{session,heartbeat}'), 'never heard of')) FROM told
            UNION ALL
            SELECT 2, 0, event_line('Goal', r #>> '{goal,text}', r -> 'goal') FROM told
            UNION ALL
            SELECT 3, 0, event_line('Last user message', r #>> '{last_user_message,content}', r -> 'last_user_message') FROM told
            UNION ALL
            SELECT 4, nth::integer, event_line('Tried, did not work', concat_ws(': ', e ->> 'approach', e ->> 'reason'), e)
              FROM told, jsonb_array_elements(r -> 'failed_attempts') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 5, nth::integer, event_line('Blocked', concat_ws(' by ', e ->> 'what', e ->> 'by'), e)
              FROM told, jsonb_array_elements(r -> 'blocked') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 6, 0, event_line('Next', r #>> '{last_checkpoint,data,next}', r -> 'last_checkpoint') FROM told
            UNION ALL
            SELECT 7, nth::integer, event_line('Open epic', concat_ws(' ', e ->> 'epic_id', e ->> 'feature'), e)
              FROM told, jsonb_array_elements(r -> 'open_epics') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 8, nth::integer, event_line('Subagent in flight', concat_ws(' by ', e ->> 'description', e ->> 'subagent'), e)
              FROM told, jsonb_array_elements(r -> 'subagents_in_flight') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 9, nth::integer, event_line('Subagent that was cut off', concat_ws(' by ', e ->> 'description', e ->> 'subagent'), e)
              FROM told, jsonb_array_elements(r -> 'interrupted') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 10, -nth::integer, event_line('Decision', concat_ws(': ', e ->> 'decision', e ->> 'reason'), e)
              FROM told, jsonb_array_elements(r -> 'decisions') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 11, -nth::integer, event_line('Open pull request', concat_ws(' ', '#' || (e ->> 'number'), e ->> 'title'), e)
              FROM told, jsonb_array_elements(r -> 'pull_requests') WITH ORDINALITY AS l (e, nth) WHERE e ->> 'state' = 'open'
            UNION ALL
            SELECT 12, nth::integer, event_line('Service', concat_ws(' ', e ->> 'service', e ->> 'state', 'port ' || (e ->> 'port')), e)
              FROM told, jsonb_array_elements(r -> 'deploys') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 13, nth::integer, event_line('Error', concat_ws(': ', e ->> 'error_type', e ->> 'message'), e)
              FROM told, jsonb_array_elements(r -> 'recent_errors') WITH ORDINALITY AS l (e, nth)
            UNION ALL
            SELECT 14, 0, event_line('Last commit', concat_ws(' ', left(r #>> '{last_commit,hash}', 12), r #>> '{last_commit,message}'),
                                     r -> 'last_commit') FROM told
            UNION ALL
            SELECT 15, 0, event_line('Last checkpoint', r #>> '{last_checkpoint,data}', r -> 'last_checkpoint') FROM told
        ),
        measured AS (
            SELECT line, place, nth, sum(length(line) + 1) OVER (ORDER BY place, nth) AS so_far, count(*) OVER () AS all_lines,
                   row_number() OVER (ORDER BY place, nth) AS number
              FROM lines
             WHERE line IS NOT NULL
        ),
        -- The goal and what did not work are told whatever else there is.
        kept AS (SELECT * FROM measured WHERE so_far < 1800 OR place <= 4)
        SELECT string_agg(line, E'\n' ORDER BY place, nth)
               || CASE WHEN count(*) < max(all_lines) THEN format(E'\nand %s lines more', max(all_lines) - count(*)) ELSE '' END
               || format(E'\nAll of it: SELECT event_resume(''%s'');', (SELECT instance FROM told))
          FROM kept
         HAVING count(*) > 0
    $$;
COMMENT ON FUNCTION event_page(text, text) IS 'Where a session stands, or the one before it in the project, for an agent to read.';

ALTER FUNCTION event_end_inferred(text, text) SET search_path FROM CURRENT;
ALTER FUNCTION event_end_stale(text, text, interval) SET search_path FROM CURRENT;
ALTER FUNCTION event_interrupted(text) SET search_path FROM CURRENT;
ALTER FUNCTION event_told(text) SET search_path FROM CURRENT;
ALTER FUNCTION event_resume(text) SET search_path FROM CURRENT;
ALTER FUNCTION event_line(text, text, jsonb) SET search_path FROM CURRENT;
ALTER FUNCTION event_page(text, text) SET search_path FROM CURRENT;
