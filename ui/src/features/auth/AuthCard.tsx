import "./auth.css";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Logo } from "../../app/Logo";
import { strings } from "../../strings";

/** The frame of every page that needs no session. */
export function AuthCard({ children }: { children: ReactNode }) {
  return (
    <main className="auth">
      <div className="auth__card">
        <p className="auth__brand">
          <Logo />
          {strings.product}
        </p>
        {children}
      </div>
    </main>
  );
}

/** How something ended, and the way on from there. */
export function Told({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <>
      <div className="auth__head" role="status">
        <h1>{title}</h1>
        <p className="soft">{text}</p>
      </div>
      {children ?? (
        <Link to="/" className="button">
          {strings.auth.goOn}
        </Link>
      )}
    </>
  );
}
