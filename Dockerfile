# The image of every Hearth process: locked dependencies, then the pipeline. The simulated city stays out.
FROM python:3.12.12-slim-bookworm

RUN useradd --uid 50000 --gid 0 --home-dir /opt/airflow --create-home hearth \
    && mkdir -p /opt/hearth /opt/airflow/logs /var/lib/hearth/landing /var/lib/hearth/lake \
    /var/lib/hearth/spark-scratch /var/lib/hearth/pages \
    && chown -R hearth:0 /opt/airflow /var/lib/hearth \
    && chmod 700 /var/lib/hearth/landing /var/lib/hearth/lake

# Every file is checked by its hash. The lock names no package host: --build-arg PIP_INDEX_URL=... takes a mirror.
ARG PIP_INDEX_URL
COPY requirements.lock /opt/hearth/
RUN pip install --no-cache-dir --no-deps --require-hashes -r /opt/hearth/requirements.lock

# The environment of the job that goes to Spark, with Java: HEARTH_SPARK=1, for HEARTH_READINGS_ENGINE=spark://...
ARG HEARTH_SPARK
COPY spark/requirements.lock /opt/hearth/spark/
RUN if [ "${HEARTH_SPARK:-}" = 1 ]; then apt-get update \
    && apt-get install -y --no-install-recommends openjdk-17-jre-headless && rm -rf /var/lib/apt/lists/* \
    && python -m venv /opt/hearth/.venv-spark \
    && /opt/hearth/.venv-spark/bin/pip install --no-cache-dir --no-deps --require-hashes -r /opt/hearth/spark/requirements.lock; fi

WORKDIR /opt/hearth
COPY pyproject.toml .env.example ./
COPY plugins ./plugins
COPY dags ./dags
COPY feeds ./feeds
COPY expectations ./expectations
COPY dbt_project ./dbt_project
COPY dashboards ./dashboards
COPY spark ./spark
COPY docs ./docs

ENV AIRFLOW_HOME=/opt/airflow \
    PYTHONPATH=/opt/hearth/plugins \
    PYTHONUNBUFFERED=1
USER hearth
CMD ["airflow", "version"]
