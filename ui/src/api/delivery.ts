import { queryOptions } from "@tanstack/react-query";
import { requestJson } from "./client";
import { keys } from "./queries";
import type { DeliveryPolicy } from "./types";

export const deliveryQuery = queryOptions({
  queryKey: keys.delivery,
  queryFn: ({ signal }) => requestJson<DeliveryPolicy>("GET", "/organization/delivery", { signal }),
});

export const deliveryCommands = {
  put: (json: DeliveryPolicy) => requestJson<DeliveryPolicy>("PUT", "/organization/delivery", { json }),
};
