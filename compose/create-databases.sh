#!/usr/bin/env bash
# Two owners, so that neither Tenure nor Temporal can reach the other's tables; Temporal makes its databases itself.
set -euo pipefail
psql --set ON_ERROR_STOP=1 --username postgres \
    --set tenure="$TENURE_DB_PASSWORD" --set temporal="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE tenure LOGIN PASSWORD :'tenure';
CREATE DATABASE tenure OWNER tenure;
REVOKE CONNECT ON DATABASE tenure FROM PUBLIC;
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal';
SQL
