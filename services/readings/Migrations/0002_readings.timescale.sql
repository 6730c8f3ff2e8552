-- Narrow rows in a hypertable of daily chunks. They carry no row security, which compression does not allow; the
-- series that every query joins does.
CREATE TABLE readings.readings (
    series_id bigint NOT NULL,
    time timestamptz NOT NULL,
    value double precision,
    text_value text,
    quality smallint NOT NULL,
    batch_id bigint NOT NULL,
    attributes jsonb,
    PRIMARY KEY (series_id, time)
);
SELECT create_hypertable('readings.readings', 'time',
    chunk_time_interval => interval '1 day', create_default_indexes => false);
ALTER TABLE readings.readings SET (
    timescaledb.compress, timescaledb.compress_segmentby = 'series_id', timescaledb.compress_orderby = 'time DESC');
SELECT add_compression_policy('readings.readings', interval '7 days');

-- TimescaleDB makes its chunks by itself.
CREATE FUNCTION readings.ensure_partitions(weeks bigint[]) RETURNS void LANGUAGE sql AS '';
