-- Invitations that wait for an answer. An answered one has no row; what became of it is in the audit log.
CREATE TABLE auth.invitations (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    email text NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
    hash bytea NOT NULL UNIQUE,
    invited_by uuid REFERENCES auth.users ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT invitations_once UNIQUE (organization_id, email)
);
CREATE INDEX invitations_by_organization ON auth.invitations (organization_id, id);
CREATE INDEX invitations_by_address ON auth.invitations (email, id);
CREATE INDEX invitations_by_end ON auth.invitations (expires_at);

ALTER TABLE auth.invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.invitations
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON auth.invitations TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
