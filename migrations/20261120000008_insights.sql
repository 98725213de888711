-- What a recording comes down to, every sentence with its second.

CREATE TABLE video_summaries (
    organization_id uuid NOT NULL REFERENCES organizations ON DELETE CASCADE,
    id uuid NOT NULL DEFAULT uuidv7(),
    video_id uuid NOT NULL,
    engine text NOT NULL,
    model text,
    sentences jsonb NOT NULL DEFAULT '[]',
    key_points jsonb NOT NULL DEFAULT '[]',
    chapters jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, id),
    CONSTRAINT video_summaries_video_key UNIQUE (organization_id, video_id),
    FOREIGN KEY (organization_id, video_id) REFERENCES videos ON DELETE CASCADE
);
CALL protect_organization_table('video_summaries',
    'EXISTS (SELECT FROM videos v WHERE v.organization_id = video_summaries.organization_id AND v.id = video_summaries.video_id)');
