-- The state at the end of every turn is a checkpoint, too; it must not hide the one in which an agent said what comes next.

CREATE FUNCTION event_checkpoint(instance text, mechanical boolean) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT jsonb_build_object('data', event_object(data)) || event_when(sequence_num, "timestamp")
          FROM event_log
         WHERE instance_id = instance AND kind = 'checkpoint_created' AND (data ? 'turn') = mechanical
         ORDER BY sequence_num DESC
         LIMIT 1
    $$;

ALTER FUNCTION event_resume(text) RENAME TO event_registered_fold;
CREATE FUNCTION event_resume(instance text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
        SELECT event_registered_fold(instance)
               || jsonb_build_object('last_checkpoint', event_checkpoint(instance, false),
                                     'last_turn', event_checkpoint(instance, true))
    $$;
COMMENT ON FUNCTION event_resume(text) IS 'What the successor of a session needs, as one JSON document.';

ALTER FUNCTION event_checkpoint(text, boolean) SET search_path FROM CURRENT;
ALTER FUNCTION event_resume(text) SET search_path FROM CURRENT;
