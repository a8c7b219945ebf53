-- Appending: the database gives the position, whoever inserts and however.

-- STABLE and no more: what is called in here is, and only then does the planner write it out in place.
CREATE FUNCTION event_object(payload jsonb) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT CASE
            WHEN payload IS NULL THEN '{}'::jsonb
            WHEN jsonb_typeof(payload) = 'object' THEN payload
            ELSE jsonb_build_object('_value', payload)
        END
    $$;
COMMENT ON FUNCTION event_object(jsonb) IS 'A payload as an object: anything else becomes {"_value": ...}.';

CREATE FUNCTION machine_name(host text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
        SELECT coalesce(
            nullif(left(trim('-_' FROM regexp_replace(lower(host), '[^a-z0-9_-]+', '-', 'g')), 64), ''),
            'unknown')
    $$;
COMMENT ON FUNCTION machine_name(text) IS 'A host name in the letters that supervisor_sessions accepts.';

CREATE FUNCTION register_instance(instance text, host text, seen timestamptz DEFAULT now()) RETURNS void
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
                machine_name(host),
                seen,
                seen)
        ON CONFLICT (instance_id) DO NOTHING;
    END
    $$;
COMMENT ON FUNCTION register_instance(text, text, timestamptz) IS 'Make sure that a session row exists for this instance.';

-- One writer per instance at a time, until its transaction ends; other instances are not held up.
CREATE FUNCTION instance_lock(instance text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT hashtextextended(instance, 7203115) $$;

CREATE FUNCTION event_store_append() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    DECLARE
        holder     text;
        registered boolean;
        parent     record;
    BEGIN
        -- What needs no lock is done before it, so that others wait less.
        NEW.event_id := coalesce(NEW.event_id, gen_random_uuid());
        NEW.event_data := event_object(NEW.event_data);
        NEW.metadata := event_object(NEW.metadata);
        -- Times that no calendar holds ("infinity", the year 20000) would stop every reader.
        IF NEW."timestamp" NOT BETWEEN '0001-01-02' AND '9999-12-30' THEN
            NEW.metadata := NEW.metadata || jsonb_build_object('_occurred_at', NEW."timestamp"::text);
            NEW."timestamp" := NULL;
        END IF;
        NEW."timestamp" := coalesce(NEW."timestamp", clock_timestamp());

        PERFORM pg_advisory_xact_lock(instance_lock(NEW.instance_id));
        -- In one statement, for each costs more than what it looks up. The highest position is asked for in an order
        -- that the index has; for max() a plan that was made on a small table reads the whole instance.
        SELECT (SELECT e.instance_id FROM event_store e WHERE e.event_id = NEW.event_id),
               1 + coalesce((SELECT e.sequence_num FROM event_store e WHERE e.instance_id = NEW.instance_id
                              ORDER BY e.sequence_num DESC LIMIT 1), 0),
               least(coalesce(NEW.created_at, clock_timestamp()), clock_timestamp()),
               EXISTS (SELECT FROM supervisor_sessions s WHERE s.instance_id = NEW.instance_id)
          INTO holder, NEW.sequence_num, NEW.created_at, registered;
        IF holder = NEW.instance_id THEN
            RETURN NULL;  -- delivered before: the same event
        ELSIF holder IS NOT NULL THEN
            RAISE EXCEPTION USING
                ERRCODE = 'RO001',
                MESSAGE = format('event %s belongs to %s, not to %s', NEW.event_id, holder, NEW.instance_id);
        END IF;

        NEW.root_uuid := NEW.event_id;
        NEW.depth := 0;
        IF NEW.parent_uuid IS NOT NULL THEN
            SELECT coalesce(e.root_uuid, e.event_id) AS root, coalesce(e.depth, 0) AS depth
              INTO parent FROM event_store e WHERE e.event_id = NEW.parent_uuid;
            IF FOUND THEN
                NEW.root_uuid := parent.root;
                NEW.depth := parent.depth + 1;
            ELSE
                NEW.metadata := NEW.metadata || jsonb_build_object('_unknown_parent', NEW.parent_uuid);
                NEW.parent_uuid := NULL;
            END IF;
        END IF;

        IF NOT registered THEN
            PERFORM register_instance(NEW.instance_id,
                                      coalesce(NEW.metadata ->> 'machine', NEW.metadata ->> 'host'),
                                      least(NEW."timestamp", NEW.created_at));
        END IF;
        RETURN NEW;
    END
    $$;
COMMENT ON FUNCTION event_store_append() IS
    'Gives every inserted event its position 1, 2, 3, ... per instance, its lineage and its session.';

-- The name sorts last, so what an older trigger wrote into the row is corrected and not the reverse.
CREATE TRIGGER zz_event_store_append BEFORE INSERT ON event_store
    FOR EACH ROW EXECUTE FUNCTION event_store_append();

-- A type that does not fit its column is cut, and noted whole.
CREATE FUNCTION event_type_cut(type text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT coalesce(nullif(left(type, 64), ''), 'unknown') $$;

CREATE FUNCTION event_type_note(type text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
        SELECT CASE WHEN length(type) BETWEEN 1 AND 64 THEN '{}'::jsonb
                    ELSE jsonb_build_object('_event_type', type) END
    $$;

CREATE FUNCTION append_event(
    instance_id text,
    event_type  text,
    event_data  jsonb       DEFAULT '{}',
    metadata    jsonb       DEFAULT '{}',
    parent_uuid uuid        DEFAULT NULL,
    event_id    uuid        DEFAULT NULL,
    occurred_at timestamptz DEFAULT NULL
) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
    #variable_conflict use_column
    DECLARE
        id         uuid := coalesce(append_event.event_id, gen_random_uuid());
        "position" bigint;
    BEGIN
        IF length(append_event.instance_id) > 32 THEN
            PERFORM register_instance(append_event.instance_id, NULL);  -- says what does not fit
        END IF;
        INSERT INTO event_store (event_id, instance_id, event_type, event_data, metadata, parent_uuid, "timestamp")
        VALUES (id, append_event.instance_id, event_type_cut(append_event.event_type), append_event.event_data,
                event_object(append_event.metadata) || event_type_note(append_event.event_type),
                append_event.parent_uuid, append_event.occurred_at)
        RETURNING sequence_num INTO "position";
        IF "position" IS NULL THEN
            SELECT e.sequence_num INTO "position" FROM event_store e WHERE e.event_id = id;
        END IF;
        RETURN "position";
    END
    $$;
COMMENT ON FUNCTION append_event(text, text, jsonb, jsonb, uuid, uuid, timestamptz) IS
    'Append one event and return its position; the same event_id again returns the position it has.';

-- Clients of the older store ask for a position first; what they get is a hint, the trigger decides.
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'get_next_sequence_num'
                   AND pronamespace = current_schema()::regnamespace) THEN
        CREATE FUNCTION get_next_sequence_num(p_instance_id varchar) RETURNS bigint
            LANGUAGE sql STABLE
            AS $$ SELECT 1 + coalesce(max(sequence_num), 0) FROM event_store WHERE instance_id = p_instance_id $$;
    END IF;
END
$do$;

ALTER FUNCTION register_instance(text, text, timestamptz) SET search_path FROM CURRENT;
ALTER FUNCTION event_store_append() SET search_path FROM CURRENT;
ALTER FUNCTION append_event(text, text, jsonb, jsonb, uuid, uuid, timestamptz) SET search_path FROM CURRENT;
