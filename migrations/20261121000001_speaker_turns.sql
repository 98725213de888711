-- When a speaker speaks, as [{"start_ms": 0, "end_ms": 900}, ...] in order of time, also where no words were made out.
-- NULL where nothing more is known than the speaker's segments say.
ALTER TABLE speakers ADD COLUMN turns jsonb;
