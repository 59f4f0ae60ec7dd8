# The service as an image: docker build -t colecionador-augmentations:0.1.0 .
# Two stages, so that nothing that builds it is in what runs. The base is an exact release, every
# package is checked by its hash.

FROM python:3.11.16-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore

WORKDIR /build

# The packages first: they change less often than the sources.
COPY requirements.lock requirements-runtime.lock ./
RUN python -m venv --without-pip /opt/augment \
    && pip --python /opt/augment/bin/python install \
        --require-hashes --only-binary=:all: --requirement requirements-runtime.lock

# What builds our own wheel is in the developers' lock alone, and stays in this stage.
RUN sed -n '/^setuptools==/,/[^\\]$/p' requirements.lock > build.lock \
    && pip install --require-hashes --only-binary=:all: --requirement build.lock

COPY pyproject.toml README.md ./
COPY colecionador colecionador
COPY connectors connectors
COPY flows flows
RUN pip --python /usr/local/bin/python wheel --no-deps --no-build-isolation --wheel-dir wheels . \
    && pip --python /opt/augment/bin/python install --no-deps --no-index wheels/*.whl


FROM python:3.11.16-slim-bookworm

# Decodes JPEGs to planes and encodes them from planes; without it they take half as much again of
# the processor.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libturbojpeg0 \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --system --user-group --uid 10001 --no-create-home --shell /usr/sbin/nologin augment

COPY --from=build /opt/augment /opt/augment
COPY deploy/healthcheck.py /opt/augment/healthcheck.py

# Unbuffered, and with a traceback of all threads where native code crashes: the last lines of a
# process that dies are the ones that are needed.
ENV PATH=/opt/augment/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONFAULTHANDLER=1

# An empty folder that belongs to root: the service writes no file.
WORKDIR /srv

# By number, so that an orchestrator can see that it is not root.
USER 10001:10001

EXPOSE 9464

HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "/opt/augment/healthcheck.py"]

# SIGTERM drains: no more deliveries, what is held is finished, exit code 0.
STOPSIGNAL SIGTERM

CMD ["python", "-m", "bytewax.run", "flows.augment"]
