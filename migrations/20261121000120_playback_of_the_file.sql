-- A file that browsers play as it is can be watched from the moment it has been looked into, before anything is made of it.
ALTER TABLE renditions
    DROP CONSTRAINT renditions_kind,
    ADD CONSTRAINT renditions_kind CHECK (kind IN
        ('file', 'hls_master', 'hls_variant', 'poster', 'thumbnail', 'storyboard', 'waveform', 'speech_audio'));
