#!/bin/sh
# Makes the service's account on a MinIO server, with the rights of policy.json; safe to repeat.
set -eu
# mc reads the administrator from this.
export MC_HOST_local="http://$MINIO_ROOT_USER:$MINIO_ROOT_PASSWORD@s3:9000"
export MC_CONFIG_DIR=/tmp/mc
mc admin policy create local augment /etc/augment/policy.json
mc admin user add local "$SERVICE_ACCESS_KEY" "$SERVICE_SECRET_KEY"
if ! mc admin user info local "$SERVICE_ACCESS_KEY" | grep -q 'PolicyName: .*augment'; then
    mc admin policy attach local augment --user "$SERVICE_ACCESS_KEY"
fi
