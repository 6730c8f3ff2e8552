-- Organizations that are no more, and of which something may be left here.
CREATE TABLE billing.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE billing.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON billing.removals TO {{prefix}}lms_billing_platform USING (true) WITH CHECK (true);
