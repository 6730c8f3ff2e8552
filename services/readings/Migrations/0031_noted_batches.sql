-- A batch is needed until it is both published and taken note of for the rollups.
ALTER TABLE readings.batches
    ADD COLUMN is_published boolean NOT NULL DEFAULT false,
    ADD COLUMN is_noted boolean NOT NULL DEFAULT false;
CREATE INDEX batches_unnoted ON readings.batches (id) WHERE NOT is_noted;

-- A copy of the version before, which goes on beside newer ones for a while, deletes a batch as soon as it is published:
-- it is taken note of as it goes.
CREATE FUNCTION readings.note_deleted_batch() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO readings.stale_hours (series_id, hour)
    SELECT DISTINCT key_range.series_id, hour
    FROM unnest(OLD.series_ids, OLD.first_times, OLD.last_times) AS key_range (series_id, first_time, last_time)
    CROSS JOIN generate_series(
        date_bin('1 hour', first_time, timestamptz 'epoch'), last_time, interval '1 hour') AS hour
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING;
    RETURN OLD;
END $$;
CREATE TRIGGER note_deleted_batch BEFORE DELETE ON readings.batches
    FOR EACH ROW WHEN (NOT OLD.is_noted) EXECUTE FUNCTION readings.note_deleted_batch();
