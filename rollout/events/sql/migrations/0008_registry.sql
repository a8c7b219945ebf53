-- The registry is kept by the events themselves: who is alive, where, at what, and which agent it is. What nobody said is null.

ALTER TABLE supervisor_sessions
    ADD COLUMN IF NOT EXISTS path             text,
    ADD COLUMN IF NOT EXISTS agent_session_id text,
    ADD COLUMN IF NOT EXISTS transcript_path  text;

-- A default that nobody said was taken for a fact: a context at 0 %, a machine called "unknown".
ALTER TABLE supervisor_sessions
    ALTER COLUMN context_percent DROP DEFAULT,
    ALTER COLUMN context_percent DROP NOT NULL,
    ALTER COLUMN host_machine DROP DEFAULT,
    ALTER COLUMN host_machine DROP NOT NULL;
UPDATE supervisor_sessions AS s
   SET context_percent = NULL
 WHERE context_percent = 0
   AND NOT EXISTS (SELECT FROM event_store AS e
                    WHERE e.instance_id = s.instance_id AND e.event_data ? 'context_percent');
UPDATE supervisor_sessions SET host_machine = NULL WHERE host_machine = 'unknown';

CREATE OR REPLACE FUNCTION register_instance(instance text, host text, seen timestamptz DEFAULT now()) RETURNS void
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF length(instance) > 32 OR instance !~ '^[a-z0-9-]+-(PS|MS)-[a-z0-9]{6}$' THEN
            RAISE EXCEPTION USING
                ERRCODE = 'RO002',
                MESSAGE = format('instance id "%s" does not fit', left(instance, 80)),
                HINT = 'it reads project-PS-a1b2c3 or project-MS-a1b2c3, at most 32 characters';
        END IF;
        INSERT INTO supervisor_sessions (instance_id, project, instance_type, status, host_machine,
                                         last_heartbeat, created_at)
        VALUES (instance,
                regexp_replace(instance, '-(PS|MS)-[a-z0-9]{6}$', ''),
                substring(instance FROM '-(PS|MS)-[a-z0-9]{6}$'),
                'active',
                nullif(machine_name(host), 'unknown'),
                seen,
                seen)
        ON CONFLICT (instance_id) DO NOTHING;
    END
    $$;

-- The row after an event: everything that the event says, and nothing else.
CREATE FUNCTION registry_after(s supervisor_sessions, kind text, data jsonb, notes jsonb, seen timestamptz)
    RETURNS supervisor_sessions
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        epic text := left(coalesce(event_text(data, 'epic_id'), event_text(data, 'epic'), event_text(data, 'id')), 256);
        -- Events of the end itself may arrive after it; what happened later says that the session lives.
        alive boolean := s.closed_at IS NULL OR seen > s.closed_at;
    BEGIN
        s.last_heartbeat := greatest(s.last_heartbeat, seen);
        IF kind = 'session_end' THEN
            s.status := 'closed';
            s.closed_at := seen;
        ELSIF kind = 'instance_stale' THEN
            s.status := CASE s.status WHEN 'active' THEN 'stale' ELSE s.status END;
        ELSIF alive OR kind IN ('session_start', 'instance_registered') THEN
            s.status := 'active';
            s.closed_at := NULL;
        END IF;
        IF kind IN ('session_start', 'instance_registered') THEN
            s.host_machine := coalesce(nullif(machine_name(coalesce(event_text(data, 'host_machine'),
                                                                    notes ->> 'machine', notes ->> 'host')), 'unknown'),
                                       s.host_machine);
            s.path := coalesce(event_text(data, 'cwd'), event_text(data, 'path'), s.path);
            s.agent_session_id := coalesce(event_text(data, 'session_id'), s.agent_session_id);
            s.transcript_path := coalesce(event_text(data, 'transcript_path'), s.transcript_path);
        ELSIF kind = 'epic_start' THEN
            s.current_epic := coalesce(epic, s.current_epic);
        ELSIF kind IN ('epic_completed', 'epic_failed') AND s.current_epic = epic THEN
            s.current_epic := NULL;
        ELSIF kind IN ('assistant_start', 'instance_heartbeat', 'context_window_updated') THEN
            s.current_epic := coalesce(left(coalesce(event_text(data, 'current_epic'), event_text(data, 'epic')), 256),
                                       s.current_epic);
            IF data ->> 'context_percent' ~ '^\d{1,3}$' AND (data ->> 'context_percent')::integer <= 100 THEN
                s.context_percent := (data ->> 'context_percent')::integer;
            END IF;
        END IF;
        RETURN s;
    END
    $$;

