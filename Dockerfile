# The bookstore. Built where there is a compiler, run where there is not.
FROM rust:1.95-slim-trixie AS build
# C for SQLite and for the TLS library.
RUN apt-get update && apt-get install --yes --no-install-recommends build-essential cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# The registry and the target directory outlive this step: a change of the source alone rebuilds the workspace alone.
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --release --package bookstore && cp target/release/bookstore /bookstore

FROM debian:trixie-slim
# curl: for the container's own health check.
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/bookstore --create-home bookstore
COPY --from=build /bookstore /usr/local/bin/bookstore
USER 10001
# Where ./bookstore.db is made if no DATABASE_URL is given.
WORKDIR /var/lib/bookstore
ENV BIND=0.0.0.0:8000
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=5 \
    CMD curl --fail --silent http://127.0.0.1:8000/health
ENTRYPOINT ["bookstore"]
