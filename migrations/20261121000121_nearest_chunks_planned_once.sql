-- Finding the nearest passages without planning anything anew: the plans took longer than what they planned. A plan that is
-- kept knows neither whose passages are looked for nor how many there are. It finds the organization's part of the table when it
-- runs, and is told what to do where the planner would have to guess.

-- The walk through the approximate index of a model. Only a statement with the model's dimensions and id written out fits the
-- index, so that each model has its own, under its id. `hnsw.iterative_scan` and `hnsw.ef_search` are the caller's to choose.
CREATE SCHEMA walks;
GRANT USAGE ON SCHEMA walks TO memoreel_search;
CREATE PROCEDURE make_walk_of_embedding_model(model embedding_models) LANGUAGE plpgsql AS $procedure$
BEGIN
    EXECUTE format($sql$
        CREATE FUNCTION walks.%1$I(
            p_organization_id uuid, p_embedding vector, p_count integer, OUT ids uuid[], OUT distances double precision[]
        ) LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
        SET enable_sort = off SET enable_seqscan = off SET enable_bitmapscan = off
        AS $function$
        BEGIN
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO ids, distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = %1$L
                ORDER BY e.embedding::halfvec(%2$s) <=> p_embedding::halfvec(%2$s) LIMIT p_count) AS near;
        END $function$
        $sql$, model.id, model.dimensions);
    EXECUTE format('REVOKE ALL ON FUNCTION walks.%I FROM public', model.id);
    EXECUTE format('GRANT EXECUTE ON FUNCTION walks.%I TO memoreel_search', model.id);
END $procedure$;
REVOKE ALL ON PROCEDURE make_walk_of_embedding_model FROM public;

-- The approximate index of a model, in every part, and the walk through it: half-precision components, because the walk is bound
-- by what it reads; and three times the usual care in choosing neighbours (ef_construction), which finds as much with a third of
-- the walk.
CREATE OR REPLACE PROCEDURE index_embedding_model(model embedding_models) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE INDEX ON chunk_embeddings USING hnsw ((embedding::halfvec(%s)) halfvec_cosine_ops)
        WITH (m = 16, ef_construction = 200) WHERE model_id = %L', model.dimensions, model.id);
    CALL make_walk_of_embedding_model(model);
END $$;
DO $$ DECLARE
    model embedding_models;
BEGIN
    FOR model IN SELECT * FROM embedding_models LOOP
        CALL make_walk_of_embedding_model(model);
    END LOOP;
END $$;

-- Those of p_ids, at p_distances, that fit search_conditions(), nearest first and at most p_count. Its parameters are those of
-- the conditions, in their order. The conditions are written into it here: where they change, it is made anew.
DO $do$ BEGIN
    EXECUTE $sql$
        CREATE FUNCTION fitting_chunks(
            p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamptz,
            p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_ids uuid[], p_distances double precision[],
            p_count integer, OUT ids uuid[], OUT distances double precision[]
        ) LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $function$
        BEGIN
            SELECT array_agg(fitting.id ORDER BY fitting.distance, fitting.id),
                array_agg(fitting.distance ORDER BY fitting.distance, fitting.id) INTO ids, distances
            FROM (
                SELECT c.id, near.distance FROM unnest(p_ids, p_distances) AS near(chunk_id, distance)
                -- OFFSET 0: each is looked up by its key, however many the planner expects.
                CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id = near.chunk_id OFFSET 0) AS c
                CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id = c.video_id OFFSET 0) AS v
                WHERE $sql$ || search_conditions() || $sql$
                ORDER BY near.distance, c.id LIMIT p_count) AS fitting;
        END $function$ $sql$;
