-- The nearest passages of a large organization are chosen outside of the database, in memory, and compared in here.
--
-- An approximate index over the vectors of the database had to be walked so broadly to find 99 of 100 among tens of thousands
-- that the walk took longer than looking at every vector in a shorter form does; and each passage written cost a walk as well.

-- Undivided again: without approximate indexes there is nothing to keep apart. `written_in` tells a process that has read an
-- organization's vectors what has been written since.
DROP FUNCTION search_chunks, search_chunks_by_meaning, nearest_chunks;
DROP SCHEMA walks CASCADE;
DROP PROCEDURE index_embedding_model, make_walk_of_embedding_model;
ALTER TABLE chunk_embeddings RENAME TO chunk_embeddings_divided;
ALTER TABLE chunk_embeddings_divided DROP CONSTRAINT chunk_embeddings_pkey;
DROP INDEX chunk_embeddings_model;
CREATE TABLE chunk_embeddings (
    organization_id uuid NOT NULL,
    chunk_id uuid NOT NULL,
    model_id uuid NOT NULL,
    -- In the row wherever it fits: a comparison of every passage would otherwise fetch each from elsewhere.
    embedding vector STORAGE MAIN NOT NULL,
    -- One vector per sentence of the passage, in the order of chunks.spans, for finding the second inside a hit. Each is a
    -- float4 scale (little endian) followed by one signed byte per dimension; a sentence that says nothing has scale 0.
    span_vectors bytea STORAGE EXTERNAL,
    -- Rows are inserted and deleted, never changed.
    written_in xid8 NOT NULL DEFAULT pg_current_xact_id()
);
INSERT INTO chunk_embeddings (organization_id, chunk_id, model_id, embedding, span_vectors)
SELECT organization_id, chunk_id, model_id, embedding, span_vectors FROM chunk_embeddings_divided
ORDER BY organization_id, chunk_id;
DROP TABLE chunk_embeddings_divided;
-- At once instead of row by row.
ALTER TABLE chunk_embeddings ADD PRIMARY KEY (organization_id, chunk_id, model_id),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations ON DELETE CASCADE,
    ADD FOREIGN KEY (organization_id, chunk_id) REFERENCES chunks ON DELETE CASCADE,
    ADD FOREIGN KEY (model_id) REFERENCES embedding_models;
DROP SCHEMA partitions;
CREATE INDEX chunk_embeddings_model ON chunk_embeddings (model_id);
-- Without the model: with it, the planner of a young table would take this for as good a way to one passage as its key.
CREATE INDEX chunk_embeddings_written ON chunk_embeddings (organization_id, written_in);
CALL protect_organization_table('chunk_embeddings',
    'EXISTS (SELECT FROM chunks c WHERE c.organization_id = chunk_embeddings.organization_id AND c.id = chunk_embeddings.chunk_id)');
CALL admit_search('chunk_embeddings');

-- Makes a model usable. Returns its id.
CREATE OR REPLACE FUNCTION register_embedding_model(model_name text, model_dimensions integer) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    model embedding_models;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('register_embedding_model'));
    SELECT * INTO model FROM embedding_models WHERE name = model_name;
    IF FOUND THEN
        IF model.dimensions <> model_dimensions THEN
            RAISE EXCEPTION 'embedding model % has % dimensions, not %', model_name, model.dimensions, model_dimensions;
        END IF;
        RETURN model.id;
    END IF;
    INSERT INTO embedding_models (name, dimensions) VALUES (model_name, model_dimensions) RETURNING * INTO model;
    RETURN model.id;
END $$;

