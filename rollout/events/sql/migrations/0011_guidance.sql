-- What a successor works by: goal, decisions, what did not work, what stands in the way. And sooner: the index that
-- gives the positions says the types, too, so that of a long session only the rows that are told are fetched.

CREATE UNIQUE INDEX event_store_positions ON event_store (instance_id, sequence_num) INCLUDE (event_type);

-- The older index of the same columns, whatever its name, would only be written a second time.
DO $$
DECLARE
    rival record;
BEGIN
    FOR rival IN
        SELECT i.indexrelid::regclass AS index, c.conname
          FROM pg_index i
          LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.conrelid = i.indrelid
         WHERE i.indrelid = 'event_store'::regclass
           AND i.indisunique
           AND i.indpred IS NULL
           AND i.indexrelid <> 'event_store_positions'::regclass
           AND pg_get_indexdef(i.indexrelid) ~ '\(instance_id, sequence_num\)$'
           AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = i.indexrelid)
    LOOP
        IF rival.conname IS NOT NULL THEN
            EXECUTE format('ALTER TABLE event_store DROP CONSTRAINT %I', rival.conname);
        ELSE
            EXECUTE format('DROP INDEX %s', rival.index);
        END IF;
    END LOOP;
END
$$;
ALTER TABLE event_store ADD CONSTRAINT event_store_positions UNIQUE USING INDEX event_store_positions;

CREATE INDEX event_store_invalid ON event_store (instance_id) WHERE event_data ? '_invalid_json';

-- Only where the visibility map is kept can an index answer alone; a table that grows waits too long for a fifth of it.
ALTER TABLE event_store SET (autovacuum_vacuum_insert_scale_factor = 0.01);

-- What the newest of these positions (newest first) that says it says of the context; as a rule that is the first one.
CREATE FUNCTION event_context(instance text, positions bigint[]) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        place bigint;
        entry jsonb;
    BEGIN
        FOREACH place IN ARRAY positions LOOP
            SELECT e.event_data INTO entry FROM event_store e WHERE e.instance_id = instance AND e.sequence_num = place;
            IF jsonb_typeof(entry -> 'context_percent') = 'number' AND entry ->> 'context_percent' ~ '^-?\d+$' THEN
                RETURN entry -> 'context_percent';
            END IF;
        END LOOP;
        RETURN NULL;
    END
    $$;

DROP FUNCTION event_resume(text);
DROP FUNCTION event_registered_fold(text);
DROP FUNCTION event_fold(text);
DROP FUNCTION event_checkpoint(text, boolean);

-- The state at the end of a turn, or what an agent said: one must not hide the other.
CREATE FUNCTION event_checkpoint(instance text, positions bigint[], mechanical boolean) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        place bigint;
        entry record;
    BEGIN
        FOREACH place IN ARRAY positions LOOP
            SELECT l.data, l."timestamp" INTO entry FROM event_log l WHERE l.instance_id = instance AND l.sequence_num = place;
            IF (entry.data ? 'turn') = mechanical THEN
                RETURN jsonb_build_object('data', event_object(entry.data)) || event_when(place, entry."timestamp");
            END IF;
        END LOOP;
        RETURN NULL;
    END
    $$;

