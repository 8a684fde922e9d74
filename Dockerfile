# Every image of this project comes from this file.
#   docker build --build-arg APP=email-worker --build-arg PORT=3031 .    a service: a folder of apps/, and the port it listens on
#   docker build --target migrate .                                      applies the migrations, then ends; has the tool that makes API keys
#   docker build --target inbox .                                        the local SMTP inbox
# It needs BuildKit for the cache mounts (the default since Docker 23; before that set DOCKER_BUILDKIT=1).

FROM node:24-slim AS base
WORKDIR /app

# ---- What npm reads, and nothing else. What is copied from here is compared by content: a changed source file installs nothing anew.
FROM base AS manifests
COPY . ./
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc -delete \
 && find . -mindepth 1 -type d -empty -delete

# ---- Sources with everything that a build needs. The same for all images, so it is made once.
# No package's install script runs: what is used here works without.
FROM base AS sources
COPY --from=manifests /app ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY prisma.config.ts ./
COPY prisma prisma
# Generating needs no engine, yet Prisma would download one.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/bin/true CHECKPOINT_DISABLE=1 PRISMA_HIDE_UPDATE_MESSAGE=1 node_modules/.bin/prisma generate
COPY . ./

FROM sources AS build
ARG APP
RUN if [ ! -f "apps/$APP/src/main.ts" ]; then \
      echo "There is no service \"$APP\". Set --build-arg APP to one of: $(cd apps && echo */src/main.ts | sed 's|/src/main.ts||g')" >&2; \
      exit 1; \
    fi \
 && node tools/build/build.mjs "apps/$APP"

FROM sources AS build-tools
RUN node --input-type=module --eval " \
      import { cpSync } from 'node:fs'; \
      import { bundleTool } from '/app/tools/run/bundle-tool.mjs'; \
      for (const tool of ['migrate', 'inbox', 'keys']) cpSync(await bundleTool(tool), '/out/' + tool + '/dist/main.js');" \
 && cp -r prisma /out/migrate/ \
 && chmod -R a+rX /out

# ---- The packages that stay outside of a bundle. npm counts a library's devDependencies (test servers) among what a service needs,
# whatever is omitted, so that field goes first. Our own libraries and Prisma's client are inside the bundle, so they go last;
# declarations and source maps of packages are for development.
FROM base AS production-manifests
COPY --from=manifests /app ./
RUN npm pkg delete devDependencies --workspaces

FROM production-manifests AS packages
ARG APP
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --omit=dev --omit=optional --include-workspace-root=false --workspace="apps/$APP" \
 && rm -rf node_modules/@angarium node_modules/@prisma node_modules/.package-lock.json \
 && mkdir -p /out/dist \
 && if [ -d "apps/$APP/node_modules" ]; then mv "apps/$APP/node_modules" /out/dist/; fi \
 && mv node_modules /out/ \
 && find /out -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# The testing library has the inbox and, through the database library, the migrations: what both need is below it.
FROM production-manifests AS tools-packages
RUN --mount=type=cache,target=/root/.npm \
    npm ci --ignore-scripts --omit=dev --omit=optional --include-workspace-root=false --workspace=libs/testing \
 && find node_modules/@prisma -mindepth 1 -maxdepth 1 ! -name schema-engine-wasm -exec rm -rf {} + \
 && rm -rf node_modules/@angarium node_modules/.package-lock.json \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

# ---- What runs: Node, packages, one bundle. Nothing here belongs to the user that runs it, so a container cannot change itself.
FROM base AS runtime
# Few malloc arenas: glibc would keep one for every thread of the pool, and an idle service some 10 MB more.
ENV NODE_ENV=production HOST=0.0.0.0 MALLOC_ARENA_MAX=2
USER node

FROM runtime AS migrate
COPY --from=tools-packages /app/node_modules node_modules
COPY --from=build-tools /out/migrate ./
# docker compose run --rm migrate node keys/main.js create …
COPY --from=build-tools /out/keys/dist keys
CMD ["node", "dist/main.js", "deploy"]

FROM runtime AS inbox
COPY --from=tools-packages /app/node_modules node_modules
COPY --from=build-tools /out/inbox ./
EXPOSE 1025 1080
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:1080/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]

FROM runtime AS service
ARG PORT
ENV PORT=$PORT
COPY --from=packages /out ./
ARG APP
COPY --from=build /app/apps/$APP/dist dist
EXPOSE $PORT
# Whether the process turns. What it depends on is asked by /health/ready, which an orchestrator should ask.
HEALTHCHECK --interval=10s --timeout=10s --start-period=30s \
  CMD ["node", "--eval", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Small semi-spaces keep an idle service small: V8 would let the young generation grow to many times of what these services need (docs/decisions/008).
ARG SEMI_SPACE_MB=4
ENV NODE_OPTIONS="--max-semi-space-size=$SEMI_SPACE_MB"
CMD ["node", "--enable-source-maps", "--heap-growing-percent=40", "--expose-gc", "dist/main.js"]
