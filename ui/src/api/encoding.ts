import { queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { keys } from "./queries";
import type { EncodingSettings, WantedEncoding } from "./types";

export const encodingQuery = queryOptions({
  queryKey: keys.encoding,
  queryFn: ({ signal }) => requestJson<EncodingSettings>("GET", "/organization/encoding", { signal }),
});

export const encodingCommands = {
  put: (json: WantedEncoding) => requestJson<EncodingSettings>("PUT", "/organization/encoding", { json }),
};