CREATE FUNCTION event_resume(instance text) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
    BEGIN
        RETURN (
            WITH places AS MATERIALIZED (
                SELECT e.sequence_num, e.event_type, coalesce(t.canonical, e.event_type) AS kind, t.name IS NULL AS strange
                  FROM event_store e
                  LEFT JOIN event_types t ON t.name = e.event_type
                 WHERE e.instance_id = instance
            ),
            span AS (
                SELECT count(*) AS events, min(sequence_num) AS first, coalesce(max(sequence_num), 0) AS last FROM places
            ),
            told AS MATERIALIZED (
                SELECT sequence_num
                  FROM places
                 WHERE kind IN ('spawn', 'task_completed', 'task_failed', 'epic_start', 'epic_completed', 'epic_failed',
                                'deploy_start', 'deploy_complete', 'deploy_failed', 'pr_created', 'pr_merged', 'pr_closed',
                                'decision', 'attempt_failed', 'blocked', 'unblocked')
                UNION
                SELECT max(sequence_num) FROM places WHERE kind IN ('user_message', 'commit', 'goal') GROUP BY kind
                UNION
                (SELECT sequence_num FROM places WHERE kind = 'error' ORDER BY sequence_num DESC LIMIT 5)
                UNION
                SELECT unnest(ARRAY[span.first, span.last]) FROM span
            ),
            log AS MATERIALIZED (
                -- The fence makes it one look into the index for each row, and never a look at the whole session.
                SELECT l.*
                  FROM told
                 CROSS JOIN LATERAL (SELECT * FROM event_log e
                                      WHERE e.instance_id = instance AND e.sequence_num = told.sequence_num OFFSET 0) AS l
            ),
            words AS (
                SELECT kind, data, sequence_num, "timestamp", event_text(data, 'replaces') AS replaces,
                       ARRAY[event_id::text, '#' || sequence_num] AS names,
                       coalesce(event_text(data, CASE kind WHEN 'decision' THEN 'decision'
                                                           WHEN 'attempt_failed' THEN 'approach' ELSE 'what' END),
                                event_text(data, 'text')) AS words
                  FROM log
                 WHERE kind IN ('decision', 'attempt_failed', 'blocked', 'unblocked')
            ),
            -- What still holds: a later event of the same words takes an earlier one's place, and some end others.
            standing AS (
                SELECT *
                  FROM words w
                 WHERE kind <> 'unblocked'
                   AND NOT EXISTS (
                       SELECT FROM words later
                        WHERE later.sequence_num > w.sequence_num
                          AND (later.kind = w.kind OR w.kind = 'blocked' AND later.kind = 'unblocked')
                          AND (later.words = ANY (w.names || w.words)
                               OR later.kind = 'decision' AND later.replaces = ANY (w.names || w.words)))
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
                                   event_context(instance, ARRAY(
                                       SELECT sequence_num
                                         FROM places
                                        WHERE kind IN ('assistant_start', 'instance_heartbeat', 'context_window_updated')
                                        ORDER BY sequence_num DESC)),
                                   to_jsonb(s.context_percent)),
                               'current_epic', s.current_epic,
                               'path', s.path,
                               'agent_session_id', s.agent_session_id,
                               'transcript_path', s.transcript_path,
                               'closed_at', event_iso(s.closed_at))
                      FROM (SELECT) AS always
                      LEFT JOIN supervisor_sessions s ON s.instance_id = instance),
                'goal', (
                    SELECT jsonb_build_object('text', coalesce(event_text(data, 'text'), event_text(data, 'goal'),
                                                               event_text(data, 'content')))
                           || event_when(sequence_num, "timestamp")
                      FROM log
                     WHERE kind = 'goal'
                     ORDER BY sequence_num DESC
                     LIMIT 1),
                'decisions', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object('decision', words, 'reason', event_text(data, 'reason'), 'replaces', replaces)
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM standing
                     WHERE kind = 'decision'),
                'failed_attempts', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'approach', words,
                                   'reason', coalesce(event_text(data, 'reason'), event_text(data, 'message')))
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM standing
                     WHERE kind = 'attempt_failed'),
                'blocked', (
                    SELECT coalesce(jsonb_agg(
                               jsonb_build_object(
                                   'what', words,
                                   'by', coalesce(event_text(data, 'by'), event_text(data, 'reason')))
                               || event_when(sequence_num, "timestamp") ORDER BY sequence_num), '[]')
                      FROM standing
                     WHERE kind = 'blocked'),
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
                'last_checkpoint', event_checkpoint(instance, ARRAY(
                    SELECT sequence_num FROM places WHERE kind = 'checkpoint_created' ORDER BY sequence_num DESC), false),
                'last_turn', event_checkpoint(instance, ARRAY(
                    SELECT sequence_num FROM places WHERE kind = 'checkpoint_created' ORDER BY sequence_num DESC), true),
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
                      FROM (SELECT event_type, count(*) AS count
                              FROM (SELECT event_type FROM places WHERE strange
                                    UNION ALL
                                    -- Of a known type, but its payload was no JSON; an index of its own holds the few there are.
                                    SELECT e.event_type
                                      FROM event_store e
                                      JOIN event_types t ON t.name = e.event_type
                                     WHERE e.instance_id = instance AND e.event_data ? '_invalid_json') AS all_strange
                             GROUP BY event_type) AS strange))
              FROM span
        );
    END
    $$;
COMMENT ON FUNCTION event_resume(text) IS 'What the successor of a session needs, as one JSON document.';

ALTER FUNCTION event_context(text, bigint[]) SET search_path FROM CURRENT;
ALTER FUNCTION event_checkpoint(text, bigint[], boolean) SET search_path FROM CURRENT;
ALTER FUNCTION event_resume(text) SET search_path FROM CURRENT;
