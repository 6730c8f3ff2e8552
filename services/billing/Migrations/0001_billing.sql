-- Plans, who subscribes to which, and what is used.
CREATE TABLE billing.plans (
    id text PRIMARY KEY,
    name text NOT NULL,
    description text NOT NULL,
    -- In the currency's minor units (ISO 4217).
    monthly_price bigint NOT NULL CHECK (monthly_price >= 0),
    yearly_price bigint NOT NULL CHECK (yearly_price >= 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- Null is unlimited.
    max_devices bigint,
    max_members bigint,
    max_readings_per_month bigint,
    retention_days bigint,
    position bigint NOT NULL UNIQUE
);

INSERT INTO billing.plans (
    id, name, description, monthly_price, yearly_price, currency, max_devices, max_members, max_readings_per_month,
    retention_days, position)
VALUES
    ('free', 'Free', 'For trying out and small laboratories.', 0, 0, 'EUR', 1000, 50, 100000000, 90, 1),
    ('laboratory', 'Laboratory', 'For laboratories in daily operation.', 4900, 49000, 'EUR', 10000, 500, 2000000000,
        730, 2),
    ('enterprise', 'Enterprise', 'For many laboratories, without limits but for retention.', 49900, 499000, 'EUR',
        NULL, NULL, NULL, 1825, 3);

-- Projection of what auth tells; a deleted organization stays, so that a late event does not revive it.
CREATE TABLE billing.organizations (
    organization_id uuid PRIMARY KEY,
    name text NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false,
    version bigint NOT NULL
);

CREATE TABLE billing.subscriptions (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL UNIQUE REFERENCES billing.organizations (organization_id),
    plan_id text NOT NULL REFERENCES billing.plans (id),
    status text NOT NULL CHECK (status IN ('trial', 'active', 'past_due', 'suspended', 'cancelled', 'expired')),
    billing_period text NOT NULL CHECK (billing_period IN ('monthly', 'yearly')),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now()
);

-- Projection of what the devices service tells: who had how many devices when.
CREATE TABLE billing.devices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    registered_at timestamptz NOT NULL,
    deleted_at timestamptz
);
CREATE INDEX devices_by_organization ON billing.devices (organization_id, registered_at);

-- What was used per day, UTC.
CREATE TABLE billing.usage_daily (
    organization_id uuid NOT NULL,
    date date NOT NULL,
    readings bigint NOT NULL DEFAULT 0,
    commands bigint NOT NULL DEFAULT 0,
    notifications bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (organization_id, date)
);

-- What has been counted, since events may come twice: the batches of readings by their id, else the events themselves.
CREATE TABLE billing.usage_batches (
    source text NOT NULL,
    id text NOT NULL,
    counted_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, id)
);
CREATE INDEX usage_batches_by_age ON billing.usage_batches (counted_at);

ALTER TABLE billing.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.subscriptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.usage_daily ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON billing.organizations
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON billing.subscriptions
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON billing.devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON billing.usage_daily
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);

CREATE POLICY platform ON billing.organizations TO {{prefix}}lms_billing_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON billing.subscriptions TO {{prefix}}lms_billing_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON billing.devices TO {{prefix}}lms_billing_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON billing.usage_daily TO {{prefix}}lms_billing_platform USING (true) WITH CHECK (true);
