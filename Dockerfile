# Two images without a shell: `holdfast` (the default target: sidecar and webhook) and `--target users-service`, the reference backend.
#
# Each holds its bill of materials (CycloneDX), where scanners look for it, since there is no package database;
# `--target evidence -o FOLDER` writes both beside them, with the audit of their packages.
# --build-arg TESTS=on runs the unit tests. Reproducible with `buildah build --timestamp 0` from one state of the archives;
# --build-arg BASE=debian@sha256:… pins the base. A pending security update ends the build, but for --build-arg AUDIT=warn.
ARG BASE=debian:bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown

# Libraries go from here into the images: security updates come first.
FROM ${BASE} AS toolchain
WORKDIR /source
COPY scripts/install scripts/install
RUN export DEBIAN_FRONTEND=noninteractive && apt-get -qq update && apt-get -qq -y upgrade && \
    apt-get -qq -y install --no-install-recommends ca-certificates python3 && scripts/install build && \
    rm -rf /var/lib/apt/lists/*

FROM toolchain AS build
ARG REVISION
# Objects are the same wherever the tree lies: the cache of another checkout serves, mounted as /var/cache/ccache.
ENV CCACHE_DIR=/var/cache/ccache CCACHE_BASEDIR=/source CCACHE_NOHASHDIR=true
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY src src
RUN cmake --preset release -DHOLDFAST_TESTS=OFF -DHOLDFAST_COMMIT="$REVISION" && \
    cmake --build build/release --target holdfast holdfast-webhook users-service
COPY scripts/image scripts/image
ARG VERSION
ARG AUDIT=fail
RUN set -eu; mkdir -p /image /evidence; \
    for programs in 'holdfast holdfast-webhook' users-service; do \
      image=${programs%% *}; \
      scripts/image/collect "/image/$image" build/release $programs; \
      scripts/image/sbom.py "/image/$image" "$VERSION" "$REVISION" build/release $programs >"/evidence/$image.cdx.json"; \
      install -D -m 644 "/evidence/$image.cdx.json" "/image/$image/usr/share/doc/$image/$image.cdx.json"; \
    done; \
    scripts/image/audit.py "$AUDIT" /evidence/*.cdx.json >/evidence/audit.txt || { cat /evidence/audit.txt; exit 1; }; \
    cat /evidence/audit.txt
ARG TESTS=off
COPY . .
RUN [ "$TESTS" = off ] || scripts/test --skip-end-to-end

FROM scratch AS evidence
COPY --from=build /evidence/ /

FROM scratch AS users-service
COPY --from=build /image/users-service/ /
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="users-service" \
      org.opencontainers.image.description="The reference backend that Holdfast is shown with" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
ENTRYPOINT ["/usr/bin/users-service"]
CMD ["--listen", "127.0.0.1:3000", "--store", "sqlite::memory:"]

FROM scratch AS holdfast
COPY --from=build /image/holdfast/ /
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="holdfast" \
      org.opencontainers.image.description="A sidecar reverse proxy that enforces production-readiness policies" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
USER 65532:65532
ENTRYPOINT ["/usr/bin/holdfast"]
CMD ["run", "--config", "/etc/holdfast/holdfast.yaml"]
