-- People, their credentials and sessions, and the organizations they belong to.
CREATE TABLE auth.users (
    id uuid PRIMARY KEY,
    email text NOT NULL CONSTRAINT users_email_key UNIQUE,
    name text NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE auth.credentials (
    user_id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    password_hash text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- An organization itself is a row of core.entities.
CREATE TABLE auth.memberships (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX memberships_by_user ON auth.memberships (user_id, created_at);

-- expires_at is when the last credential of the session ends; organization_id is the active one.
CREATE TABLE auth.sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    organization_id uuid,
    kind text NOT NULL CHECK (kind IN ('api', 'browser')),
    is_remembered boolean NOT NULL DEFAULT false,
    user_agent text,
    address text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX sessions_by_user ON auth.sessions (user_id, id);
CREATE INDEX sessions_by_end ON auth.sessions (expires_at);

-- The family of a token is its session. A used token is kept: its second use gives a thief away.
CREATE TABLE auth.refresh_tokens (
    hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES auth.sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX refresh_tokens_by_session ON auth.refresh_tokens (session_id);
CREATE INDEX refresh_tokens_by_end ON auth.refresh_tokens (expires_at);

CREATE TABLE auth.signing_keys (
    kid text PRIMARY KEY,
    sealed_private_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);

-- Ids are given out under an advisory lock, so that they become visible in their order and a reader behind an id
-- misses none.
CREATE TABLE auth.revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    revocation jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX revocations_by_end ON auth.revocations (expires_at);

ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.refresh_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.signing_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.revocations ENABLE ROW LEVEL SECURITY;

-- A person belongs to no tenant: what is about one is for the platform role alone, never for a tenant's requests.
CREATE POLICY platform ON auth.users TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.credentials TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.sessions TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.refresh_tokens TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.signing_keys TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.revocations TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);

CREATE POLICY tenant ON auth.memberships
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON auth.memberships TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);

CREATE TABLE auth.idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status int NOT NULL,
    sealed_answer bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON auth.idempotency (created_at);
