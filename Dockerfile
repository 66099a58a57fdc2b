# Builds the one binary and puts it on a small base. Runs with a read-only root:
#   docker run --read-only -v symbolon:/var/lib/symbolon -p 4400:4400 -e SYMBOLON_ISSUER=https://auth.example.com symbolon
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --locked --profile dist --package symbolon \
    && cp target/dist/symbolon /symbolon \
    && mkdir -p /data

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /symbolon /usr/local/bin/symbolon
COPY --from=build --chown=nonroot:nonroot /data /var/lib/symbolon
USER nonroot
VOLUME /var/lib/symbolon
ENV SYMBOLON_DATA=/var/lib/symbolon
EXPOSE 4400
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/usr/local/bin/symbolon", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/symbolon"]
CMD ["serve"]
