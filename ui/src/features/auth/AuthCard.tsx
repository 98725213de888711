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

/** What is asked for, and the form that takes it. */
export function CardForm({ title, lead, onSubmit, children }: { title: string; lead: string; onSubmit: () => void; children: ReactNode }) {
  return (
    <>
      <div className="auth__head">
        <h1>{title}</h1>
        <p className="soft">{lead}</p>
      </div>
      <form
        className="auth__form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {children}
      </form>
    </>
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