-- Those of p_ids, at p_distances, that fit search_conditions(), nearest first and at most p_count. Its parameters are those of
-- the conditions, in their order. The conditions are written into it here: where they change, it is made anew.
DO $do$ BEGIN
    EXECUTE $sql$
        CREATE OR REPLACE FUNCTION fitting_chunks(
            p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamptz,
            p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_ids uuid[], p_distances double precision[],
            p_count integer, OUT ids uuid[], OUT distances double precision[]
        ) LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan SET enable_sort = off
        AS $function$
        BEGIN
            SELECT array_agg(fitting.id ORDER BY fitting.distance, fitting.id),
                array_agg(fitting.distance ORDER BY fitting.distance, fitting.id) INTO ids, distances
            FROM (
                SELECT c.id, near.distance FROM unnest(p_ids, p_distances) AS near(chunk_id, distance)
                CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.chunk_id
                    ORDER BY organization_id, id LIMIT 1) AS c
                CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
                    ORDER BY organization_id, id LIMIT 1) AS v
                WHERE c.id = near.chunk_id AND v.id = c.video_id AND $sql$ || search_conditions() || $sql$
                ORDER BY near.distance, c.id LIMIT p_count) AS fitting;
        END $function$ $sql$;
END $do$;
-- The passages of one organization whose vectors are nearest to p_embedding by cosine distance, nearest first, among those
-- that fit search_conditions(): p_count rows whenever there are as many.
--
-- p_near are about the nearest of all that were written before p_near_before, in about their order, as somebody knows who has them in
-- memory. They and what was written since are compared; without them everything is. Vectors are looked at first and by
-- themselves, and only what is chosen is looked up and held against the conditions. Where too little of it is left, more of
-- p_near is, and in the end everything that fits is compared.
--
-- One row is always looked up as the first from its key on, in the order of the key: a plan made while a table was empty would
-- take any index of the organization for as good, and be kept for the thousands of rows that come.
--
-- It belongs to memoreel_search and is called by functions that have checked who is asking.
CREATE FUNCTION nearest_chunks(
    p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding vector, p_model_id uuid, p_video_id uuid,
    p_channel_id uuid, p_from timestamptz, p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[],
    p_near uuid[], p_near_before xid8, p_count integer
) RETURNS TABLE (id uuid, distance double precision)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET work_mem = '32MB' SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off SET enable_sort = off AS $function$
DECLARE
    v_chosen integer := p_count + p_count / 8 + 8;
    v_chosen_ids uuid[];
    v_chosen_distances double precision[];
    v_ids uuid[];
    v_distances double precision[];
BEGIN
    -- Nobody looks for anything in one video for which it would pay to look at others.
    WHILE p_video_id IS NULL LOOP
        IF p_near IS NULL THEN
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO v_chosen_ids, v_chosen_distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id ORDER BY 2 LIMIT v_chosen) AS near;
        ELSE
            SELECT array_agg(near.chunk_id), array_agg(near.distance) INTO v_chosen_ids, v_chosen_distances FROM (
                SELECT e.chunk_id, e.embedding <=> p_embedding AS distance
                FROM unnest(p_near[1:v_chosen]) AS given(chunk_id)
                CROSS JOIN LATERAL (SELECT * FROM chunk_embeddings WHERE organization_id = p_organization_id
                    AND chunk_id = given.chunk_id AND model_id >= p_model_id ORDER BY model_id LIMIT 1) AS e
                WHERE e.model_id = p_model_id
                UNION
                SELECT e.chunk_id, e.embedding <=> p_embedding FROM chunk_embeddings e
                WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id AND e.written_in >= p_near_before
                    -- Rows of another server's database have numbers that are yet to come.
                    AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())
                ORDER BY 2 LIMIT v_chosen) AS near;
        END IF;
        SELECT fitting.ids, fitting.distances INTO v_ids, v_distances
        FROM fitting_chunks(p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases,
            p_excluded, v_chosen_ids, v_chosen_distances, p_count) AS fitting;
        -- Enough, or all there are.
        IF coalesce(cardinality(v_ids), 0) = p_count
            OR (p_near IS NULL AND coalesce(cardinality(v_chosen_ids), 0) < v_chosen) THEN
            RETURN QUERY SELECT * FROM unnest(v_ids, v_distances);
            RETURN;
        END IF;
        EXIT WHEN p_near IS NULL OR v_chosen >= cardinality(p_near);
        v_chosen := v_chosen * 8;
    END LOOP;
    RETURN QUERY EXECUTE
        'SELECT c.id, e.embedding <=> $11 FROM chunks c JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
         CROSS JOIN LATERAL (SELECT embedding FROM chunk_embeddings WHERE organization_id = $1 AND chunk_id = c.id AND model_id = $12
             OFFSET 0) AS e
         WHERE ' || search_conditions() || ' ORDER BY 2, 1 LIMIT $13'
    USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
        p_embedding, p_model_id, p_count;
