-- The tables of the first user as they were made by hand, in their order: registry, log of commands, events, lineage.
CREATE TABLE supervisor_sessions (
    instance_id varchar(32) PRIMARY KEY,
    project varchar(64) NOT NULL,
    instance_type varchar(16) NOT NULL CHECK (instance_type IN ('PS', 'MS')),
    status varchar(16) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'stale', 'closed')),
    context_percent integer DEFAULT 0 CHECK (context_percent >= 0 AND context_percent <= 100),
    current_epic varchar(256),
    last_heartbeat timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    closed_at timestamp,
    host_machine varchar(64) NOT NULL DEFAULT 'odin3' CONSTRAINT valid_host_machine CHECK (host_machine ~ '^[a-z0-9][a-z0-9_-]*$'),
    CONSTRAINT valid_instance_id CHECK (instance_id ~ '^[a-z0-9-]+-(PS|MS)-[a-z0-9]{6}$')
);

CREATE TABLE command_log (
    id bigserial PRIMARY KEY,
    instance_id varchar(64) NOT NULL REFERENCES supervisor_sessions (instance_id) ON DELETE CASCADE,
    command_type varchar(32) NOT NULL,
    action varchar(128) NOT NULL,
    tool_name varchar(128),
    parameters jsonb NOT NULL DEFAULT '{}',
    result jsonb,
    error_message text,
    success boolean DEFAULT true,
    execution_time_ms integer,
    tags jsonb NOT NULL DEFAULT '[]',
    context_data jsonb DEFAULT '{}',
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
    source varchar(32) DEFAULT 'auto'
);

CREATE TABLE event_store (
    event_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    instance_id varchar(32) NOT NULL REFERENCES supervisor_sessions (instance_id) ON DELETE CASCADE,
    event_type varchar(64) NOT NULL,
    sequence_num bigint NOT NULL,
    "timestamp" timestamptz NOT NULL DEFAULT now(),
    event_data jsonb NOT NULL,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT unique_sequence UNIQUE (instance_id, sequence_num),
    CONSTRAINT valid_event_type CHECK (event_type IN (
        'instance_registered', 'instance_heartbeat', 'epic_started', 'epic_completed', 'commit_created',
        'deployment_started', 'deployment_completed', 'checkpoint_created', 'task_spawned',
        'user_message', 'assistant_start', 'error'))
);
CREATE INDEX idx_event_store_instance_seq ON event_store (instance_id, sequence_num ASC);
CREATE INDEX idx_event_store_type_timestamp ON event_store (event_type, "timestamp" DESC);

CREATE FUNCTION get_next_sequence_num(p_instance_id varchar(32)) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    highest bigint;
BEGIN
    SELECT coalesce(max(sequence_num), 0) INTO highest FROM event_store WHERE instance_id = p_instance_id;
    RETURN highest + 1;
END
$$;

CREATE FUNCTION update_event_store_timestamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = CURRENT_TIMESTAMP;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_event_store_timestamp BEFORE UPDATE ON event_store
    FOR EACH ROW EXECUTE FUNCTION update_event_store_timestamp();

ALTER TABLE event_store
    ADD COLUMN parent_uuid uuid,
    ADD COLUMN root_uuid uuid,
    ADD COLUMN depth integer DEFAULT 0,
    ADD CONSTRAINT fk_event_parent FOREIGN KEY (parent_uuid) REFERENCES event_store (event_id) ON DELETE SET NULL,
    ADD CONSTRAINT chk_depth_non_negative CHECK (depth >= 0);
CREATE INDEX idx_event_store_parent_uuid ON event_store (parent_uuid);
CREATE INDEX idx_event_store_root_uuid ON event_store (root_uuid);

CREATE FUNCTION set_event_lineage() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.parent_uuid IS NULL THEN
        NEW.depth := 0;
        NEW.root_uuid := NEW.event_id;
    ELSE
        SELECT depth + 1, root_uuid INTO NEW.depth, NEW.root_uuid FROM event_store WHERE event_id = NEW.parent_uuid;
        IF NEW.depth IS NULL THEN
            RAISE EXCEPTION 'Parent event not found: %', NEW.parent_uuid;
        END IF;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER trg_set_event_lineage BEFORE INSERT ON event_store FOR EACH ROW EXECUTE FUNCTION set_event_lineage();

CREATE VIEW sessions_with_machine AS SELECT instance_id, project, host_machine, last_heartbeat FROM supervisor_sessions;

INSERT INTO supervisor_sessions (instance_id, project, instance_type, status, host_machine, last_heartbeat, created_at)
VALUES ('consilio-PS-abc123', 'consilio-s', 'PS', 'active', 'odin3', '2026-02-01 10:00', '2026-02-01 09:00'),
       ('supervisor-service-MS-3f81ad', 'supervisor-service-s', 'MS', 'closed', 'odin4', '2026-02-02 10:00', '2026-02-02 09:00');

INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, "timestamp", event_data, metadata, parent_uuid)
VALUES ('00000000-0000-4000-8000-000000000001', 'consilio-PS-abc123', 'user_message', 1, '2026-02-01 09:01+00', '{"content": "implement auth"}', NULL, NULL),
       ('00000000-0000-4000-8000-000000000002', 'consilio-PS-abc123', 'epic_started', 2, '2026-02-01 09:02+00', '{"epic_id": "epic-003", "feature_name": "auth"}', '{"tags": ["x"]}', '00000000-0000-4000-8000-000000000001'),
       ('00000000-0000-4000-8000-000000000003', 'consilio-PS-abc123', 'commit_created', 5, '2026-02-01 09:03+00', '{"commit_hash": "a1b2c3d", "message": "feat: auth"}', '{}', NULL),
       ('00000000-0000-4000-8000-000000000004', 'supervisor-service-MS-3f81ad', 'error', 1, '2026-02-02 09:03+00', '["no object"]', '"scalar"', NULL);

INSERT INTO command_log (instance_id, command_type, action, tool_name, parameters, result, error_message, success, execution_time_ms, tags, context_data, created_at, source)
VALUES ('consilio-PS-abc123', 'explicit', 'spawn', NULL, '{"description": "Implement epic-003", "subagent": "haiku"}', NULL, NULL, true, NULL, '["delegation"]', '{}', '2026-02-03 12:00:02', 'explicit'),
       ('consilio-PS-abc123', 'explicit', 'git_commit', NULL, '{"message": "fix: login"}', '{"hash": "d4e5f6a", "noise": [1, 2]}', NULL, true, 40, '["git"]', '{"epic": "epic-003"}', '2026-02-03 12:00:01', 'explicit'),
       ('consilio-PS-abc123', 'mcp_tool', 'deploy_service', 'mcp_deploy', '{"service": "api", "port": 5100, "result": "mine"}', '{"ok": false}', 'port 5100 is taken', false, 900, '["deployment", "critical"]', NULL, '2026-02-03 12:00:03', 'auto'),
       ('supervisor-service-MS-3f81ad', 'mcp_tool', 'list ports', 'mcp_ports', '{}', NULL, NULL, true, 3, '[]', '{}', '2026-07-03 12:00:00', 'auto');
