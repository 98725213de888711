import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { binnedAssets, renewMedia } from "../../api/media";
import type { Asset } from "../../api/types";
import { BusyButton } from "../../components/BusyButton";
import { showToast } from "../../lib/toasts";
import { strings } from "../../strings";
import { tell } from "../library/actions";
import { isRemovable, type MediaActions } from "./actions";
import { DeleteForGood } from "./DeleteForGood";

/** Deletes for good what is in the bin. What that is is read first, so that its number can be told. */
export function EmptyBin({ actions }: { actions: MediaActions }) {
  const client = useQueryClient();
  const [asked, setAsked] = useState<readonly Asset[]>([]);
  const read = useMutation({
    mutationFn: binnedAssets,
    onSuccess: ({ items }) => {
      if (items.some(isRemovable)) {
        setAsked(items);
        return;
      }
      showToast(items.length === 0 ? strings.media.emptyBinTitle : strings.media.onlyRecordings);
      renewMedia(client);
    },
    onError: tell,
  });
  const ids = asked.filter(isRemovable).map(({ id }) => id);
  return (
    <>
      <BusyButton type="button" className="button button--small button--danger" busy={read.isPending} onClick={() => read.mutate()}>
        <Trash2 size={16} aria-hidden />
        {strings.media.emptyBin}
      </BusyButton>
      {ids.length > 0 ? (
        <DeleteForGood
          title={strings.media.forGoodTitle(ids.length)}
          ids={ids}
          keepsRecordings={ids.length < asked.length}
          actions={actions}
          onClose={() => setAsked([])}
        />
      ) : null}
    </>
  );
}