END $function$;
ALTER FUNCTION nearest_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION nearest_chunks FROM public;

-- Passages of one organization that the caller may see, nearest in meaning first. `search_chunks` in its mode 'semantic' would
-- find the same; this does without everything that has to do with words.
CREATE FUNCTION search_chunks_by_meaning(
    p_organization_id uuid, p_user_id uuid, p_phrases text[], p_excluded text[], p_embedding vector, p_model_id uuid,
    p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamptz, p_to timestamptz, p_near uuid[],
    p_near_before xid8, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz, text text,
    start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea,
    meaning_rank bigint, similarity double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
SET enable_sort = off AS $function$
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
        p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded, p_near, p_near_before,
        p_limit)
        WITH ORDINALITY AS near(id, distance, rank);
    RETURN QUERY SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text, c.start_seconds,
        c.end_seconds, c.spans,
        (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
         WHERE s.organization_id = p_organization_id AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
        (SELECT e.span_vectors FROM chunk_embeddings e
         WHERE e.organization_id = p_organization_id AND e.chunk_id = near.id AND e.model_id = p_model_id),
        near.rank, 1 - near.distance
    FROM unnest(v_ids, v_distances) WITH ORDINALITY AS near(id, distance, rank)
    CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.id
        ORDER BY organization_id, id LIMIT 1) AS c
    CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
        ORDER BY organization_id, id LIMIT 1) AS v
    WHERE c.id = near.id AND v.id = c.video_id
    ORDER BY near.rank;
END $function$;
ALTER FUNCTION search_chunks_by_meaning OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks_by_meaning FROM public;
GRANT EXECUTE ON FUNCTION search_chunks_by_meaning TO memoreel_app;

