-- A second factor is in force once it is confirmed. last_step is that of the newest code used: none is used twice.
CREATE TABLE auth.second_factors (
    user_id uuid PRIMARY KEY REFERENCES auth.users ON DELETE CASCADE,
    sealed_secret bytea NOT NULL,
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);

CREATE TABLE auth.recovery_codes (
    user_id uuid NOT NULL REFERENCES auth.second_factors ON DELETE CASCADE,
    hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, hash)
);

-- Somebody who knows the password and has yet to show the second factor.
CREATE TABLE auth.sign_in_challenges (
    hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES auth.users ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('api', 'browser')),
    is_remembered boolean NOT NULL,
    failures integer NOT NULL DEFAULT 0,
    expires_at timestamptz NOT NULL
);
CREATE INDEX sign_in_challenges_by_end ON auth.sign_in_challenges (expires_at);

ALTER TABLE auth.second_factors ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sign_in_challenges ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON auth.second_factors TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.recovery_codes TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.sign_in_challenges TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
