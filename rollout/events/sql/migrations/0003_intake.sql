-- The intake: where spools are delivered, as text, so that no row can fail its batch.
--   COPY event_intake FROM STDIN;      (or INSERT INTO event_intake ...)

-- A payload that is not JSON is kept as it came; PostgreSQL's jsonb has no NUL character, so its
-- escape is kept as the six characters it was written with.
CREATE FUNCTION event_payload(payload text) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE
    AS $$
    DECLARE
        parsed jsonb;
    BEGIN
        IF payload = '{}' OR payload IS NULL OR payload !~ '\S' THEN
            RETURN '{}';
        END IF;
        BEGIN
            parsed := payload::jsonb;
        EXCEPTION
            WHEN untranslatable_character THEN
                BEGIN
                    parsed := regexp_replace(payload, '(?<!\\)((?:\\\\)*)\\u0000', '\1\\\\u0000', 'g')::jsonb;
                EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
                    RETURN jsonb_build_object('_invalid_json', payload);
                END;
            WHEN data_exception OR program_limit_exceeded THEN
                RETURN jsonb_build_object('_invalid_json', payload);
        END;
        IF jsonb_typeof(parsed) = 'object' THEN
            RETURN parsed;
        END IF;
        RETURN jsonb_build_object('_value', parsed);
    END
    $$;
COMMENT ON FUNCTION event_payload(text) IS
    'A payload as an object, whatever it is: {"_invalid_json": ...} and {"_value": ...} keep the rest.';

CREATE FUNCTION event_time(written text) RETURNS timestamptz
    LANGUAGE plpgsql STABLE
    AS $$
    BEGIN
        -- What helpers write cannot fail, so it needs no block that catches a failure; such a block is not free.
        IF written ~ '^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z$' THEN
            RETURN written::timestamptz;
        ELSIF written IS NULL OR written !~ '^\s*\d{4,}-\d' THEN
            RETURN NULL;  -- "now", "infinity" and the like are no times of events
        END IF;
        BEGIN
            IF written ~ '(:\d\d|\.\d+|-\d\d)\s*$' AND written !~ ':.*[+-]\d\d' THEN
                RETURN (written || 'Z')::timestamptz;
            END IF;
            RETURN written::timestamptz;
        EXCEPTION WHEN data_exception THEN
            RETURN NULL;
        END;
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
        IF length(NEW.instance_id) > 32 THEN
            PERFORM register_instance(NEW.instance_id, NULL);  -- says what does not fit
        END IF;
        INSERT INTO event_store (event_id, instance_id, event_type, event_data, metadata, parent_uuid, "timestamp")
        VALUES (coalesce(id, gen_random_uuid()), coalesce(nullif(NEW.instance_id, ''), 'unassigned-PS-000000'),
                event_type_cut(NEW.event_type), event_payload(NEW.event_data),
                notes || event_type_note(NEW.event_type), parent, moment);
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

ALTER FUNCTION event_intake_append() SET search_path FROM CURRENT;
