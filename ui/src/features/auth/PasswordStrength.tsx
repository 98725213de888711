import { useEffect, useState } from "react";
import { estimateStrength, type Strength } from "../../lib/strength";
import { strings } from "../../strings";

/** Tells while a password is chosen whether it will do. The server decides. */
export function PasswordStrength({ password, about = "" }: { password: string; about?: string }) {
  const [told, setTold] = useState<{ password: string; strength: Strength } | null>(null);
  useEffect(() => {
    if (password === "") return;
    let stale = false;
    const known = about.split(/[\s@]+/u).filter(Boolean);
    estimateStrength(password, known).then(
      (strength) => {
        if (!stale) setTold({ password, strength });
      },
      // Without its lists there is no estimate, and the server's word alone.
      () => undefined,
    );
    return () => {
      stale = true;
    };
  }, [password, about]);
  if (password === "" || told === null) return null;
  const { strength } = told;
  return (
    <div className="strength" data-strength={strength}>
      <div className="strength__bars" aria-hidden>
        {[1, 2, 3, 4].map((step) => (
          <span key={step} data-on={strength >= step || (strength === 0 && step === 1)} />
        ))}
      </div>
      <p className="small" role="status">
        {strings.auth.strength[strength]}
      </p>
    </div>
  );
}
