-- Batches and stale hours are worked off in the order of time, from where they were left, so that what was deleted and
-- cannot be vacuumed yet is not passed by again and again. A copy of the version before goes on with what it finds.
CREATE INDEX batches_by_commit ON readings.batches (committed_at, id);
DROP INDEX readings.batches_unnoted;

-- When an hour may be computed, and is known to be stale: at its end, or when it was marked after that.
ALTER TABLE readings.stale_hours ADD COLUMN due_at timestamptz;
UPDATE readings.stale_hours SET due_at = greatest(hour + interval '1 hour', clock_timestamp());
ALTER TABLE readings.stale_hours ALTER COLUMN due_at SET NOT NULL;
CREATE INDEX stale_hours_by_due ON readings.stale_hours (due_at, series_id);
DROP INDEX readings.stale_hours_by_hour;

CREATE FUNCTION readings.set_due_at() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.due_at := greatest(NEW.hour + interval '1 hour', clock_timestamp());
    RETURN NEW;
END $$;
CREATE TRIGGER set_due_at BEFORE INSERT ON readings.stale_hours FOR EACH ROW EXECUTE FUNCTION readings.set_due_at();
