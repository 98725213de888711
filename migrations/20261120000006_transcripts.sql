-- What was said, by whom, and when. Children of a video are seen by those who see the video.

CREATE TABLE transcripts (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    video_id uuid NOT NULL,
    language text,
    engine text NOT NULL,
    model text,
    -- Why there is no text, when there is none for a reason a person should know.
    notice text,
    has_speakers boolean NOT NULL DEFAULT false,
    speaker_count integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT transcripts_video_key UNIQUE (organization_id, video_id),
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);

CREATE TABLE speakers (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    video_id uuid NOT NULL,
    label text NOT NULL CONSTRAINT speakers_label_length CHECK (char_length(label) BETWEEN 1 AND 100),
    name text CONSTRAINT speakers_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    hue smallint NOT NULL CONSTRAINT speakers_hue CHECK (hue BETWEEN 0 AND 7),
    user_id uuid REFERENCES users ON DELETE SET NULL,
    PRIMARY KEY (organization_id, id),
    CONSTRAINT speakers_label_key UNIQUE (organization_id, video_id, label),
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CREATE INDEX speakers_user ON speakers (user_id);

CREATE TABLE transcript_segments (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    transcript_id uuid NOT NULL,
    video_id uuid NOT NULL,
    segment_index integer NOT NULL,
    start_ms bigint NOT NULL CONSTRAINT transcript_segments_start CHECK (start_ms >= 0),
    end_ms bigint NOT NULL,
    speaker_id uuid,
    speaker_uncertain boolean NOT NULL DEFAULT false,
    text text NOT NULL,
    words jsonb NOT NULL DEFAULT '[]',
    confidence real CONSTRAINT transcript_segments_confidence CHECK (confidence BETWEEN 0 AND 1),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT transcript_segments_order CHECK (end_ms >= start_ms),
    CONSTRAINT transcript_segments_index_key UNIQUE (organization_id, transcript_id, segment_index),
    FOREIGN KEY (organization_id, transcript_id) REFERENCES transcripts ON DELETE CASCADE,
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE,
    FOREIGN KEY (organization_id, speaker_id) REFERENCES speakers ON DELETE SET NULL (speaker_id)
);
CREATE INDEX transcript_segments_video ON transcript_segments (organization_id, video_id, segment_index);
CREATE INDEX transcript_segments_speaker ON transcript_segments (organization_id, speaker_id);

CALL protect_organization_table('transcripts',
    'EXISTS (SELECT FROM videos v WHERE v.organization_id = transcripts.organization_id AND v.id = transcripts.video_id)');
CALL protect_organization_table('speakers',
    'EXISTS (SELECT FROM videos v WHERE v.organization_id = speakers.organization_id AND v.id = speakers.video_id)');
CALL protect_organization_table('transcript_segments',
    'EXISTS (SELECT FROM videos v WHERE v.organization_id = transcript_segments.organization_id AND v.id = transcript_segments.video_id)');