END $do$;
REVOKE ALL ON FUNCTION fitting_chunks FROM public;
GRANT EXECUTE ON FUNCTION fitting_chunks TO memoreel_search;

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
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET work_mem = '32MB' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off AS $function$
DECLARE
    -- Up to so many passages, comparing all of them takes no longer than the walk through the index.
    c_compared_max CONSTANT integer := 3000;
    -- The breadth of the walk that finds 99 of 100 among a thousand, and the power of their number with which it grows.
    c_breadth CONSTANT integer := 50;
    c_breadth_growth CONSTANT double precision := 0.4;
    c_breadth_max CONSTANT integer := 1000;
    -- More than so many are not chosen in the hope that enough of them fit.
    c_chosen_max CONSTANT integer := 4000;
    v_chunk_count bigint;
    v_part_count real;
    v_breadth double precision;
    v_chosen integer := p_count + p_count / 8 + 4;
    v_chosen_ids uuid[];
    v_chosen_distances double precision[];
    v_ids uuid[];
    v_distances double precision[];
BEGIN
    -- Nobody looks for anything in one video for which it would pay to look at others.
    WHILE p_video_id IS NULL AND v_chosen <= c_chosen_max LOOP
        IF v_breadth IS NULL THEN
            v_chunk_count := coalesce((SELECT chunk_count FROM organization_chunk_counts
                WHERE organization_id = p_organization_id), 0);
            v_breadth := greatest(v_chosen, c_breadth * power(v_chunk_count / 1000.0, c_breadth_growth));
            IF v_chunk_count > c_compared_max THEN
                -- The walk meets the passages of others in the same part as well.
                v_part_count := (SELECT c.reltuples FROM pg_class c WHERE c.oid =
                    (SELECT e.tableoid FROM chunk_embeddings e WHERE e.organization_id = p_organization_id LIMIT 1));
                v_breadth := ceil(v_breadth * greatest(1, v_part_count / v_chunk_count));
                PERFORM set_config('hnsw.iterative_scan', 'relaxed_order', true),
                    set_config('hnsw.ef_search', least(c_breadth_max, v_breadth)::integer::text, true);
            END IF;
        END IF;
        IF v_chunk_count > c_compared_max THEN
            EXECUTE format('SELECT ids, distances FROM walks.%I($1, $2, $3)', p_model_id)
            INTO v_chosen_ids, v_chosen_distances USING p_organization_id, p_embedding, v_chosen;
        ELSE
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO v_chosen_ids, v_chosen_distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id ORDER BY 2 LIMIT v_chosen) AS near;
        END IF;
        SELECT fitting.ids, fitting.distances INTO v_ids, v_distances
        FROM fitting_chunks(p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases,
            p_excluded, v_chosen_ids, v_chosen_distances, p_count) AS fitting;
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
CREATE OR REPLACE FUNCTION search_chunks_by_meaning(
    p_organization_id uuid, p_user_id uuid, p_phrases text[], p_excluded text[], p_embedding vector, p_model_id uuid,
    p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamptz, p_to timestamptz, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz, text text,
    start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea,
    meaning_rank bigint, similarity double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
AS $function$
#variable_conflict use_column
DECLARE
    v_ids uuid[];
    v_distances double precision[];
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks_by_meaning is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;
    -- First by itself: it sees what is committed while it runs, which a statement around it would not find.
    SELECT array_agg(near.id ORDER BY near.rank), array_agg(near.distance ORDER BY near.rank) INTO v_ids, v_distances
    FROM nearest_chunks(p_organization_id, p_user_id, current_setting('app.role', true) = 'service', p_embedding, p_model_id,
        p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded, p_limit)
        WITH ORDINALITY AS near(id, distance, rank);
    RETURN QUERY SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text, c.start_seconds,
        c.end_seconds, c.spans,
        (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
         WHERE s.organization_id = p_organization_id AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
        (SELECT e.span_vectors FROM chunk_embeddings e
         WHERE e.organization_id = p_organization_id AND e.chunk_id = near.id AND e.model_id = p_model_id),
        near.rank, 1 - near.distance
    FROM unnest(v_ids, v_distances) WITH ORDINALITY AS near(id, distance, rank)
    -- OFFSET 0: each is looked up by its key, however many the planner expects.
    CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id = near.id OFFSET 0) AS c
    CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id = c.video_id OFFSET 0) AS v
    ORDER BY near.rank;
END $function$;
