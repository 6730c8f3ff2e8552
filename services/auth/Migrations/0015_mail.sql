-- Letters that wait for the mail server, sealed, since they hold links that open accounts. A decoy is never sent: it is
-- written so that asking for a letter takes as long for an address that nobody has registered with.
CREATE TABLE auth.mail (
    id uuid PRIMARY KEY,
    sealed_letter bytea NOT NULL,
    is_decoy boolean NOT NULL DEFAULT false,
    attempts integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX mail_by_time ON auth.mail (due_at);

-- NULL until a letter to the address has been answered. verified_email of a pending verification may be another one than
-- the account's: then it takes its place.
ALTER TABLE auth.users ADD COLUMN email_verified_at timestamptz;

CREATE TABLE auth.email_verifications (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    email text NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX email_verifications_by_user ON auth.email_verifications (user_id);
CREATE INDEX email_verifications_by_end ON auth.email_verifications (expires_at);

CREATE TABLE auth.password_resets (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);
CREATE INDEX password_resets_by_user ON auth.password_resets (user_id);
CREATE INDEX password_resets_by_end ON auth.password_resets (expires_at);

ALTER TABLE auth.mail ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.email_verifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.password_resets ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON auth.mail TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.email_verifications TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.password_resets TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
