import { Check, Copy } from "lucide-react";
import { useState } from "react";
import { copyText } from "../../lib/clipboard";
import { strings } from "../../strings";

/** Something that is shown once and is to be taken along. */
export function CopyNotice({ title, text, value }: { title: string; text?: string; value: string }) {
  const [copied, setCopied] = useState(false);
  const Icon = copied ? Check : Copy;
  return (
    <div className="notice" role="status">
      <p className="notice__title">{title}</p>
      {text ? <p className="soft">{text}</p> : null}
      <div className="notice__row">
        <code className="settings__secret">{value}</code>
        <button type="button" className="button button--small" onClick={() => void copyText(value).then(setCopied)}>
          <Icon size={16} aria-hidden />
          {copied ? strings.common.copied : strings.common.copy}
        </button>
      </div>
    </div>
  );
}
