-- How many requests a second the users of an organization may make together on average; null leaves it to the gateway's
-- file. Plans are the operator's: only those get a rate that are still as a migration made them.
ALTER TABLE billing.plans ADD COLUMN max_requests_per_second bigint CHECK (max_requests_per_second > 0);
UPDATE billing.plans
SET max_requests_per_second = made.max_requests_per_second, description = made.new_description
FROM (
    VALUES
        ('free', 'Free', 'For trying out and small laboratories.', 'For trying out and small laboratories.', 0, 0,
            'EUR', 1000, 50, 100000000, 3000000, 90, 5000),
        ('laboratory', 'Laboratory', 'For laboratories in daily operation.', 'For laboratories in daily operation.',
            4900, 49000, 'EUR', 10000, 500, 2000000000, 12000000, 730, 10000),
        ('enterprise', 'Enterprise', 'For many laboratories, without limits but for retention.',
            'For many laboratories, without limits but for retention and requests.', 49900, 499000, 'EUR', NULL, NULL,
            NULL, NULL, 1825, 20000)
) AS made (
    id, name, description, new_description, monthly_price, yearly_price, currency, max_devices, max_members,
    max_readings_per_month, max_readings_per_minute, retention_days, max_requests_per_second)
WHERE plans.id = made.id
    AND (
        plans.name, plans.description, plans.monthly_price, plans.yearly_price, plans.currency, plans.max_devices,
        plans.max_members, plans.max_readings_per_month, plans.max_readings_per_minute, plans.retention_days)
    IS NOT DISTINCT FROM (
        made.name, made.description, made.monthly_price, made.yearly_price, made.currency, made.max_devices,
        made.max_members, made.max_readings_per_month, made.max_readings_per_minute, made.retention_days);

-- The version whose rate stands in Redis, where gateways look it up; an instance of billing writes what is behind.
ALTER TABLE billing.subscriptions ADD COLUMN shown_version bigint NOT NULL DEFAULT 0;
CREATE INDEX subscriptions_unshown ON billing.subscriptions (id) WHERE shown_version < version;

-- Whoever keeps limits and is told them anew takes a later version alone.
UPDATE billing.subscriptions SET version = version + 1
WHERE plan_id IN (SELECT id FROM billing.plans WHERE max_requests_per_second IS NOT NULL);
