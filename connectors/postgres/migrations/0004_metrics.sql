-- Where the time of a job that is success went; milliseconds and bytes.
CREATE TABLE augmentation_metrics (
    job_id       bigint PRIMARY KEY REFERENCES augmentation_jobs (id) ON DELETE CASCADE,
    queue_ms     double precision,                  -- null where the producer set no timestamp
    download_ms  double precision,
    decode_ms    double precision,
    transform_ms double precision,                  -- this and the next two: sums over variations
    encode_ms    double precision,
    upload_ms    double precision,
    total_ms     double precision,
    source_bytes bigint,
    output_bytes bigint,
    worker       text                               -- hostname:process id:worker index
);
