-- What operators write of plans themselves. A plan that is retired is offered to nobody any more; who has it keeps it.
ALTER TABLE billing.plans ADD COLUMN retired_at timestamptz;
-- Plans change places in one transaction, and retired ones keep theirs.
ALTER TABLE billing.plans DROP CONSTRAINT plans_position_key;

-- The version whose limits other services have been told; an instance of billing tells what is behind. That is every
-- subscription at first, since 0010 counted versions up and told nobody.
ALTER TABLE billing.subscriptions ADD COLUMN told_version bigint NOT NULL DEFAULT 0;
CREATE INDEX subscriptions_untold ON billing.subscriptions (id) WHERE told_version < version;
