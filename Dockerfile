# The pipeline for production: the packages of requirements.lock and the project's wheel.
#
#   docker build -t reporting-pipeline .
#
# No image was built where this file is developed, since there is no Docker. The pip commands were run
# in an empty virtual environment, and `reporting` from the result.
FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY requirements.lock requirements-demo.lock ./
RUN python -m venv /opt/reporting \
    && /opt/reporting/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
        --requirement requirements.lock
# setuptools, which builds the wheel, is in this lock. It stays in this stage.
RUN pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
    --requirement requirements-demo.lock
COPY . .
RUN pip wheel --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/reporting/bin/pip install --no-index --no-deps /wheels/*.whl

FROM python:3.13-slim-trixie
# Pango draws the pages of PDF reports.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /srv/reporting --create-home reporting
COPY --from=build /opt/reporting /opt/reporting
COPY docs/examples/workspace.yaml /etc/reporting/workspace.yaml
ENV PATH=/opt/reporting/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    REPORTING_HOME=/srv/reporting
USER reporting
WORKDIR /srv/reporting
CMD ["reporting", "--help"]
