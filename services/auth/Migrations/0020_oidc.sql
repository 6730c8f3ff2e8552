-- Who people are at the providers that they sign in with. A provider names somebody by issuer and subject alone; the
-- address is what it said last, to tell several apart.
CREATE TABLE auth.identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    issuer text NOT NULL,
    subject text NOT NULL,
    email text,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_used_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT identities_subject_key UNIQUE (issuer, subject)
);
CREATE INDEX identities_by_user ON auth.identities (user_id, id);

-- Browsers that were sent to a provider and are to come back, to whichever instance. user_id is who was signed in and adds
-- an identity.
CREATE TABLE auth.oidc_logins (
    state_hash bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    provider text NOT NULL,
    nonce text NOT NULL,
    sealed_verifier bytea NOT NULL,
    next text NOT NULL,
    user_id uuid REFERENCES auth.users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX oidc_logins_by_end ON auth.oidc_logins (expires_at);

ALTER TABLE auth.identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.oidc_logins ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON auth.identities TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.oidc_logins TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
