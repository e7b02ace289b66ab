# Everything from a fresh clone, with docker alone:
#   docker build --target server .    the Vivace server with its page
#   docker build --target grafana .   Grafana with the plugin
#   docker build --target demo .      the demo shop that sends spans

# The tests of releases build the last stage over other versions.
ARG GRAFANA_IMAGE=grafana/grafana:13.2.2

FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY tests/host/grafana-13.1/package.json tests/host/grafana-13.1/
RUN npm ci --workspaces=false --no-progress --loglevel=error
COPY . .
RUN for artefact in standalone server plugin; do node "scripts/build-$artefact.mjs" || exit 1; done

FROM node:24.21.0-bookworm-slim AS demo
WORKDIR /opt/vivace
COPY --from=build /src/build/server/demo.mjs ./
RUN install -d -o node -g node /var/log/demo
VOLUME /var/log/demo
USER node
ENTRYPOINT ["node", "demo.mjs"]

FROM ${GRAFANA_IMAGE} AS grafana
COPY --from=build --chown=472:0 /src/dist /var/lib/grafana/plugins/vivace-traces-app

FROM node:24.21.0-bookworm-slim AS server
WORKDIR /opt/vivace
COPY --from=build /src/build/server ./build/server
COPY --from=build /src/build/standalone ./build/standalone
COPY --from=build /src/LICENSE ./
RUN install -d -o node -g node -m 0700 /var/lib/vivace
USER node
# Compiled code is kept: a restart takes half the work. Where the folder cannot be written, nothing is kept.
ENV VIVACE_DATA_DIR=/var/lib/vivace NODE_COMPILE_CACHE=/tmp/vivace-compiled
VOLUME /var/lib/vivace
EXPOSE 3200 4317 4318
HEALTHCHECK --interval=5s --timeout=3s --start-period=30s --retries=12 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3200/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "build/server/vivace.mjs"]
