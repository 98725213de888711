-- Sound files of recordings. Which of them are wanted is kept with the asset (`metadata.sounds`), and goes with it.
ALTER TABLE renditions DROP CONSTRAINT renditions_kind;
ALTER TABLE renditions ADD CONSTRAINT renditions_kind CHECK (kind IN ('file', 'hls_master', 'hls_variant', 'poster', 'thumbnail',
    'storyboard', 'waveform', 'speech_audio', 'image', 'sound'));
