-- Append only: what is stored stays as it is, and leaves only by whole sessions, through purge_instance.

CREATE FUNCTION event_store_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND current_setting('rollout.purging', true) = 'yes' THEN
            RETURN NULL;
        END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'RO004',
            MESSAGE = format('event_store is append only: %s is refused', TG_OP),
            HINT = 'old sessions leave with: rollout events purge --older-than 90d';
    END
    $$;

CREATE TRIGGER event_store_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON event_store
    FOR EACH STATEMENT EXECUTE FUNCTION event_store_refuse();

-- A session row that other tables point at stays: deleting it would delete their rows, too.
CREATE FUNCTION instance_is_referenced(instance text) RETURNS boolean
    LANGUAGE plpgsql STABLE
    AS $$
    DECLARE
        tie   record;
        found_one boolean;
    BEGIN
        FOR tie IN
            SELECT c.conrelid::regclass AS table_name, a.attname AS column_name
              FROM pg_constraint c
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f' AND c.confrelid = 'supervisor_sessions'::regclass
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE %I = $1)', tie.table_name, tie.column_name)
               INTO found_one USING instance;
            IF found_one THEN
                RETURN true;
            END IF;
        END LOOP;
        RETURN false;
    END
    $$;

CREATE FUNCTION purge_instance(instance text, older_than timestamptz) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
    DECLARE
        purged bigint;
    BEGIN
        IF older_than IS NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'RO005', MESSAGE = 'purging needs a horizon';
        END IF;
        PERFORM pg_advisory_xact_lock(instance_lock(instance));
        -- A clock that ran ahead must not keep a session for ever, so the earlier of both times counts.
        IF EXISTS (SELECT FROM event_store e
                    WHERE e.instance_id = instance AND least(e."timestamp", e.created_at) >= older_than) THEN
            RETURN 0;
        END IF;
        PERFORM set_config('rollout.purging', 'yes', true);
        DELETE FROM event_store e WHERE e.instance_id = instance;
        GET DIAGNOSTICS purged = ROW_COUNT;
        PERFORM set_config('rollout.purging', '', true);
        IF purged > 0 AND NOT instance_is_referenced(instance) THEN
            DELETE FROM supervisor_sessions s WHERE s.instance_id = instance;
        END IF;
        RETURN purged;
    END
    $$;
COMMENT ON FUNCTION purge_instance(text, timestamptz) IS
    'Delete one whole session if all of it is older than the horizon; return the number of its events.';

ALTER FUNCTION instance_is_referenced(text) SET search_path FROM CURRENT;
ALTER FUNCTION purge_instance(text, timestamptz) SET search_path FROM CURRENT;
