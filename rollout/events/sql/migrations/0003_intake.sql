-- The intake: where spools are delivered, as text, so that no row can fail its batch.
--   COPY event_intake FROM STDIN;      (or INSERT INTO event_intake ...)

-- A payload that is not JSON is kept as it came; PostgreSQL's jsonb has no NUL character, so its
-- escape is kept as the six characters it was written with.
CREATE FUNCTION event_payload(payload text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
    BEGIN
        IF payload IS NULL OR payload !~ '\S' THEN
            RETURN '{}';
        END IF;
        RETURN event_object(payload::jsonb);
    EXCEPTION
        WHEN untranslatable_character THEN
            BEGIN
                RETURN event_object(
                    regexp_replace(payload, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\\\u0000', 'g')::jsonb);
            EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
                RETURN jsonb_build_object('_invalid_json', payload);
            END;
        WHEN data_exception OR program_limit_exceeded THEN
            RETURN jsonb_build_object('_invalid_json', payload);
    END
    $$;
COMMENT ON FUNCTION event_payload(text) IS
    'A payload as an object, whatever it is: {"_invalid_json": ...} and {"_value": ...} keep the rest.';

CREATE FUNCTION event_time(written text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    SET timezone = 'UTC'
    SET datestyle = 'ISO, YMD'
    AS $$
    DECLARE
        moment timestamptz;
    BEGIN
        IF written !~ '^\s*\d' THEN
            RETURN NULL;  -- "now", "infinity" and the like are no times of events
        END IF;
        moment := written::timestamptz;
        RETURN moment;
    EXCEPTION WHEN data_exception THEN
        RETURN NULL;
    END
    $$;
COMMENT ON FUNCTION event_time(text) IS 'An ISO time, UTC unless it says otherwise; NULL when it is none.';

CREATE FUNCTION event_uuid(written text) RETURNS uuid
    LANGUAGE sql IMMUTABLE
    AS $$
        SELECT CASE WHEN written ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' THEN written::uuid END
    $$;
COMMENT ON FUNCTION event_uuid(text) IS 'A UUID in its usual form; NULL when it is none.';

CREATE VIEW event_intake AS
    SELECT NULL::text AS event_id,
           NULL::text AS instance_id,
           NULL::text AS event_type,
           NULL::text AS occurred_at,
           NULL::text AS event_data,
           NULL::text AS metadata,
           NULL::text AS parent_uuid,
           NULL::text AS host
     WHERE false;
COMMENT ON VIEW event_intake IS
    'Insert or COPY events here as text: kept in event_store, or for good in event_rejects, never lost.';

CREATE FUNCTION event_intake_append() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    DECLARE
        id      uuid := event_uuid(NEW.event_id);
        parent  uuid := event_uuid(NEW.parent_uuid);
        moment  timestamptz := event_time(NEW.occurred_at);
        notes   jsonb := event_payload(NEW.metadata);
        code    text;
        reason  text;
    BEGIN
        IF id IS NULL AND NEW.event_id <> '' THEN
            RAISE EXCEPTION USING ERRCODE = 'RO003', MESSAGE = 'event id is not a UUID';
        END IF;
        IF NEW.host <> '' AND NOT notes ? 'host' THEN
            notes := notes || jsonb_build_object('host', NEW.host);
        END IF;
        IF parent IS NULL AND NEW.parent_uuid <> '' THEN
            notes := notes || jsonb_build_object('_unknown_parent', NEW.parent_uuid);
        END IF;
        IF moment IS NULL AND NEW.occurred_at <> '' THEN
            notes := notes || jsonb_build_object('_occurred_at', NEW.occurred_at);
        END IF;
        PERFORM append_event(coalesce(nullif(NEW.instance_id, ''), 'unassigned-PS-000000'),
                             NEW.event_type, event_payload(NEW.event_data), notes, parent, id, moment);
        RETURN NEW;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, reason = MESSAGE_TEXT;
        -- Only what can never succeed is refused for good. A lock that was not had, a full disk or a
        -- missing right is the next delivery's chance, so the batch comes back.
        IF code !~ '^(22|23|54|RO|P0001)'
           OR code = '23505' AND current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE;
        END IF;
        INSERT INTO event_rejects (reason, sqlstate, digest, event_id, instance_id, event_type, occurred_at,
                                   event_data, metadata, parent_uuid, host)
        VALUES (reason, code, sha256(convert_to(NEW::text, 'UTF8')), NEW.event_id, NEW.instance_id,
                NEW.event_type, NEW.occurred_at, NEW.event_data, NEW.metadata, NEW.parent_uuid, NEW.host)
        ON CONFLICT (digest) DO NOTHING;
        RETURN NEW;
    END
    $$;

CREATE TRIGGER event_intake_append INSTEAD OF INSERT ON event_intake
    FOR EACH ROW EXECUTE FUNCTION event_intake_append();

ALTER FUNCTION event_payload(text) SET search_path FROM CURRENT;
ALTER FUNCTION event_intake_append() SET search_path FROM CURRENT;
