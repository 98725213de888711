import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { keys } from "../../api/queries";
import { isUnderway, renditionCommands, rereadTaskQuery } from "../../api/renditions";
import type { Asset } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { Problem } from "../../components/Problem";
import { strings } from "../../strings";
import { HowFar } from "./HowFar";
import { useTaskOver } from "./task-over";

const read = (assetId: string) => [keys.asset(assetId), keys.documentPages(assetId)];

/** Has an image or a document read again by what the server can do now. */
export function Reread({ asset, kind }: { asset: Asset; kind: "image" | "document" }) {
  const client = useQueryClient();
  const hintId = useId();
  const found = useQuery(rereadTaskQuery(asset.id, kind)).data;
  const task = found ?? undefined;
  useTaskOver(found, asset.id, read);
  const reread = useMutation({
    mutationFn: () => renditionCommands.reread(asset.id),
    onSuccess: () => void client.invalidateQueries({ queryKey: keys.rereadTask(asset.id) }),
  });
  return (
    <section className="file__section" aria-labelledby="file-reread">
      <h2 id="file-reread">{strings.reread.title}</h2>
      <div className="renditions__form">
        <BusyButton
          type="button"
          className="button"
          aria-describedby={hintId}
          busy={reread.isPending || isUnderway(task)}
          onClick={() => reread.mutate()}
        >
          {strings.reread.action}
        </BusyButton>
        <p id={hintId} className="small soft">
          {strings.reread.hint[kind]}
        </p>
      </div>
      {reread.isError ? <Problem error={reread.error} /> : null}
      <HowFar task={task} doing={strings.reread.doing} failed={strings.reread.failed} />
    </section>
  );
}
