# Two images of one source: the control plane, and the egress proxy as a service of its own, which is
# a program for Deno and holds nothing else. compose.yaml builds both; each by itself:
#   docker build --target control-plane -t isolate .
ARG DENO_VERSION=2.9.6

FROM node:24-bookworm-slim AS packages
WORKDIR /isolate
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force

# The page of the console is bundled of packages that the server itself does without.
FROM node:24-bookworm-slim AS build
WORKDIR /isolate
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund && npm cache clean --force
COPY . .
RUN node scripts/build.mjs --no-types

FROM node:24-bookworm-slim AS control-plane
WORKDIR /isolate
COPY --from=packages /isolate/node_modules node_modules
COPY --from=build /isolate/dist dist
COPY --from=build /isolate/server/store/migrations server/store/migrations
COPY package.json Dockerfile.runner ./
COPY bin bin
COPY schemas schemas
# A container's own loopback would serve nobody. Beyond it, a server wants ISOLATE_ADMIN_KEY.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8787
EXPOSE 8787
CMD ["node", "bin/isolate.js", "start"]

FROM denoland/deno:distroless-${DENO_VERSION} AS egress
COPY --from=build /isolate/dist/programs/egress.js /egress/
ENV DENO_NO_UPDATE_CHECK=1 DENO_DIR=/dev/null/deno NO_COLOR=1
WORKDIR /
# Whose the slots' directories are: it makes its sockets in there.
USER 0:0
ENTRYPOINT ["/bin/deno"]
