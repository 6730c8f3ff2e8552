-- How many readings a minute an organization may send on average; null is unlimited. It keeps one organization from taking
-- all of an installation, so it is far above what the month allows on average.
ALTER TABLE billing.plans ADD COLUMN max_readings_per_minute bigint CHECK (max_readings_per_minute > 0);
UPDATE billing.plans SET max_readings_per_minute = 3000000 WHERE id = 'free';
UPDATE billing.plans SET max_readings_per_minute = 12000000 WHERE id = 'laboratory';

-- Whoever keeps limits and is told them anew takes a later version alone.
UPDATE billing.subscriptions SET version = version + 1;
