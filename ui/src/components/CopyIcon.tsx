import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { copyText } from "../lib/clipboard";
import { strings } from "../strings";
import { Tip } from "./Tip";

/** Takes along what stands beside it; `label` says what that is. */
export function CopyIcon({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  const isCopied = copied === text;
  const Icon = isCopied ? Check : Copy;
  const words = isCopied ? strings.common.copied : label;
  return (
    <Tip text={words} side="top">
      <button
        type="button"
        className="icon-button icon-button--small"
        aria-label={words}
        onClick={() => void copyText(text).then((done) => setCopied(done ? text : null))}
      >
        <Icon size={16} aria-hidden />
      </button>
    </Tip>
  );
}
