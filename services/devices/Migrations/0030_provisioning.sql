-- Fleet keys, with which boards provision themselves, and codes, with which people take boards out of the pool.

-- Keys are kept as the SHA-256 of the whole text; a revoked one is deleted.
CREATE TABLE devices.provisioning_keys (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    key_hash bytea NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    name text NOT NULL,
    -- How many new devices it may make; NULL for any number.
    max_uses bigint CHECK (max_uses > 0),
    uses bigint NOT NULL DEFAULT 0,
    expires_at timestamptz,
    -- Where it may be used from; NULL for anywhere.
    allowed_cidrs text[] CHECK (cardinality(allowed_cidrs) > 0),
    -- What its devices are given where the board does not say otherwise.
    defaults jsonb NOT NULL DEFAULT '{}',
    created_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- To the minute.
    last_used_at timestamptz,
    CHECK (uses <= max_uses)
);
CREATE INDEX provisioning_keys_by_organization ON devices.provisioning_keys (organization_id, id);

-- The devices that have come with a fleet key. The key's name is kept, since the key may be deleted.
CREATE TABLE devices.provisions (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    key_id uuid NOT NULL,
    key_name text NOT NULL,
    address text,
    times bigint NOT NULL DEFAULT 1,
    first_at timestamptz NOT NULL DEFAULT now(),
    last_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX provisions_by_organization ON devices.provisions (organization_id, device_id);

-- The newest code of a device, as the SHA-256 of organization and code. A used one stays until it expires, so that who
-- used it gets the same answer again.
CREATE TABLE devices.claim_codes (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    code_hash bytea NOT NULL UNIQUE CHECK (length(code_hash) = 32),
    expires_at timestamptz NOT NULL,
    used_by uuid,
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX claim_codes_by_organization ON devices.claim_codes (organization_id, device_id);

-- Who took a device out of the pool last.
CREATE TABLE devices.claims (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    claimed_by uuid NOT NULL,
    claimed_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX claims_by_organization ON devices.claims (organization_id, device_id);

-- How many wrong codes somebody has typed since when; one row a person and organization.
CREATE TABLE devices.claim_guesses (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    guesses integer NOT NULL,
    since timestamptz NOT NULL,
    PRIMARY KEY (organization_id, user_id)
);

ALTER TABLE devices.provisioning_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.provisions ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.claim_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.claim_guesses ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON devices.provisioning_keys
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.provisions
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.claim_codes
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.claims
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.claim_guesses
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);

CREATE POLICY platform ON devices.provisioning_keys TO {{prefix}}lms_devices_platform
    USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.provisions TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.claim_codes TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.claims TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.claim_guesses TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
