# spotify-elt in a container: docker build --build-arg EXTRA=postgres --tag spotify-elt .
# It keeps no state: the warehouse does, and the sign-in comes by SPOTIFY_TOKENS_JSON (docs/deploy.md).
FROM python:3.11-slim

# the packages of a warehouse: postgres, bigquery, snowflake or lake; none for DuckDB
ARG EXTRA=

WORKDIR /app
COPY requirements*.lock ./
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock \
    && if [ -n "$EXTRA" ]; then \
        pip install --no-cache-dir --no-deps --require-hashes -r "requirements-$EXTRA.lock"; fi

# dbt writes beside its project, and what is not loaded yet lies in data/
RUN useradd --uid 10001 --create-home collector && chown collector /app
USER collector
COPY --chown=collector pyproject.toml README.md LICENSE ./
COPY --chown=collector ingestion ingestion
COPY --chown=collector dbt_project dbt_project
COPY --chown=collector profiles profiles

USER root
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .
USER collector

ENV PYTHONUNBUFFERED=1
ENTRYPOINT ["spotify-elt"]
CMD ["collect"]
