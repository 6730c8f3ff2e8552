-- A batch of before batches had key ranges is given its own here, once, so that nothing else scans the readings of its time.
UPDATE readings.batches AS batch
SET series_ids = ranges.series_ids, first_times = ranges.first_times, last_times = ranges.last_times
FROM (
    SELECT b.id,
        coalesce(array_agg(k.series_id ORDER BY k.series_id, k.first_time) FILTER (WHERE k.series_id IS NOT NULL), '{}')
            AS series_ids,
        coalesce(array_agg(k.first_time ORDER BY k.series_id, k.first_time) FILTER (WHERE k.series_id IS NOT NULL), '{}')
            AS first_times,
        coalesce(array_agg(k.last_time ORDER BY k.series_id, k.first_time) FILTER (WHERE k.series_id IS NOT NULL), '{}')
            AS last_times
    FROM readings.batches AS b
    LEFT JOIN LATERAL (
        SELECT r.series_id, min(r.time) AS first_time, max(r.time) AS last_time FROM readings.readings AS r
        WHERE r.batch_id = b.id AND r.time BETWEEN b.min_time AND b.max_time
        GROUP BY r.series_id, date_bin('1 day', r.time, timestamptz 'epoch')
    ) AS k ON true
    WHERE b.series_ids IS NULL
    GROUP BY b.id
) AS ranges
WHERE batch.id = ranges.id;
ALTER TABLE readings.batches
    ALTER COLUMN series_ids SET NOT NULL, ALTER COLUMN first_times SET NOT NULL, ALTER COLUMN last_times SET NOT NULL;
