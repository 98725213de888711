import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { fieldErrors } from "../api/client";
import { strings } from "../strings";
import { BusyButton } from "./BusyButton";
import { Dialog } from "./Dialog";
import { Problem } from "./Problem";
import { TextField } from "./TextField";

/** Asks who is sitting there before something that whoever found the page open must not do. */
export function AskPassword({
  title,
  text,
  action,
  danger = false,
  onSubmit,
  onClose,
}: {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
  onSubmit: (password: string) => Promise<unknown>;
  onClose: () => void;
}) {
  const [password, setPassword] = useState("");
  const submit = useMutation({ mutationFn: () => onSubmit(password), onSuccess: onClose });
  const errors = fieldErrors(submit.error, { password_wrong: "password" });
  return (
    <Dialog open onClose={onClose} title={title} description={text}>
      <form
        className="dialog__form"
        onSubmit={(event) => {
          event.preventDefault();
          if (password !== "") submit.mutate();
        }}
      >
        {submit.isError && errors.password === undefined ? <Problem error={submit.error} /> : null}
        <TextField
          label={strings.password.yours}
          type="password"
          autoComplete="current-password"
          value={password}
          error={errors.password}
          onChange={(event) => {
            setPassword(event.target.value);
            submit.reset();
          }}
        />
        <div className="dialog__actions">
          <button type="button" className="button" onClick={onClose}>
            {strings.common.cancel}
          </button>
          <BusyButton
            type="submit"
            className={`button ${danger ? "button--danger" : "button--primary"}`}
            disabled={password === ""}
            busy={submit.isPending}
          >
            {action}
          </BusyButton>
        </div>
      </form>
    </Dialog>
  );
}
