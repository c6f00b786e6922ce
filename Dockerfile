# One static binary on an empty image. Build: docker build -t clonememoria .

FROM node:22-bookworm-slim AS web
WORKDIR /src/web
COPY web/package.json web/package-lock.json web/.npmrc ./
RUN npm ci --ignore-scripts --no-progress
COPY openapi ../openapi
COPY web ./
RUN npm run build

FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv
WORKDIR /src
COPY packaging/model packaging/model
RUN packaging/model/fetch.sh
COPY Cargo.toml Cargo.lock ./
COPY packaging packaging
COPY src src
COPY openapi openapi
# Cargo wants the files of every target of Cargo.toml.
COPY tests tests
COPY --from=web /src/web/build web/build
RUN target="$(uname -m)-unknown-linux-gnu" \
    && RUSTFLAGS="-C target-feature=+crt-static" \
       cargo build --release --locked --bin clonememoria --target "$target" \
    && install -D "target/$target/release/clonememoria" /out/clonememoria \
    && mkdir -m 700 /out/data /out/keys

FROM scratch
COPY --from=build /out/clonememoria /clonememoria
# A named volume takes its owner and mode from here.
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/keys /keys
USER 65532:65532
# The key of what is in the data, apart from it.
ENV CLONEMEMORIA_DATA_DIR=/data \
    CLONEMEMORIA_SERVER_ROOT_KEY_FILE=/keys/root-key \
    CLONEMEMORIA_LISTEN=0.0.0.0:8787 \
    CLONEMEMORIA_LOG_FORMAT=json
VOLUME /data /keys
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s \
    CMD ["/clonememoria", "healthcheck"]
ENTRYPOINT ["/clonememoria"]
CMD ["serve"]
