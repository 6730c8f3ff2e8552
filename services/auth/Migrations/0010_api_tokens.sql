-- Personal access tokens, which act for a user in the organization that was active when they were made. A deleted token
-- has no row; what it leaves is a revocation.
CREATE TABLE auth.api_tokens (
    id uuid PRIMARY KEY,
    hash bytea NOT NULL UNIQUE,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- To the minute.
    last_used_at timestamptz,
    expires_at timestamptz
);
CREATE INDEX api_tokens_by_user ON auth.api_tokens (user_id, id);
CREATE INDEX api_tokens_by_end ON auth.api_tokens (expires_at);

-- A token is looked up with what has been revoked of its user so far.
CREATE INDEX revocations_by_subject ON auth.revocations ((revocation ->> 'id'));

ALTER TABLE auth.api_tokens ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON auth.api_tokens TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
