-- Through which provider a session was opened; null for every other way. A domain that begins to require one ends the others.
ALTER TABLE sessions ADD COLUMN provider text;
