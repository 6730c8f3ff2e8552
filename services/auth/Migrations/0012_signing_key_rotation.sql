-- A key is published before it signs, and for as long as anything that it signed may hold. Its id names it in the audit
-- log; rotates_at asks for a successor before its time.
ALTER TABLE auth.signing_keys
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN signs_from timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN rotates_at timestamptz;
UPDATE auth.signing_keys SET signs_from = created_at;
