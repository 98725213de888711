-- The sound of the videos that come in may be brought to one loudness.

-- In LUFS (EBU R 128); NULL leaves it as it is.
ALTER TABLE encoding_settings
    ADD COLUMN loudness integer CONSTRAINT encoding_settings_loudness CHECK (loudness BETWEEN -31 AND -9);

DROP TRIGGER audit ON encoding_settings;
CALL audit_table('encoding_settings', 'encoding_settings', 'codec', 'heights', 'bit_rates', 'loudness');