-- Passages of one organization that the caller may see, best first.
--
-- p_mode is 'keyword', 'semantic' or 'hybrid'. A pool of passages is gathered: the best by words, the nearest by meaning
-- (nearest_chunks), or both. By words is BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75) over any of the query's
-- words, in the passage and in its context; the ten videos whose titles fit best are looked through even where nobody says
-- the words. Then the pool is ranked:
--   words       the same BM25, where the two passages before and after a passage lend it 0.5 and 0.3 of their words and
--               length: what is being talked about is often named just before;
--   similarity  the cosine of passage and query;
--   feedback    the cosine of passage and query plus the mean of the best three so far (Rocchio 1971).
-- 'keyword' goes by words and 'semantic' by similarity. 'hybrid' adds 0.4 words, 0.3 similarity and 0.3 feedback, each
-- brought to 0 to 1 over the pool (convex combination; Bruch, Gai and Ingber 2023).
-- Every one of p_phrases must occur, word by word, and none of p_excluded may, in any form.
-- p_near and p_near_before are as in nearest_chunks.
-- `marked` is the text with U+E000 before and U+E001 after each word that matched.
CREATE FUNCTION search_chunks(
    p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[],
    p_embedding vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text,
    p_from timestamptz, p_to timestamptz, p_near uuid[], p_near_before xid8, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz, text text,
    marked text, start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea,
    words_rank bigint, meaning_rank bigint, similarity double precision, score double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '32MB' AS $function$
DECLARE
    v_service boolean := current_setting('app.role', true) = 'service';
    -- Of each kind; what only both together would raise is rarely below.
    v_depth integer := greatest(p_limit, 200);
    v_configurations regconfig[] := search_configurations(p_organization_id);
    v_any tsquery;
    v_chunk_count bigint;
    v_ids uuid[] := '{}';
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;

    -- How rare a word is, is a question of where one looks.
    IF p_video_id IS NULL THEN
        SELECT chunk_count INTO v_chunk_count FROM organization_chunk_counts WHERE organization_id = p_organization_id;
    ELSE
        SELECT count(*) INTO v_chunk_count FROM chunks c WHERE c.organization_id = p_organization_id AND c.video_id = p_video_id;
    END IF;
    IF p_mode <> 'keyword' THEN
        SELECT array_agg(near.id ORDER BY near.distance, near.id) INTO v_ids
        FROM nearest_chunks(p_organization_id, p_user_id, v_service, p_embedding, p_model_id, p_video_id, p_channel_id,
            p_from, p_to, p_speaker, p_phrases, p_excluded, p_near, p_near_before, v_depth) AS near;
    END IF;

    SELECT string_agg(DISTINCT t.query::text, ' | ')::tsquery INTO v_any FROM search_terms(p_query, v_configurations) AS t;

    RETURN QUERY EXECUTE $sql$
        WITH terms AS MATERIALIZED (
            SELECT * FROM search_terms($11, $20)
        ), titled AS MATERIALIZED (
            -- Videos that are about the query's words without anybody saying them: the first passage stands for its video.
            SELECT video_id FROM (
                SELECT c.video_id, count(*) OVER (PARTITION BY t.place) AS holders
                FROM chunks c JOIN terms t ON t.configuration = text_search_configuration(c.language) AND c.context_vector @@ t.query
                WHERE $12 <> 'semantic' AND c.organization_id = $1 AND c.chunk_index = 0 AND c.context_vector @@ $13
                    AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3) AND ($4::uuid IS NULL OR c.video_id = $4)
            ) AS named
            GROUP BY video_id ORDER BY sum(1.0 / holders) DESC, video_id LIMIT 10
        ), weights AS MATERIALIZED (
            -- ts_rank of one lexeme is the partial sum of 1/n² over its occurrences, divided by its limit and ten: within
            -- five per cent f / (f + 0.645), from which the number of occurrences f comes back without unpacking the vector.
            SELECT id, place, token_count, 0.645 * said / (1.0001 - said) + about AS occurrences
            FROM (
                SELECT c.id, c.token_count, t.place, 10 * ts_rank(c.search_vector, t.query)::double precision AS said,
                    CASE WHEN c.context_vector @@ t.query THEN 1 ELSE 0 END::double precision AS about
                FROM chunks c JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
                JOIN terms t ON t.configuration = text_search_configuration(c.language)
                WHERE $12 <> 'semantic' AND (c.search_vector @@ $13 OR c.video_id = ANY(ARRAY(SELECT video_id FROM titled)))
                    AND $sql$ || search_conditions() || $sql$
            ) AS counted
            WHERE said > 0 OR about > 0
        ), rarity AS (
            SELECT place, ln(1 + (greatest($14 - count(*), 0) + 0.5) / (count(*) + 0.5)) AS idf FROM weights GROUP BY place
        ), by_words AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM (SELECT id, place, occurrences, token_count / nullif(avg(token_count) OVER (), 0) AS relative_length
                  FROM weights) AS measured
            JOIN rarity USING (place) GROUP BY id ORDER BY words DESC, id LIMIT $15
        ), by_meaning AS (
            SELECT near.id, near.rank FROM unnest($16::uuid[]) WITH ORDINALITY AS near(id, rank)
        ), pool AS MATERIALIZED (
            SELECT c.id, c.entity_id, c.chunk_index, m.rank AS meaning_rank, e.embedding,
                1 - (e.embedding <=> $17) AS similarity
            FROM (SELECT id FROM by_words UNION SELECT id FROM by_meaning) AS found
            JOIN chunks c ON c.organization_id = $1 AND c.id = found.id
            LEFT JOIN by_meaning m ON m.id = found.id
            LEFT JOIN chunk_embeddings e ON e.organization_id = $1 AND e.chunk_id = c.id AND e.model_id = $19
                AND $12 <> 'keyword'
        ), surroundings AS MATERIALIZED (
            SELECT p.id, n.id AS neighbour_id, n.token_count,
                CASE abs(n.chunk_index - p.chunk_index) WHEN 0 THEN 1 WHEN 1 THEN 0.5 ELSE 0.3 END::double precision AS share
            FROM pool p JOIN chunks n ON n.organization_id = $1 AND n.entity_type = 'transcript' AND n.entity_id = p.entity_id
                AND n.chunk_index BETWEEN p.chunk_index - 2 AND p.chunk_index + 2
            WHERE $12 <> 'semantic'
        ), lengths AS (
            SELECT id, length / nullif(avg(length) OVER (), 0) AS relative_length
            FROM (SELECT id, sum(share * token_count) AS length FROM surroundings GROUP BY id) AS summed
        ), lent AS (
            SELECT s.id, w.place, sum(s.share * w.occurrences) AS occurrences
            FROM surroundings s JOIN weights w ON w.id = s.neighbour_id GROUP BY s.id, w.place
        ), worded AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM lent JOIN rarity USING (place) JOIN lengths USING (id) GROUP BY id
        ), scaled AS MATERIALIZED (
            SELECT id, meaning_rank, similarity, embedding, words,
                coalesce(words / nullif(max(words) OVER (), 0), 0) AS words_scaled,
                coalesce((similarity - min(similarity) OVER ()) / nullif(max(similarity) OVER () - min(similarity) OVER (), 0), 0)
                    AS similarity_scaled
            FROM pool LEFT JOIN worded USING (id)
        ), best AS (
            SELECT l2_normalize($17) + avg(l2_normalize(embedding)) AS embedding FROM (
                SELECT embedding FROM scaled WHERE embedding IS NOT NULL
                ORDER BY 0.4 * words_scaled + 0.6 * similarity_scaled DESC, id LIMIT 3) AS first
            WHERE $12 = 'hybrid'
        ), fed_back AS (
            SELECT s.*, 1 - (s.embedding <=> (SELECT embedding FROM best)) AS feedback FROM scaled s
        ), ranked AS (
            SELECT id, meaning_rank, similarity, words, CASE $12 WHEN 'keyword' THEN words WHEN 'semantic' THEN similarity ELSE
                0.4 * words_scaled + 0.3 * similarity_scaled + 0.3 * coalesce(
                    (feedback - min(feedback) OVER ()) / nullif(max(feedback) OVER () - min(feedback) OVER (), 0), 0) END AS score
            FROM fed_back ORDER BY score DESC NULLS LAST, id LIMIT $18
        )
        SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text,
            CASE WHEN r.is_worded THEN ts_headline(text_search_configuration(c.language), c.text,
                (SELECT string_agg(t.query::text, ' | ')::tsquery FROM terms t
                 WHERE t.configuration = text_search_configuration(c.language)),
                'HighlightAll=true, StartSel="' || U&'\E000' || '", StopSel="' || U&'\E001' || '"') ELSE c.text END,
            c.start_seconds, c.end_seconds, c.spans,
            (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
             WHERE s.organization_id = $1 AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
            e.span_vectors, CASE WHEN r.is_worded THEN rank() OVER (ORDER BY r.words DESC NULLS LAST) END,
            r.meaning_rank, r.similarity, coalesce(r.score, 0)
        FROM (SELECT ranked.*, EXISTS (SELECT FROM weights w WHERE w.id = ranked.id) AS is_worded FROM ranked) AS r
        JOIN chunks c ON c.organization_id = $1 AND c.id = r.id
        JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
        LEFT JOIN chunk_embeddings e ON e.organization_id = $1 AND e.chunk_id = c.id AND e.model_id = $19
        ORDER BY r.score DESC NULLS LAST, c.id $sql$
    USING p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
        p_query, p_mode, v_any, coalesce(v_chunk_count, 0), v_depth, v_ids, p_embedding, p_limit, p_model_id, v_configurations;
END $function$;
ALTER FUNCTION search_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks FROM public;
GRANT EXECUTE ON FUNCTION search_chunks TO memoreel_app;
