-- What a caption file says of a cue besides its text, kept so that the file can be given back.

ALTER TABLE transcript_segments
    ADD COLUMN cue_identifier text,
    ADD COLUMN cue_settings text;
