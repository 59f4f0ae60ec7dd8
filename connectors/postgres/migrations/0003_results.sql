-- A variation of a job that is success: stored in the training bucket, or skipped.
CREATE TABLE augmentation_results (
    job_id       bigint NOT NULL REFERENCES augmentation_jobs (id) ON DELETE CASCADE,
    variation    text NOT NULL,
    status       text NOT NULL,
    bucket       text,
    object_key   text,
    md5          text,
    etag         text,
    width        integer,
    height       integer,
    bytes        bigint,
    error_type   text,
    error        text,
    duration_ms  double precision,
    position     smallint NOT NULL DEFAULT 0,       -- in the plan's order, from 0
    transform_ms double precision,
    encode_ms    double precision,
    upload_ms    double precision,
    PRIMARY KEY (job_id, variation),
    CONSTRAINT augmentation_results_status CHECK (status IN ('stored', 'skipped')),
    CONSTRAINT augmentation_results_stored_is_whole CHECK (
        status <> 'stored' OR num_nulls(bucket, object_key, md5, etag, width, height, bytes) = 0
    ),
    CONSTRAINT augmentation_results_skipped_says_why CHECK (
        status <> 'skipped' OR error_type IS NOT NULL
    )
);
