import type { ReactNode } from "react";

/** A row of numbers that say how things stand. */
export function Figures({ label, children }: { label: string; children: ReactNode }) {
  return (
    <dl className="figures" aria-label={label}>
      {children}
    </dl>
  );
}

export function Figure({ name, value, title, isBad = false }: { name: string; value: ReactNode; title?: string; isBad?: boolean }) {
  return (
    <div>
      <dt className="soft small">{name}</dt>
      <dd className={isBad ? "figures__bad" : undefined} title={title}>
        {value}
      </dd>
    </div>
  );
}