-- By the owner's right: whoever may append needs no right to change the registry by hand.
CREATE FUNCTION event_store_registry() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    AS $$
    DECLARE
        kind  text := coalesce((SELECT t.canonical FROM event_types t WHERE t.name = NEW.event_type), NEW.event_type);
        seen  timestamptz := least(NEW."timestamp", NEW.created_at);
        told  boolean := kind IN ('session_start', 'session_end', 'instance_registered', 'instance_stale', 'epic_start',
                                  'epic_completed', 'epic_failed', 'assistant_start', 'instance_heartbeat',
                                  'context_window_updated');
        row   supervisor_sessions;
    BEGIN
        IF told THEN
            SELECT * INTO row FROM supervisor_sessions s WHERE s.instance_id = NEW.instance_id FOR NO KEY UPDATE;
        ELSE
            -- A sign of life once a second is enough, and not worth waiting for whoever holds the row just now.
            SELECT * INTO row FROM supervisor_sessions s
             WHERE s.instance_id = NEW.instance_id
               AND (s.last_heartbeat <= seen - interval '1 second' OR s.status <> 'active')
               FOR NO KEY UPDATE SKIP LOCKED;
        END IF;
        IF FOUND THEN
            row := registry_after(row, kind, NEW.event_data, NEW.metadata, seen);
            UPDATE supervisor_sessions s
               SET status = row.status, closed_at = row.closed_at, last_heartbeat = row.last_heartbeat,
                   host_machine = row.host_machine, path = row.path, agent_session_id = row.agent_session_id,
                   transcript_path = row.transcript_path, current_epic = row.current_epic,
                   context_percent = row.context_percent
             WHERE s.instance_id = NEW.instance_id;
        END IF;
        RETURN NULL;
    END
    $$;

CREATE TRIGGER event_store_registry AFTER INSERT ON event_store
    FOR EACH ROW EXECUTE FUNCTION event_store_registry();

-- Sessions that ended before the registry was kept.
UPDATE supervisor_sessions AS s
   SET status = 'closed', closed_at = ended.seen
  FROM (SELECT DISTINCT ON (e.instance_id) e.instance_id, e.event_type, least(e."timestamp", e.created_at) AS seen
          FROM event_store AS e
         ORDER BY e.instance_id, e.sequence_num DESC) AS ended
 WHERE ended.instance_id = s.instance_id AND ended.event_type = 'session_end' AND s.status <> 'closed';

-- The session as the fold shows it, with what the registry knows now.
ALTER FUNCTION event_resume(text) RENAME TO event_fold;
CREATE FUNCTION event_resume(instance text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT f.fold || jsonb_build_object('session', f.fold -> 'session' || (
                   SELECT jsonb_build_object(
                              'path', s.path,
                              'agent_session_id', s.agent_session_id,
                              'transcript_path', s.transcript_path,
                              'closed_at', event_iso(s.closed_at))
                     FROM (SELECT) AS always
                     LEFT JOIN supervisor_sessions s ON s.instance_id = instance))
          FROM (SELECT event_fold(instance) AS fold) AS f
    $$;
COMMENT ON FUNCTION event_resume(text) IS 'What the successor of a session needs, as one JSON document.';

ALTER FUNCTION register_instance(text, text, timestamptz) SET search_path FROM CURRENT;
ALTER FUNCTION registry_after(supervisor_sessions, text, jsonb, jsonb, timestamptz) SET search_path FROM CURRENT;
ALTER FUNCTION event_store_registry() SET search_path FROM CURRENT;
ALTER FUNCTION event_resume(text) SET search_path FROM CURRENT;
