# syntax=docker/dockerfile:1
# One file for all images:
#   docker build --build-arg SERVICE=auth --tag lms-auth .      one of auth devices readings alerts billing realtime
#   docker build --build-arg SERVICE=gateway --build-arg HEALTH_PORT=8081 --tag lms-gateway .
#   docker build --target tools --tag lms-tools .               the command lms, for migrations

ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libcrypt-dev libcurl4-openssl-dev libhiredis-dev libjs-dygraphs libpq-dev libqrencode-dev libssl-dev \
        pkg-config zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# All products come from one build, so that the modules of kit/ are compiled once. Each gets a folder with the resource
# bundles beside it, where a program looks for its own.
RUN --mount=type=cache,target=/source/.build,sharing=locked <<'BUILD'
set -eu
for product in lms-auth lms-devices lms-readings lms-alerts lms-billing lms-realtime lms-gateway lms; do
    swift build --configuration release --static-swift-stdlib --product "$product"
done
binaries=$(swift build --configuration release --show-bin-path)
for service in auth devices readings alerts billing realtime gateway; do
    mkdir -p "/out/$service" /out/tools
    cp -r "$binaries/lms-$service" "$binaries"/*.resources "/out/$service/"
    ln -s "lms-$service" "/out/$service/service"
    cp "$binaries/lms-$service" /out/tools/
done
cp -r "$binaries/lms" "$binaries"/*.resources /out/tools/
BUILD

FROM ${RUNTIME_IMAGE} AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        ca-certificates curl libcrypt1 libcurl4 libhiredis0.14 libpq5 libqrencode4 libssl3 tzdata zlib1g \
    && rm -rf /var/lib/apt/lists/*
# A number, so that Kubernetes can tell that it is not root.
USER 10001:10001
WORKDIR /opt/lms
ENV LMS_HTTP_HOST=0.0.0.0 LMS_HTTP_PORT=8080

FROM runtime AS tools
COPY --from=build /out/tools /opt/lms
ENTRYPOINT ["/opt/lms/lms"]

FROM runtime AS service
ARG SERVICE
RUN test -n "${SERVICE}" || { echo 'Name a service: --build-arg SERVICE=auth' >&2; exit 1; }
ARG HEALTH_PORT=8080
ENV HEALTH_PORT=${HEALTH_PORT}
COPY --from=build /usr/share/javascript/dygraphs /usr/share/javascript/dygraphs
COPY --from=build /out/${SERVICE} /opt/lms
ENTRYPOINT ["/opt/lms/service"]
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD curl --fail --silent --output /dev/null --max-time 4 "http://127.0.0.1:${HEALTH_PORT}/readyz"
