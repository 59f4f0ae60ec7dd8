"""The object store on S3: MinIO, rclone, Ceph RGW, AWS S3 and others, over http and https."""

from connectors.s3.buckets import create_missing_buckets, examine_store
from connectors.s3.store import S3Store
from connectors.s3.timeouts import Timeouts

__all__ = ["S3Store", "Timeouts", "create_missing_buckets", "examine_store"]
