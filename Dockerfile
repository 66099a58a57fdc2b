# Builds the one binary and puts it on a small base. How to run it, and what must be set: docs/manual/running.md.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package symbolon \
    && cp target/dist/symbolon /symbolon \
    && mkdir -p /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /symbolon /usr/local/bin/symbolon
COPY --from=build --chown=nonroot:nonroot --chmod=0700 /data /var/lib/symbolon
USER nonroot
VOLUME /var/lib/symbolon
# Loopback, the default, cannot be reached from outside a container. Plain HTTP is spoken there only to a proxy that is named.
ENV SYMBOLON_DATA=/var/lib/symbolon SYMBOLON_HTTP__LISTEN=0.0.0.0:4400
EXPOSE 4400
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/local/bin/symbolon", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/symbolon"]
CMD ["serve"]
