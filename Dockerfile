# `serin run` for a cluster: see docs/in-cluster.md. Neither of the two images has been pulled, and this file
# has not been built, where Serin was made.
ARG BUILD=node:24-bookworm-slim
ARG BASE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD} AS build
WORKDIR /source
COPY . .
# The package has no dependencies: what is packed is all that runs.
RUN npm ci && npm pack --ignore-scripts && mkdir /package && tar -xzf serin-*.tgz -C /package

# No shell, no package manager, and a user who is not root.
FROM ${BASE}
COPY --from=build /package/package /serin
USER 65532:65532
ENTRYPOINT ["/nodejs/bin/node", "/serin/bin/serin.js"]
CMD ["run", "--help"]
