# One image for web, worker, beat and migrations.
FROM python:3.12-slim AS build
WORKDIR /app
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --require-hashes -r requirements.lock
COPY . .
RUN SECRET_KEY=build-only STATIC_ROOT=/app/static ALLIANCE_DATA=/tmp/build DJANGO_SETTINGS_MODULE=alliance.settings.production \
    /opt/venv/bin/python -m django collectstatic --noinput \
 && SECRET_KEY=build-only ALLIANCE_DATA=/tmp/build DJANGO_SETTINGS_MODULE=alliance.settings.production \
    /opt/venv/bin/python -m django compile_catalogues

FROM python:3.12-slim
RUN groupadd --gid 10001 alliance && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin alliance \
 && install -d -o alliance -g alliance /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=alliance.settings.production ALLIANCE_DATA=/data STATIC_ROOT=/app/static
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "alliance.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--worker-tmp-dir", "/dev/shm", "--max-requests", "2000", "--max-requests-jitter", "200", "--access-logfile", "-"]
