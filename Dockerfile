FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# Without AID_DATABASE_URL the service keeps its own PostgreSQL in this user's home.
RUN useradd --system --create-home --home-dir /var/lib/aid --shell /usr/sbin/nologin aid

WORKDIR /srv/aid
COPY requirements.lock ./
RUN python -m venv /opt/aid && /opt/aid/bin/pip install --require-hashes -r requirements.lock

COPY alembic.ini pyproject.toml ./
COPY migrations ./migrations
COPY app ./app
RUN printf '#!/bin/sh\ncd /srv/aid && exec /opt/aid/bin/python -m app.cli "$@"\n' > /usr/local/bin/aid \
    && chmod 755 /usr/local/bin/aid

USER aid
ENV AID_DATA_DIR=/var/lib/aid/data AID_HOST=0.0.0.0 AID_PORT=8000
VOLUME /var/lib/aid
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["/opt/aid/bin/python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['AID_PORT'] + '/healthz', timeout=4)"]
CMD ["aid", "serve"]
