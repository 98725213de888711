-- Images, key frames, and pages that say nearly nothing are found by what they look like, where the embedding model takes pictures: each is a
-- passage without text, whose vector lies under a model of its own. A query is less like a picture than like any text about it; under one
-- model, they would be compared.
-- For whatever goes by words there are no such passages: they have none, nothing lies around them, and they are not counted.

ALTER TABLE chunks ADD COLUMN is_picture boolean NOT NULL DEFAULT false;
ALTER TABLE chunks ADD CONSTRAINT chunks_picture
    -- They stand behind all texts of the same, which come and go without them.
    CHECK (CASE WHEN is_picture THEN entity_type IN ('image', 'key_frame', 'document') AND text = '' AND context = '' AND NOT is_description
        AND chunk_index >= 1000000000 ELSE chunk_index < 1000000000 END);

-- They are written by a task of their own, beside texts: whatever becomes of it, the video is what it is.
CREATE OR REPLACE FUNCTION is_side_task(p_kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_kind IN ('index_description', 'index_pictures')
$$;

CREATE OR REPLACE FUNCTION count_organization_chunks() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path TO 'public', 'pg_temp' AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO organization_chunk_counts AS counts (organization_id, chunk_count)
        SELECT organization_id, count(*) FROM changed WHERE NOT is_picture GROUP BY organization_id ORDER BY organization_id
        ON CONFLICT (organization_id) DO UPDATE SET chunk_count = counts.chunk_count + excluded.chunk_count;
    ELSE
        UPDATE organization_chunk_counts AS counts SET chunk_count = counts.chunk_count - gone.number
        FROM (SELECT organization_id, count(*) AS number FROM changed WHERE NOT is_picture GROUP BY organization_id) AS gone
        WHERE counts.organization_id = gone.organization_id;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION pg_temp.amend(p_function regproc, p_before text, p_after text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_definition text := pg_get_functiondef(p_function);
BEGIN
    IF strpos(v_definition, p_before) = 0 THEN
        RAISE EXCEPTION '% does not say %', p_function, p_before;
    END IF;
    -- Its parameters stay, and with them whose it is and who may call it.
    EXECUTE replace(v_definition, p_before, p_after);
END $$;

SELECT pg_temp.amend('chunks_follow_video',
    'UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id;',
    'UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
        WHERE organization_id = NEW.organization_id AND video_id = NEW.id AND NOT is_picture;');
SELECT pg_temp.amend('erase_person',
    'UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
            WHERE organization_id = v_speaker.organization_id AND video_id = v_speaker.video_id;',
    'UPDATE chunks SET context = chunk_context(organization_id, video_id, speakers)
            WHERE organization_id = v_speaker.organization_id AND video_id = v_speaker.video_id AND NOT is_picture;');
SELECT pg_temp.amend('search_chunks',
    'WHERE c.organization_id = p_organization_id AND c.video_id = p_video_id;',
    'WHERE c.organization_id = p_organization_id AND c.video_id = p_video_id
                AND NOT c.is_picture;');
-- Pictures are few beside passages, and are all compared: none of them is chosen before.
CREATE INDEX chunks_pictures ON chunks (organization_id) WHERE is_picture;
SELECT pg_temp.amend('nearest_chunks',
    'BEGIN
    -- Nobody looks for anything in one video for which it would pay to look at others.',
    $sql$BEGIN
    IF 'picture' = ANY(p_kinds) THEN
        RETURN QUERY EXECUTE
            'SELECT c.id, e.embedding <=> $12 FROM chunks c LEFT JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
             CROSS JOIN LATERAL (SELECT embedding FROM chunk_embeddings WHERE organization_id = $1 AND chunk_id = c.id AND model_id = $13
                 OFFSET 0) AS e
             WHERE c.is_picture AND ' || search_conditions() || ' ORDER BY 2, 1 LIMIT $14'
        USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
            p_kinds, p_embedding, p_model_id, p_count;
        RETURN;
    END IF;
    -- Nobody looks for anything in one video for which it would pay to look at others.$sql$);
DROP FUNCTION pg_temp.amend(regproc, text, text);
