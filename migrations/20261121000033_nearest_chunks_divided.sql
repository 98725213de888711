-- The passages of one organization whose vectors are nearest to p_embedding by cosine distance, nearest first, among those
-- that fit search_conditions(): p_count rows whenever there are as many.
--
-- Vectors are looked at first and by themselves, and only what is chosen is looked up and held against the conditions. Where
-- too little of it is left, more is chosen, and in the end everything that fits is compared.
--
-- It belongs to memoreel_search and is called by functions that have checked who is asking.
CREATE OR REPLACE FUNCTION nearest_chunks(
    p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding vector, p_model_id uuid, p_video_id uuid,
    p_channel_id uuid, p_from timestamptz, p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_count integer
) RETURNS TABLE (id uuid, distance double precision)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET work_mem = '32MB' AS $function$
DECLARE
    -- Up to so many passages, comparing all of them takes no longer than the walk through the index.
    c_compared_max CONSTANT integer := 3000;
    -- The breadth of the walk that finds 99 of 100 among a thousand, and how much wider it is with each doubling of them.
    c_breadth CONSTANT integer := 50;
    c_breadth_doubling CONSTANT integer := 10;
    c_breadth_max CONSTANT integer := 1000;
    -- More than so many are not chosen in the hope that enough of them fit.
    c_chosen_max CONSTANT integer := 4000;
    v_chunk_count bigint;
    v_part_count real;
    v_breadth double precision;
    v_dimensions integer;
    v_choice text;
    v_chosen integer := p_count + p_count / 8 + 4;
    v_chosen_ids uuid[];
    v_chosen_distances double precision[];
    v_ids uuid[];
    v_distances double precision[];
BEGIN
    -- Nobody looks for anything in one video for which it would pay to look at others.
    WHILE p_video_id IS NULL AND v_chosen <= c_chosen_max LOOP
        IF v_choice IS NULL THEN
            v_chunk_count := coalesce((SELECT chunk_count FROM organization_chunk_counts
                WHERE organization_id = p_organization_id), 0);
            v_choice := 'e.embedding <=> $3';
            IF v_chunk_count > c_compared_max THEN
                SELECT dimensions INTO v_dimensions FROM embedding_models m WHERE m.id = p_model_id;
                -- Only this is the index's expression.
                v_choice := format('e.embedding::halfvec(%1$s) <=> $3::halfvec(%1$s)', v_dimensions);
                SELECT c.reltuples INTO v_part_count FROM generate_series(0, 31) AS part
                JOIN pg_class c ON c.relname = 'chunk_embeddings_' || part AND c.relnamespace = 'partitions'::regnamespace
                WHERE satisfies_hash_partition('chunk_embeddings'::regclass, 32, part, p_organization_id);
                -- The walk meets the passages of others in the same part as well.
                v_breadth := greatest(v_chosen, c_breadth + c_breadth_doubling * ceil(log(2, v_chunk_count / 1000.0)));
                PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search',
                    least(c_breadth_max, ceil(v_breadth * greatest(1, v_part_count / v_chunk_count)))::integer::text, true);
            END IF;
        END IF;
        EXECUTE format(
            'SELECT array_agg(chunk_id), array_agg(distance) FROM (
                 SELECT e.chunk_id, e.embedding <=> $3 AS distance FROM chunk_embeddings e
                 WHERE e.organization_id = $1 AND e.model_id = %L ORDER BY %s LIMIT $2) AS near', p_model_id, v_choice)
        INTO v_chosen_ids, v_chosen_distances USING p_organization_id, v_chosen, p_embedding;
        EXECUTE
            'SELECT array_agg(id ORDER BY distance, id), array_agg(distance ORDER BY distance, id) FROM (
                 SELECT c.id, near.distance FROM unnest($11, $12) AS near(chunk_id, distance)
                 JOIN chunks c ON c.organization_id = $1 AND c.id = near.chunk_id
                 JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
                 WHERE ' || search_conditions() || ' ORDER BY near.distance, c.id LIMIT $13) AS fitting'
        INTO v_ids, v_distances
        USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
            v_chosen_ids, v_chosen_distances, p_count;
        -- Enough, or all there are.
        IF coalesce(cardinality(v_ids), 0) = p_count
            OR (v_chunk_count <= c_compared_max AND coalesce(cardinality(v_chosen_ids), 0) < v_chosen) THEN
            RETURN QUERY SELECT * FROM unnest(v_ids, v_distances);
            RETURN;
        END IF;
        v_chosen := v_chosen * 8;
    END LOOP;
    RETURN QUERY EXECUTE
        'SELECT c.id, e.embedding <=> $11 FROM chunk_embeddings e
         JOIN chunks c ON c.organization_id = $1 AND c.id = e.chunk_id
         JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
         WHERE e.organization_id = $1 AND e.model_id = $12 AND ' || search_conditions() || ' ORDER BY 2, 1 LIMIT $13'
    USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
        p_embedding, p_model_id, p_count;
END $function$;

-- Passages of one organization that the caller may see, nearest in meaning first. `search_chunks` in its mode 'semantic' would
-- find the same; this does without everything that has to do with words.
CREATE FUNCTION search_chunks_by_meaning(
    p_organization_id uuid, p_user_id uuid, p_phrases text[], p_excluded text[], p_embedding vector, p_model_id uuid,
    p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamptz, p_to timestamptz, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz, text text,
    start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea,
    meaning_rank bigint, similarity double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $function$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
    v_distances double precision[];
    v_span_vectors bytea[];
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks_by_meaning is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;
    SELECT array_agg(near.id ORDER BY near.rank), array_agg(near.distance ORDER BY near.rank) INTO v_ids, v_distances
    FROM nearest_chunks(p_organization_id, p_user_id, current_setting('app.role', true) = 'service', p_embedding, p_model_id,
        p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded, p_limit)
        WITH ORDINALITY AS near(id, distance, rank);
    -- Planned with the organization, this knows its part of the table.
    EXECUTE 'SELECT array_agg(e.span_vectors ORDER BY near.rank) FROM unnest($3) WITH ORDINALITY AS near(id, rank)
        LEFT JOIN chunk_embeddings e ON e.organization_id = $1 AND e.chunk_id = near.id AND e.model_id = $2'
    INTO v_span_vectors USING p_organization_id, p_model_id, v_ids;
    RETURN QUERY SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text, c.start_seconds,
        c.end_seconds, c.spans,
        (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
         WHERE s.organization_id = p_organization_id AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
        near.span_vectors, near.rank, 1 - near.distance
    FROM unnest(v_ids, v_distances, v_span_vectors) WITH ORDINALITY AS near(id, distance, span_vectors, rank)
    -- This plan is kept, and made without knowing whose passages. OFFSET 0 makes it look up by their keys those that were
    -- found, whatever it thinks of how many there are.
    CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id = near.id OFFSET 0) AS c
    CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id = c.video_id OFFSET 0) AS v
    ORDER BY near.rank;
END $function$;
ALTER FUNCTION search_chunks_by_meaning OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks_by_meaning FROM public;
GRANT EXECUTE ON FUNCTION search_chunks_by_meaning TO memoreel_app;
