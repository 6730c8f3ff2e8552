-- Where a batch's rows are in the primary key of readings.readings, one element for each series and day, so that what was
-- left unpublished is read back without a scan. A batch of the version before has none.
ALTER TABLE readings.batches
    ADD COLUMN series_ids bigint[],
    ADD COLUMN first_times timestamptz[],
    ADD COLUMN last_times timestamptz[];
