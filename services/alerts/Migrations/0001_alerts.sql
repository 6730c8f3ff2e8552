-- Rules, where they stand, the alerts they raised, and where those are sent.
CREATE TABLE alerts.rules (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    kind text NOT NULL CHECK (kind = 'threshold'),
    -- {"all": true}, {"device_ids": [...]}, {"tags": [...]} or {"project_id": ...}
    scope jsonb NOT NULL,
    sensor_type text NOT NULL,
    condition text NOT NULL,
    threshold_value double precision NOT NULL,
    threshold_value_high double precision,
    clear_value double precision,
    for_s bigint NOT NULL,
    severity text NOT NULL,
    enabled boolean NOT NULL,
    cooldown_minutes bigint NOT NULL,
    channel_ids uuid[] NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);

-- Where a rule stands with one sensor of one device: moves with the partition from instance to instance.
CREATE TABLE alerts.rule_state (
    rule_id uuid NOT NULL,
    device_id uuid NOT NULL,
    sensor_type text NOT NULL,
    organization_id uuid NOT NULL,
    last_reading timestamptz NOT NULL,
    holding_since timestamptz,
    last_triggered timestamptz,
    PRIMARY KEY (rule_id, device_id, sensor_type),
    FOREIGN KEY (organization_id, rule_id) REFERENCES alerts.rules (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX rule_state_by_device ON alerts.rule_state (organization_id, device_id);

-- How far each partition of the telemetry has been evaluated. Whoever takes a partition counts its epoch up, after
-- which its former holder can write nothing any more.
CREATE TABLE alerts.checkpoints (
    partition integer PRIMARY KEY,
    position text NOT NULL DEFAULT '0-0',
    epoch bigint NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- An alert outlives its rule and its device.
CREATE TABLE alerts.alerts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    rule_name text NOT NULL,
    device_id uuid NOT NULL,
    device_name text,
    sensor_type text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'acknowledged', 'resolved')),
    message text NOT NULL,
    condition text NOT NULL,
    threshold_value double precision NOT NULL,
    threshold_value_high double precision,
    clear_value double precision,
    value double precision NOT NULL,
    reading_time timestamptz NOT NULL,
    triggered_at timestamptz NOT NULL,
    count bigint NOT NULL,
    last_value double precision NOT NULL,
    last_reading_time timestamptz NOT NULL,
    acknowledged_by uuid,
    acknowledged_at timestamptz,
    resolved_by uuid,
    resolved_at timestamptz,
    notes text,
    version bigint NOT NULL,
    UNIQUE (organization_id, id)
);
CREATE UNIQUE INDEX one_open_alert ON alerts.alerts (rule_id, device_id, sensor_type) WHERE status <> 'resolved';
CREATE INDEX alerts_by_organization ON alerts.alerts (organization_id, id);
CREATE INDEX alerts_by_device ON alerts.alerts (organization_id, device_id, id);
CREATE INDEX open_alerts ON alerts.alerts (organization_id, id) WHERE status <> 'resolved';

-- The history of alerts: the steps of their lives, each with the version it led to.
CREATE TABLE alerts.alert_events (
    organization_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    version bigint NOT NULL,
    event_type text NOT NULL,
    -- Nil for what happened by itself.
    user_id uuid,
    notes text,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, alert_id, version),
    FOREIGN KEY (organization_id, alert_id) REFERENCES alerts.alerts (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE alerts.channels (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    type text NOT NULL CHECK (type = 'webhook'),
    url text NOT NULL,
    sealed_secret bytea,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);
CREATE INDEX channels_by_organization ON alerts.channels (organization_id, id);

-- What is to be sent, and what became of it. `due_at` is when the next attempt may be made, by whichever instance.
CREATE TABLE alerts.notifications (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    -- A notification outlives its channel.
    channel_id uuid NOT NULL,
    channel_name text NOT NULL,
    event_type text NOT NULL,
    body jsonb NOT NULL,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'dead')),
    attempts bigint NOT NULL DEFAULT 0,
    last_error text,
    due_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, alert_id) REFERENCES alerts.alerts (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX due_notifications ON alerts.notifications (due_at) WHERE status = 'pending';
CREATE INDEX notifications_by_organization ON alerts.notifications (organization_id, id);

-- Projection of what the devices service tells; a removed device stays, so that a late update does not revive it.
CREATE TABLE alerts.devices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    project_id uuid,
    tags text[] NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    version bigint NOT NULL
);
CREATE INDEX devices_by_organization ON alerts.devices (organization_id, id);

-- Answers to requests that created something, to be given again to the same key.
CREATE TABLE alerts.idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status int NOT NULL,
    sealed_answer bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON alerts.idempotency (created_at);

ALTER TABLE alerts.rules ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.rule_state ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.alert_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.channels ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.devices ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON alerts.rules
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.rule_state
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.alerts
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.alert_events
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.channels
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.notifications
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);

CREATE POLICY platform ON alerts.rules TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.rule_state TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.alerts TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.alert_events TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.channels TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.notifications TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.devices TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
