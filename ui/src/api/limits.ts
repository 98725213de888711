import { queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { keys } from "./queries";
import type { UploadLimits, UploadSizes } from "./types";

/** How large the files are that the organization takes; whoever may upload may know. */
export const uploadLimitsQuery = queryOptions({
  queryKey: keys.uploadLimits,
  queryFn: ({ signal }) => requestJson<UploadLimits>("GET", "/organization/upload-limits", { signal }),
});

export const uploadLimitsCommands = {
  put: (json: UploadSizes) => requestJson<UploadLimits>("PUT", "/organization/upload-limits", { json }),
};
