-- Where the events are tied to their session with ON DELETE CASCADE, deleting a session's row deletes from event_store,
-- too, even when there is nothing to delete. So what such a cascade (a trigger of the constraint) deletes counts by rows.

CREATE OR REPLACE FUNCTION event_store_refuse() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        IF TG_OP = 'DELETE' AND (current_setting('rollout.purging', true) = 'yes'
                                 OR TG_LEVEL = 'STATEMENT' AND pg_trigger_depth() > 1) THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION USING
            ERRCODE = 'RO004',
            MESSAGE = format('event_store is append only: %s is refused', TG_OP),
            HINT = 'old sessions leave with: rollout events purge --older-than 90d';
    END
    $$;

CREATE TRIGGER event_store_keep BEFORE DELETE ON event_store
    FOR EACH ROW EXECUTE FUNCTION event_store_refuse();
