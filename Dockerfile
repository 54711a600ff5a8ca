# syntax=docker/dockerfile:1
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --bin oppbase \
    && install -D target/release/oppbase /out/oppbase

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin oppbase
COPY --from=build /out/oppbase /usr/local/bin/oppbase
USER 10001
# All addresses of the container; the well-known local keys are refused there.
# As a plain PostgREST: set OPPBASE_PROFILE=postgrest beside the PGRST_* options.
ENV OPPBASE_SERVER_HOST=0.0.0.0 \
    OPPBASE_SERVER_PORT=54321 \
    OPPBASE_ADMIN_SERVER_PORT=54325
EXPOSE 54321 54325
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["oppbase", "ready"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["oppbase"]
CMD ["serve"]
