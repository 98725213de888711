import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/lists.css";
import "./styles/frame.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { setNonce } from "get-nonce";
import { Tooltip } from "radix-ui";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { setOrganization } from "./api/client";
import { queryClient } from "./app/query-client";
import { router } from "./app/router";
import { watchParts } from "./lib/outdated";
import { followSystemTheme, preferences } from "./lib/preferences";

setOrganization(preferences().organizationId);
followSystemTheme();
watchParts();

// While a dialog is open, a library of Radix adds a style sheet, which the page's content policy takes with the page's nonce only.
setNonce(document.querySelector<HTMLMetaElement>("meta[property='csp-nonce']")?.nonce ?? "");

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <Tooltip.Provider delayDuration={350} skipDelayDuration={200}>
        <RouterProvider router={router} />
      </Tooltip.Provider>
    </QueryClientProvider>
  </StrictMode>,
);
