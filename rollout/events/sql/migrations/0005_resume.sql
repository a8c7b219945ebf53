-- Where a session stands, for clients without Python:  SELECT event_resume('consilio-PS-abc123');
-- It gives the same answer as the fold in rollout/events/resume.py, field by field.

-- Simple enough for the planner to write out in place, which makes it free.
CREATE FUNCTION event_text(data jsonb, name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT CASE jsonb_typeof(data -> name)
            WHEN 'string' THEN nullif(data ->> name, '')
            WHEN 'number' THEN CASE WHEN data ->> name ~ '^-?\d+$' THEN data ->> name END
        END
    $$;
COMMENT ON FUNCTION event_text(jsonb, text) IS
    'The field if it names something: a text that is not empty, or a whole number.';

CREATE FUNCTION event_iso(moment timestamptz) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') $$;

CREATE FUNCTION event_when(sequence_num bigint, moment timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT jsonb_build_object('sequence_num', sequence_num, 'timestamp', event_iso(moment)) $$;

CREATE VIEW event_log AS
    SELECT e.instance_id,
           e.sequence_num,
           coalesce(t.canonical, e.event_type) AS kind,
           e.event_type,
           t.name IS NULL OR e.event_data ? '_invalid_json' AS not_understood,
           e.event_data AS data,
           e."timestamp"::timestamptz AS "timestamp",
           least(e."timestamp", e.created_at)::timestamptz AS seen,
           e.event_id,
           coalesce(e.parent_uuid, event_uuid(e.metadata ->> '_unknown_parent')) AS parent_uuid
      FROM event_store e
      LEFT JOIN event_types t ON t.name = e.event_type;
COMMENT ON VIEW event_log IS 'The events as readers see them: other names of a type under its canonical name.';

-- The one part of the fold in which the order between different events matters: which end ends which spawn.
-- An end ends its parent, else the spawn of the same task, else of the same description; unnamed, the oldest.
-- Two writers' events may arrive in the wrong order, so an end may also come before the spawn that is its parent.
CREATE FUNCTION event_in_flight(entries event_log[]) RETURNS event_log[]
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        fields  CONSTANT text[] := ARRAY['task_id', 'agent_id', 'subagent_id', 'spawn_id', 'tool_use_id',
                                         'description'];
        flying  event_log[] := '{}';
        early   uuid[] := '{}';
        entry   event_log;
        spawn   event_log;
        field   text;
        named   text;
        unnamed boolean;
        ended   integer;
    BEGIN
        FOREACH entry IN ARRAY entries LOOP
            IF entry.kind = 'spawn' THEN
                IF NOT entry.event_id = ANY (early) THEN
                    flying := flying || entry;
                END IF;
                CONTINUE;
            END IF;
            ended := NULL;
            FOR place IN 1 .. cardinality(flying) LOOP
                spawn := flying[place];
                IF spawn.event_id = entry.parent_uuid THEN
                    ended := place;
                    EXIT;
                END IF;
            END LOOP;
            unnamed := entry.parent_uuid IS NULL;
            FOREACH field IN ARRAY fields LOOP
                EXIT WHEN ended IS NOT NULL;
                named := event_text(entry.data, field);
                CONTINUE WHEN named IS NULL;
                unnamed := false;
                FOR place IN 1 .. cardinality(flying) LOOP
                    spawn := flying[place];
                    IF event_text(spawn.data, field) = named THEN
                        ended := place;
                        EXIT;
                    END IF;
                END LOOP;
            END LOOP;
            IF ended IS NULL AND unnamed THEN
                ended := 1;
            END IF;
            IF ended IS NOT NULL THEN
                flying := flying[:ended - 1] || flying[ended + 1:];
            ELSIF entry.parent_uuid IS NOT NULL THEN
                early := early || entry.parent_uuid;
            END IF;
        END LOOP;
        RETURN flying;
    END
    $$;
COMMENT ON FUNCTION event_in_flight(event_log[]) IS 'The spawns among these events that no later one has ended.';

CREATE FUNCTION event_resume(instance text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
    BEGIN
        RETURN (
            WITH log AS MATERIALIZED (
                SELECT * FROM event_log l WHERE l.instance_id = instance
            ),
            span AS (
                SELECT count(*) AS events, min(sequence_num) AS first, coalesce(max(sequence_num), 0) AS last FROM log
            ),
            epics AS (
                SELECT DISTINCT ON (epic)
                       coalesce(event_text(data, 'epic_id'), event_text(data, 'epic'), event_text(data, 'id')) AS epic,
                       kind, data, sequence_num, "timestamp"
                  FROM log
                 WHERE kind IN ('epic_start', 'epic_completed', 'epic_failed')
                 ORDER BY epic, sequence_num DESC
            ),
            services AS (
                SELECT DISTINCT ON (service)
                       coalesce(event_text(data, 'service'), event_text(data, 'name'), event_text(data, 'app'), '')
                           COLLATE "C" AS service,
                       kind, data, sequence_num, "timestamp"
                  FROM log
                 WHERE kind IN ('deploy_start', 'deploy_complete', 'deploy_failed')
                 ORDER BY service, sequence_num DESC
            ),
            request_news AS (
                SELECT coalesce(event_text(data, 'pr_number'), event_text(data, 'number'),
                                event_text(data, 'pr_url'), event_text(data, 'url'), '') AS request,
                       coalesce(event_text(data, 'pr_number'), event_text(data, 'number')) AS number,
                       coalesce(event_text(data, 'pr_url'), event_text(data, 'url')) AS url,
                       event_text(data, 'title') AS title,
                       kind, sequence_num, "timestamp"
                  FROM log
                 WHERE kind IN ('pr_created', 'pr_merged', 'pr_closed')
            ),
            requests AS (
                SELECT max(sequence_num) AS sequence_num,
                       (array_agg("timestamp" ORDER BY sequence_num DESC))[1] AS "timestamp",
                       (array_agg(kind ORDER BY sequence_num DESC))[1] AS kind,
                       (array_agg(number ORDER BY sequence_num DESC) FILTER (WHERE number IS NOT NULL))[1] AS number,
                       (array_agg(url ORDER BY sequence_num DESC) FILTER (WHERE url IS NOT NULL))[1] AS url,
                       (array_agg(title ORDER BY sequence_num DESC) FILTER (WHERE title IS NOT NULL))[1] AS title
                  FROM request_news
                 GROUP BY request
            )
            SELECT jsonb_build_object(
                'format', 'rollout-resume/1',
                'instance_id', instance,
                'session', (
                    SELECT jsonb_build_object(
                               'project', s.project,
                               'instance_type', s.instance_type,
                               'machine', s.host_machine,
                               'status', s.status,
                               'heartbeat', event_iso(greatest(
                                   s.last_heartbeat, (SELECT seen FROM log WHERE sequence_num = span.last))),
                               'context_percent', coalesce(
                                   (SELECT data -> 'context_percent'
                                      FROM log
                                     WHERE kind IN ('assistant_start', 'instance_heartbeat', 'context_window_updated')
                                       AND jsonb_typeof(data -> 'context_percent') = 'number'
                                       AND data ->> 'context_percent' ~ '^-?\d+$'
                                     ORDER BY sequence_num DESC
                                     LIMIT 1),
                                   to_jsonb(s.context_percent)),
                               'current_epic', s.current_epic)
                      FROM (SELECT) AS always
                      LEFT JOIN supervisor_sessions s ON s.instance_id = instance),
                'last_user_message', (
                    SELECT jsonb_build_object(
                               'content', coalesce(event_text(data, 'content'), event_text(data, 'message')))
                           || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE kind = 'user_message'
                     ORDER BY sequence_num DESC
                     LIMIT 1),
                'open_epics', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'epic_id', epic,
                                   'feature', coalesce(event_text(data, 'feature'), event_text(data, 'feature_name')))
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM epics
                     WHERE kind = 'epic_start'),
                'subagents_in_flight', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'description', coalesce(event_text(data, 'description'), event_text(data, 'task_type')),
                                   'subagent', coalesce(event_text(data, 'subagent'), event_text(data, 'subagent_type'),
                                                        event_text(data, 'model')),
                                   'task_id', coalesce(event_text(data, 'task_id'), event_text(data, 'agent_id'),
                                                       event_text(data, 'subagent_id'), event_text(data, 'spawn_id'),
                                                       event_text(data, 'tool_use_id')),
                                   'event_id', event_id)
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM unnest(event_in_flight(ARRAY(
                               SELECT log::event_log
                                 FROM log
                                WHERE kind IN ('spawn', 'task_completed', 'task_failed')
                                ORDER BY sequence_num)))),
                'last_commit', (
                    SELECT jsonb_build_object(
                               'hash', coalesce(event_text(data, 'hash'), event_text(data, 'commit_hash'),
                                                event_text(data, 'commit'), event_text(data, 'sha')),
                               'message', coalesce(event_text(data, 'message'), event_text(data, 'subject')),
                               'branch', event_text(data, 'branch'))
                           || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE kind = 'commit'
                     ORDER BY sequence_num DESC
                     LIMIT 1),
                'deploys', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'service', nullif(service, ''),
                                   'state', CASE kind
                                       WHEN 'deploy_start' THEN 'started'
                                       WHEN 'deploy_failed' THEN 'failed'
                                       ELSE coalesce(event_text(data, 'status'), 'success')
                                   END,
                                   'port', event_text(data, 'port'),
                                   'environment', event_text(data, 'environment'))
                               || event_when(sequence_num, "timestamp") ORDER BY service), '[]')
                      FROM services),
                'recent_errors', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'error_type', coalesce(event_text(data, 'error_type'), event_text(data, 'type')),
                                   'message', coalesce(event_text(data, 'message'), event_text(data, 'error_message'),
                                                       event_text(data, 'error')))
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num DESC), '[]')
                      FROM (SELECT * FROM log WHERE kind = 'error' ORDER BY sequence_num DESC LIMIT 5) AS errors),
                'last_checkpoint', (
                    SELECT jsonb_build_object('data', event_object(data)) || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE kind = 'checkpoint_created'
                     ORDER BY sequence_num DESC
                     LIMIT 1),
                'pull_requests', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'number', number,
                                   'url', url,
                                   'title', title,
                                   'state', CASE kind WHEN 'pr_created' THEN 'open'
                                                      WHEN 'pr_merged' THEN 'merged'
                                                      ELSE 'closed' END)
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM requests),
                'events', span.events,
                'first_event', (
                    SELECT jsonb_build_object('event_type', event_type) || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE sequence_num = span.first),
                'last_event', (
                    SELECT jsonb_build_object('event_type', event_type) || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE sequence_num = span.last),
                'complete', span.last = span.events,
                'missing', span.last - span.events,
                'not_understood', (
                    SELECT coalesce(jsonb_agg(jsonb_build_object('event_type', event_type, 'count', count)
                                              ORDER BY event_type COLLATE "C"), '[]')
                      FROM (SELECT event_type, count(*) AS count FROM log WHERE not_understood GROUP BY event_type)
                           AS strange))
              FROM span
        );
    END
    $$;
COMMENT ON FUNCTION event_resume(text) IS 'What the successor of a session needs, as one JSON document.';

ALTER FUNCTION event_in_flight(event_log[]) SET search_path FROM CURRENT;
ALTER FUNCTION event_resume(text) SET search_path FROM CURRENT;
