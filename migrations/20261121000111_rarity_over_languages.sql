-- How rare a word of the query is, is counted over all languages together: where few passages are of another language, or of
-- none that is known, their words would seem rare and lead every list.

-- The words of a query as these configurations see them: one row for each and lexeme, with the lexeme as a query and the
-- word's position in the query, which is the same in all of them. What is too common to be looked for in one language is not
-- looked for in texts of unknown language either.
DROP FUNCTION search_terms(text, regconfig[]);
CREATE FUNCTION search_terms(p_query text, p_configurations regconfig[])
RETURNS TABLE (configuration regconfig, lexeme text, query tsquery, place smallint) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT spoken.configuration, found.lexeme,
        ('''' || replace(replace(found.lexeme, '\', '\\'), '''', '''''') || '''')::tsquery, found.place
    FROM unnest(p_configurations) AS spoken(configuration)
    CROSS JOIN LATERAL (
        SELECT word.lexeme, word.positions[1] AS place FROM unnest(to_tsvector(spoken.configuration, p_query)) AS word
        WHERE spoken.configuration <> 'pg_catalog.simple'::regconfig OR NOT EXISTS (
            SELECT FROM unnest(p_configurations) AS other(configuration)
            WHERE other.configuration <> spoken.configuration AND to_tsvector(other.configuration, word.lexeme) = '')
        ORDER BY place LIMIT 32) AS found
$$;

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
            p_from, p_to, p_speaker, p_phrases, p_excluded, v_depth) AS near;
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
