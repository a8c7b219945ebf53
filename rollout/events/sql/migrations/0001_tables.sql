-- The tables of the event store. Where they exist already, they are taken over: rows stay as they are,
-- what is missing is added, and what refused events (a closed list of types) or would fight with the
-- append trigger (an older lineage trigger, a foreign key of the table to itself) goes away.

CREATE TABLE IF NOT EXISTS supervisor_sessions (
    instance_id      varchar(32)  PRIMARY KEY
                     CONSTRAINT valid_instance_id CHECK (instance_id ~ '^[a-z0-9-]+-(PS|MS)-[a-z0-9]{6}$'),
    project          varchar(64)  NOT NULL,
    instance_type    varchar(16)  NOT NULL CHECK (instance_type IN ('PS', 'MS')),
    status           varchar(16)  NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stale', 'closed')),
    host_machine     varchar(64)  NOT NULL DEFAULT 'unknown',
    context_percent  integer      CHECK (context_percent BETWEEN 0 AND 100),
    current_epic     varchar(256),
    last_heartbeat   timestamptz  NOT NULL DEFAULT now(),
    created_at       timestamptz  NOT NULL DEFAULT now(),
    closed_at        timestamptz
);

ALTER TABLE supervisor_sessions
    ADD COLUMN IF NOT EXISTS project         varchar(64),
    ADD COLUMN IF NOT EXISTS instance_type   varchar(16),
    ADD COLUMN IF NOT EXISTS status          varchar(16) NOT NULL DEFAULT 'active',
    ADD COLUMN IF NOT EXISTS host_machine    varchar(64) NOT NULL DEFAULT 'unknown',
    ADD COLUMN IF NOT EXISTS context_percent integer,
    ADD COLUMN IF NOT EXISTS current_epic    varchar(256),
    ADD COLUMN IF NOT EXISTS last_heartbeat  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS created_at      timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS closed_at       timestamptz;

-- An unknown host must say so; a default of a real machine's name made every stranger that machine.
ALTER TABLE supervisor_sessions ALTER COLUMN host_machine SET DEFAULT 'unknown';

CREATE TABLE IF NOT EXISTS event_store (
    event_id      uuid         PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id   varchar(32)  NOT NULL,
    event_type    varchar(64)  NOT NULL,
    sequence_num  bigint       NOT NULL,
    "timestamp"   timestamptz  NOT NULL DEFAULT clock_timestamp(),
    event_data    jsonb        NOT NULL DEFAULT '{}'
                  CONSTRAINT event_data_is_an_object CHECK (jsonb_typeof(event_data) = 'object'),
    metadata      jsonb        NOT NULL DEFAULT '{}',
    parent_uuid   uuid,
    root_uuid     uuid,
    depth         integer      NOT NULL DEFAULT 0,
    created_at    timestamptz  NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT unique_sequence UNIQUE (instance_id, sequence_num)
);

ALTER TABLE event_store
    ADD COLUMN IF NOT EXISTS "timestamp"  timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN IF NOT EXISTS event_data   jsonb       NOT NULL DEFAULT '{}',
    ADD COLUMN IF NOT EXISTS metadata     jsonb,
    ADD COLUMN IF NOT EXISTS parent_uuid  uuid,
    ADD COLUMN IF NOT EXISTS root_uuid    uuid,
    ADD COLUMN IF NOT EXISTS depth        integer     DEFAULT 0,
    ADD COLUMN IF NOT EXISTS created_at   timestamptz NOT NULL DEFAULT now();

-- A table that only shares the name cannot be taken over, and guessing would cost its rows.
DO $$
DECLARE
    wrong text;
BEGIN
    SELECT string_agg(format('%s.%s is %s, expected %s', c.relname, wanted.column_name,
                             coalesce(format_type(a.atttypid, NULL), 'missing'), wanted.type_name), '; ')
      INTO wrong
      FROM (VALUES ('event_store', 'event_id', 'uuid'),
                   ('event_store', 'instance_id', 'character varying'),
                   ('event_store', 'event_type', 'character varying'),
                   ('event_store', 'sequence_num', 'bigint'),
                   ('event_store', 'event_data', 'jsonb'),
                   ('event_store', 'metadata', 'jsonb'),
                   ('event_store', 'parent_uuid', 'uuid'),
                   ('event_store', 'root_uuid', 'uuid'),
                   ('event_store', 'depth', 'integer'),
                   ('supervisor_sessions', 'instance_id', 'character varying'))
           AS wanted (table_name, column_name, type_name)
      JOIN pg_class c ON c.oid = to_regclass(wanted.table_name)
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = wanted.column_name AND NOT a.attisdropped
     WHERE format_type(a.atttypid, NULL) IS DISTINCT FROM wanted.type_name;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'RO010', MESSAGE = 'the tables that are there do not fit: ' || wrong;
    END IF;
