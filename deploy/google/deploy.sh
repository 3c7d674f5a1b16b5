#!/bin/sh
# spotify-elt on Google Cloud: Cloud Run jobs that Cloud Scheduler starts, into BigQuery. Run it again at
# any time: what is there already is kept or brought up to date. docs/deploy.md says what goes before.
#
#   PROJECT=my-project IMAGE=europe-north1-docker.pkg.dev/my-project/spotify-elt/spotify-elt:latest \
#       LISTENER_TIMEZONE=Europe/Oslo TOKENS=spotify-cloud.json sh deploy/google/deploy.sh
#
# REGION, BIGQUERY_LOCATION and SCHEMA_PREFIX may be set; without TOKENS the sign-in stays as it is.
set -eu

: "${PROJECT:?the id of the Google Cloud project}"
: "${IMAGE:?the image in the Artifact Registry, built with EXTRA=bigquery}"
: "${LISTENER_TIMEZONE:?the IANA zone of the listener, such as Europe/Oslo}"
REGION=${REGION:-europe-north1}
BIGQUERY_LOCATION=${BIGQUERY_LOCATION:-EU}
SCHEMA_PREFIX=${SCHEMA_PREFIX:-}
export CLOUDSDK_CORE_PROJECT="$PROJECT" CLOUDSDK_CORE_DISABLE_PROMPTS=1

runner="spotify-elt@$PROJECT.iam.gserviceaccount.com"
starter="spotify-elt-starter@$PROJECT.iam.gserviceaccount.com"

gcloud services enable run.googleapis.com cloudscheduler.googleapis.com \
    secretmanager.googleapis.com bigquery.googleapis.com iam.googleapis.com

for account in "$runner" "$starter"; do
    gcloud iam service-accounts describe "$account" >/dev/null 2>&1 ||
        gcloud iam service-accounts create "${account%%@*}"
done

# The runner may ask queries of the project, and write into its own datasets alone, which are made here
# since making one takes a right over all of them.
gcloud projects add-iam-policy-binding "$PROJECT" --condition=None --format=none \
    --member="serviceAccount:$runner" --role=roles/bigquery.jobUser
for schema in spotify_export spotify_api operations staging intermediate marts findings; do
    dataset="$PROJECT.$SCHEMA_PREFIX$schema"
    bq --project_id="$PROJECT" --location="$BIGQUERY_LOCATION" --quiet query --use_legacy_sql=false \
        "create schema if not exists \`$dataset\`;
        grant \`roles/bigquery.dataEditor\` on schema \`$dataset\` to 'serviceAccount:$runner'"
done

# One secret, of which versions before the latest are of no use to anybody.
gcloud secrets describe spotify-elt-tokens >/dev/null 2>&1 ||
    gcloud secrets create spotify-elt-tokens --replication-policy=automatic
gcloud secrets add-iam-policy-binding spotify-elt-tokens --format=none \
    --member="serviceAccount:$runner" --role=roles/secretmanager.secretAccessor
if [ -n "${TOKENS:-}" ]; then
    gcloud secrets versions add spotify-elt-tokens --data-file="$TOKENS"
fi

environment="WAREHOUSE=bigquery,BIGQUERY_PROJECT=$PROJECT,BIGQUERY_LOCATION=$BIGQUERY_LOCATION"
environment="$environment,LISTENER_TIMEZONE=$LISTENER_TIMEZONE,SCHEMA_PREFIX=$SCHEMA_PREFIX"

# A verb, and when it runs, in UTC. A poll that failed is not repeated: the next one asks for the same.
schedule() {
    job="spotify-elt-$1"
    gcloud run jobs deploy "$job" --region="$REGION" --image="$IMAGE" --args="$1" \
        --service-account="$runner" --set-env-vars="$environment" \
        --set-secrets=SPOTIFY_TOKENS_JSON=spotify-elt-tokens:latest \
        --memory=2Gi --max-retries=0 --task-timeout=30m
    gcloud run jobs add-iam-policy-binding "$job" --region="$REGION" --format=none \
        --member="serviceAccount:$starter" --role=roles/run.invoker
    verb=create
    if gcloud scheduler jobs describe "$job" --location="$REGION" >/dev/null 2>&1; then
        verb=update
    fi
    gcloud scheduler jobs "$verb" http "$job" --location="$REGION" --schedule="$2" --time-zone=Etc/UTC \
        --http-method=POST --oauth-service-account-email="$starter" \
        --uri="https://run.googleapis.com/v2/projects/$PROJECT/locations/$REGION/jobs/$job:run"
}
schedule collect "*/30 * * * *"
schedule build "15 4 * * *"
