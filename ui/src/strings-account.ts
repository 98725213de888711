/** The part of `strings` for the pages that mails lead to. */
export const accountStrings = {
  signUpMailed: {
    title: "Look into your mail",
    text: (email: string) => `A mail to ${email} is on its way. Its link opens your account.`,
  },
  forgotPassword: {
    title: "Forgot your password?",
    lead: "Enter the address of your account. We mail you a link to choose another password.",
    send: "Send the link",
    remembered: "Remembered it?",
    doneTitle: "Look into your mail",
    doneText: (email: string) => `If there is an account with ${email}, a mail is on its way. Its link works for an hour.`,
  },
  resetPassword: {
    title: "Choose a new password",
    lead: "It signs you out on every device.",
    password: "New password",
    set: "Set the password",
    doneTitle: "Your password is set",
    doneText: "Sign in with it.",
    wrongText: "It is incomplete, too old, or was used already. Ask for another mail.",
    wrongAction: "Ask for another mail",
  },
  confirmEmail: {
    title: "Confirm your address",
    busy: "Confirming…",
    doneTitle: "Your address is confirmed",
    doneText: "There is nothing more to do.",
    wrongText: "It is incomplete, too old, or for another address than your account has now. The settings send you another one.",
    wrongAction: "Open the settings",
    notice: "Your address is not confirmed",
    noticeText: (email: string) => `Open the link in the mail to ${email}.`,
    resend: "Send again",
    resent: "The mail is on its way",
  },
  changeEmail: {
    title: "Change your address",
    lead: "Your account gets the address the mail names, once every address we wrote to has agreed.",
    agree: "Agree to the change",
    leave: "Leave it as it is",
    doneTitle: { changed: "Your address is changed", waiting: "One more address to go" },
    doneText: {
      changed: "From now on, sign in with the new one.",
      waiting: "Open the link in the mail to your other address, too.",
    },
    wrongText: "It is incomplete, too old, or was used already. Ask for the change again.",
  },
} as const;
