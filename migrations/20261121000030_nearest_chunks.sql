-- Finding the passages nearest in meaning becomes a function of its own, so that it and the ranking change apart.

-- What may be found at all: conditions on `chunks c` and `videos v` over the parameters $1 organization, $2 user, $3 whether
-- the caller is the service itself, $4 video, $5 channel, $6 from, $7 to, $8 speaker, $9 phrases and $10 excluded phrases.
-- Statements built with it are planned with the values, so that filters nobody asked for vanish.
CREATE FUNCTION search_conditions() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $function$
    SELECT $sql$
        c.organization_id = $1 AND v.deleted_at IS NULL
        AND (c.visibility <> 'private' OR c.owner_id = $2 OR $3)
        AND ($4::uuid IS NULL OR c.video_id = $4)
        AND ($5::uuid IS NULL OR v.channel_id = $5)
        AND ($6::timestamptz IS NULL OR v.created_at >= $6)
        AND ($7::timestamptz IS NULL OR v.created_at <= $7)
        AND ($8::text IS NULL OR EXISTS (SELECT FROM speakers s WHERE s.organization_id = $1 AND s.video_id = c.video_id
            AND s.label = ANY(c.speakers) AND (lower(s.label) = lower($8) OR lower(s.name) = lower($8))))
        AND (cardinality($9::text[]) = 0 OR (SELECT bool_and(
            -- Stems alone would take one stop word for another; only passages that pass them are read word by word.
            CASE WHEN c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), wanted)
                 THEN to_tsvector('simple', c.text) @@ phraseto_tsquery('simple', wanted) ELSE false END) FROM unnest($9) AS wanted))
        AND (cardinality($10::text[]) = 0 OR NOT (SELECT bool_or(
            c.search_vector @@ phraseto_tsquery(text_search_configuration(c.language), unwanted)) FROM unnest($10) AS unwanted))
    $sql$
$function$;

-- The passages of one organization whose vectors are nearest to p_embedding by cosine distance, nearest first, among those
-- that fit search_conditions(). p_count rows whenever there are as many: exactly up to 20,000 passages and through the
-- model's HNSW index above that, again exactly when the index returned too few.
--
-- It belongs to memoreel_search and is called by search_chunks alone, which has checked who is asking.
CREATE FUNCTION nearest_chunks(
    p_organization_id uuid, p_user_id uuid, p_service boolean, p_embedding vector, p_model_id uuid, p_video_id uuid,
    p_channel_id uuid, p_from timestamptz, p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_count integer
) RETURNS TABLE (id uuid, distance double precision)
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp SET work_mem = '32MB' AS $function$
DECLARE
    v_chunk_count bigint;
    v_dimensions integer;
    v_nearest text;
    v_ids uuid[] := '{}';
    v_distances double precision[] := '{}';
BEGIN
    SELECT chunk_count INTO v_chunk_count FROM organization_chunk_counts WHERE organization_id = p_organization_id;
    SELECT dimensions INTO v_dimensions FROM embedding_models m WHERE m.id = p_model_id;
    v_nearest := $sql$
        SELECT array_agg(id ORDER BY distance, id), array_agg(distance ORDER BY distance, id) FROM (
            SELECT c.id, %1$s AS distance
            FROM chunk_embeddings e
            JOIN chunks c ON c.organization_id = e.organization_id AND c.id = e.chunk_id
            JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
            WHERE e.organization_id = $1 AND e.model_id = %2$L AND $sql$ || search_conditions() || $sql$
            ORDER BY %1$s LIMIT $12
        ) AS nearest $sql$;
    IF v_chunk_count > 20000 AND p_video_id IS NULL THEN
        PERFORM set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '200', true);
        EXECUTE format(v_nearest,
            CASE WHEN v_dimensions <= 2000 THEN format('e.embedding::vector(%1$s) <=> $11::vector(%1$s)', v_dimensions)
                 ELSE format('e.embedding::halfvec(%1$s) <=> $11::halfvec(%1$s)', v_dimensions) END, p_model_id)
        INTO v_ids, v_distances
        USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker,
            p_phrases, p_excluded, p_embedding, p_count;
    END IF;
    IF coalesce(cardinality(v_ids), 0) < p_count THEN
        -- Without the cast this is not the index's expression: every passage is compared.
        EXECUTE format(v_nearest, 'e.embedding <=> $11', p_model_id)
        INTO v_ids, v_distances
        USING p_organization_id, p_user_id, p_service, p_video_id, p_channel_id, p_from, p_to, p_speaker,
            p_phrases, p_excluded, p_embedding, p_count;
    END IF;
    RETURN QUERY SELECT near.id, near.distance
        FROM unnest(v_ids, v_distances) WITH ORDINALITY AS near(id, distance, rank) ORDER BY near.rank;
END $function$;
ALTER FUNCTION nearest_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION nearest_chunks FROM public;