END
$$;

-- A closed list of types refused six of the ten standard types.
DO $$
DECLARE
    refusal name;
BEGIN
    FOR refusal IN
        SELECT conname
          FROM pg_constraint
         WHERE conrelid = 'event_store'::regclass
           AND contype = 'c'
           AND (SELECT attnum FROM pg_attribute
                 WHERE attrelid = 'event_store'::regclass AND attname = 'event_type') = ANY (conkey)
    LOOP
        EXECUTE format('ALTER TABLE event_store DROP CONSTRAINT %I', refusal);
    END LOOP;
END
$$;

-- The parent of a kept event may be purged or never arrive, and SET NULL would change a kept row.
DO $$
DECLARE
    tie name;
BEGIN
    FOR tie IN
        SELECT conname
          FROM pg_constraint
         WHERE conrelid = 'event_store'::regclass AND confrelid = 'event_store'::regclass AND contype = 'f'
    LOOP
        EXECUTE format('ALTER TABLE event_store DROP CONSTRAINT %I', tie);
    END LOOP;
END
$$;

-- Older BEFORE INSERT triggers that set position or lineage would refuse an unknown parent.
DO $$
DECLARE
    rival name;
BEGIN
    FOR rival IN
        SELECT tgname
          FROM pg_trigger t
          JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgrelid = 'event_store'::regclass
           AND NOT t.tgisinternal
           AND t.tgtype & 7 = 7  -- for each row, before, insert
           AND p.prosrc ~* '(sequence_num|root_uuid|depth)'
    LOOP
        EXECUTE format('DROP TRIGGER %I ON event_store', rival);
    END LOOP;
END
$$;

DO $$
DECLARE
    doubled text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'event_store'::regclass AND contype = 'p') THEN
        ALTER TABLE event_store ADD PRIMARY KEY (event_id);
    END IF;
    IF NOT EXISTS (
        SELECT
          FROM pg_index i
         WHERE i.indrelid = 'event_store'::regclass
           AND i.indisunique
           AND i.indpred IS NULL
           AND pg_get_indexdef(i.indexrelid) ~ '\(instance_id, sequence_num\)'
    ) THEN
        SELECT string_agg(DISTINCT instance_id, ', ')
          INTO doubled
          FROM (SELECT instance_id FROM event_store GROUP BY instance_id, sequence_num HAVING count(*) > 1
                 LIMIT 10) AS d;
        IF doubled IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'RO011',
                MESSAGE = 'positions are used twice by ' || doubled,
                HINT = 'renumber these instances by hand first; no row is changed unasked';
        END IF;
        ALTER TABLE event_store ADD CONSTRAINT unique_sequence UNIQUE (instance_id, sequence_num);
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS event_types (
    name         varchar(64)  PRIMARY KEY,
    canonical    varchar(64)  NOT NULL,
    when_to_use  text         NOT NULL DEFAULT '',
    example      jsonb        NOT NULL DEFAULT '{}',
    standard     boolean      NOT NULL DEFAULT false
);

-- What was refused for good, as it came; the digest makes a second delivery the same reject.
CREATE TABLE IF NOT EXISTS event_rejects (
    reject_id    bigint       GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rejected_at  timestamptz  NOT NULL DEFAULT clock_timestamp(),
    reason       text         NOT NULL,
    sqlstate     text         NOT NULL,
    digest       bytea        NOT NULL UNIQUE,
    event_id     text,
    instance_id  text,
    event_type   text,
    occurred_at  text,
    event_data   text,
    metadata     text,
    parent_uuid  text,
    host         text
);

-- Times arrive almost in order, so a few kilobytes find the old ones among millions.
CREATE INDEX IF NOT EXISTS event_store_created_at_brin ON event_store USING brin (created_at);
-- Few events have a parent; without this index every look for children reads the whole table.
CREATE INDEX IF NOT EXISTS event_store_children ON event_store (parent_uuid) WHERE parent_uuid IS NOT NULL;
