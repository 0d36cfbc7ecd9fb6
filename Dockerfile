# Two images from one build: `holdfast` (default) and `--target users-service`, the reference backend.
#
# The final stages hold the program, the libraries it loads, a CA bundle and one unprivileged user: no shell, no package
# manager. Reproducible with `buildah build --timestamp 0` on the same base; --build-arg BASE=debian@sha256:… pins one.
ARG BASE=debian:bookworm-slim
FROM ${BASE} AS build
WORKDIR /source
COPY scripts/install scripts/install
RUN scripts/install build && apt-get install -qq -y --no-install-recommends ca-certificates && \
    rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY src src
RUN cmake --preset release -DHOLDFAST_TESTS=OFF && cmake --build build/release --target holdfast users-service
# For each program a tree with what it needs at run time. ldd prints the loader without an arrow.
RUN set -eu; \
    for program in holdfast users-service; do \
      tree=/image/$program; \
      mkdir -p "$tree/usr/bin" "$tree/etc/ssl/certs" "$tree/usr/lib/ssl" "$tree/etc/$program"; \
      strip -o "$tree/usr/bin/$program" "build/release/$program"; \
      ldd "build/release/$program" | awk '/=> \//{print $3} /^\t\/lib/{print $1}' | xargs cp --parents -L -t "$tree"; \
      cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"; \
      ln -s /etc/ssl/certs "$tree/usr/lib/ssl/certs"; \
      echo 'nonroot:x:65532:65532:nonroot:/:/nonexistent' >"$tree/etc/passwd"; \
      echo 'nonroot:x:65532:' >"$tree/etc/group"; \
      echo 'hosts: files dns' >"$tree/etc/nsswitch.conf"; \
    done

FROM scratch AS users-service
LABEL org.opencontainers.image.title="users-service" \
      org.opencontainers.image.description="The reference backend that Holdfast is shown with"
COPY --from=build /image/users-service/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/users-service"]
CMD ["--listen", "127.0.0.1:3000", "--store", "sqlite::memory:"]

FROM scratch AS holdfast
LABEL org.opencontainers.image.title="holdfast" \
      org.opencontainers.image.description="A sidecar reverse proxy that enforces production-readiness policies"
COPY --from=build /image/holdfast/ /
USER 65532:65532
ENTRYPOINT ["/usr/bin/holdfast"]
CMD ["run", "--config", "/etc/holdfast/holdfast.yaml"]