-- Passages of one organization that the caller may see, best first.
--
-- p_mode is 'keyword', 'semantic' or 'hybrid'. By words: BM25 (Robertson and Zaragoza 2009; k1 = 1.2, b = 0.75) over any of
-- the query's words. By meaning: nearest_chunks. Both: reciprocal rank fusion (Cormack, Clarke and Büttcher 2009,
-- k = 60). Every one of p_phrases must occur, word by word, and none of p_excluded may, in any form.
-- `marked` is the text with U+E000 before and U+E001 after each word that matched.
CREATE OR REPLACE FUNCTION search_chunks(
    p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[],
    p_embedding vector, p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text,
    p_from timestamptz, p_to timestamptz, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz, text text,
    marked text, start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb, span_vectors bytea,
    words_rank bigint, meaning_rank bigint, similarity double precision, score double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '32MB' AS $function$
DECLARE
    v_service boolean := current_setting('app.role', true) = 'service';
    v_depth integer := greatest(p_limit, 100);
    v_any tsquery;
    v_conditions text;
    v_chunk_count bigint;
    v_ids uuid[] := '{}';
    v_distances double precision[] := '{}';
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;

    v_conditions := search_conditions();

    SELECT chunk_count INTO v_chunk_count FROM organization_chunk_counts WHERE organization_id = p_organization_id;
    IF p_mode <> 'keyword' THEN
        SELECT array_agg(near.id ORDER BY near.distance, near.id), array_agg(near.distance ORDER BY near.distance, near.id)
        INTO v_ids, v_distances
        FROM nearest_chunks(p_organization_id, p_user_id, v_service, p_embedding, p_model_id, p_video_id, p_channel_id,
            p_from, p_to, p_speaker, p_phrases, p_excluded, v_depth) AS near;
    END IF;

    SELECT string_agg(DISTINCT t.query::text, ' | ')::tsquery INTO v_any FROM search_terms(p_query) AS t;

    RETURN QUERY EXECUTE $sql$
        WITH terms AS MATERIALIZED (
            SELECT * FROM search_terms($11)
        ), candidates AS MATERIALIZED (
            SELECT c.id, text_search_configuration(c.language) AS configuration, c.search_vector,
                c.token_count::double precision / nullif(avg(c.token_count) OVER (), 0) AS relative_length
            FROM chunks c JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
            WHERE $12 <> 'semantic' AND c.search_vector @@ $13 AND $sql$ || v_conditions || $sql$
        ), weights AS MATERIALIZED (
            -- ts_rank of one lexeme is the partial sum of 1/n² over its occurrences, divided by its limit and ten: within
            -- five per cent f / (f + 0.645), from which the number of occurrences f comes back without unpacking the vector.
            SELECT id, lexeme, relative_length, 0.645 * saturation / (1.0001 - saturation) AS occurrences
            FROM (SELECT d.id, t.lexeme, coalesce(d.relative_length, 1) AS relative_length,
                      10 * ts_rank(d.search_vector, t.query) AS saturation
                  FROM candidates d JOIN terms t USING (configuration)) AS ranked
            WHERE saturation > 0
        ), rarity AS (
            SELECT lexeme, ln(1 + (greatest($14 - count(*), 0) + 0.5) / (count(*) + 0.5)) AS idf FROM weights GROUP BY lexeme
        ), by_words AS (
            SELECT id, row_number() OVER (ORDER BY sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * relative_length))) DESC, id) AS rank
            FROM weights JOIN rarity USING (lexeme) GROUP BY id ORDER BY rank LIMIT $15
        ), by_meaning AS (
            SELECT near.id, 1 - near.distance AS similarity, near.rank
            FROM unnest($16::uuid[], $17::double precision[]) WITH ORDINALITY AS near(id, distance, rank)
        ), fused AS (
            SELECT id, w.rank AS words_rank, m.rank AS meaning_rank, m.similarity,
                coalesce(1.0 / (60 + w.rank), 0)::double precision + coalesce(1.0 / (60 + m.rank), 0)::double precision AS score
            FROM by_words w FULL JOIN by_meaning m USING (id)
            ORDER BY score DESC, least(w.rank, m.rank), id LIMIT $18
        )
        SELECT c.id, c.video_id, v.title, v.channel_id, v.asset_id, v.created_at, c.text,
            CASE WHEN f.words_rank IS NULL THEN c.text ELSE ts_headline(text_search_configuration(c.language), c.text,
                (SELECT string_agg(t.query::text, ' | ')::tsquery FROM terms t
                 WHERE t.configuration = text_search_configuration(c.language)),
                'HighlightAll=true, StartSel="' || U&'\E000' || '", StopSel="' || U&'\E001' || '"') END,
            c.start_seconds, c.end_seconds, c.spans,
            (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
             WHERE s.organization_id = $1 AND s.video_id = c.video_id AND s.label = ANY(c.speakers)),
            e.span_vectors, f.words_rank, f.meaning_rank, f.similarity, f.score
        FROM fused f
        JOIN chunks c ON c.organization_id = $1 AND c.id = f.id
        JOIN videos v ON v.organization_id = $1 AND v.id = c.video_id
        LEFT JOIN chunk_embeddings e ON e.organization_id = $1 AND e.chunk_id = c.id AND e.model_id = $19
        ORDER BY f.score DESC, least(f.words_rank, f.meaning_rank), c.id $sql$
    USING p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases, p_excluded,
        p_query, p_mode, v_any, coalesce(v_chunk_count, 0), v_depth, v_ids, v_distances, p_limit, p_model_id;
END $function$;
