-- What billing says that an organization may have; NULL is unlimited.
CREATE TABLE auth.limits (
    organization_id uuid PRIMARY KEY,
    plan text NOT NULL,
    members bigint,
    version bigint NOT NULL
);

ALTER TABLE auth.limits ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.limits
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON auth.limits TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
