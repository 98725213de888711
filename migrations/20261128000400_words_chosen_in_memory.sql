-- A search by words counted the words of every passage that has one of them: ten microseconds each, so that common words took
-- seconds in a large organization. Now a process that searches may keep an organization's words in memory, as it keeps vectors,
-- and say which passages have the most of them; the database holds those against its own rules, and adds what is newer.

-- When a passage was last written, so that what was read before is known to be out of date.
ALTER TABLE chunks ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX chunks_written ON chunks (organization_id, written_in);
CREATE FUNCTION note_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_in := pg_current_xact_id();
    RETURN NEW;
END $$;
CREATE TRIGGER chunks_are_written BEFORE UPDATE ON chunks FOR EACH ROW EXECUTE FUNCTION note_writing();

-- How often each word of a query occurs in the passages that the caller may see, and how long those are; only in those written since
-- p_written_since, if that is given. Its parameters are those of search_conditions(), in their order, and then its own. The
-- conditions are written into it here: where they change, it is made anew. It is for search_chunks alone, which has checked who asks.
DROP FUNCTION matching_chunks;
DO $do$ BEGIN
    EXECUTE $sql$
        CREATE FUNCTION matching_chunks(
            p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamptz,
            p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_query text, p_configurations regconfig[],
            p_written_since xid8
        ) RETURNS TABLE (id uuid, place smallint, token_count integer, occurrences double precision)
        LANGUAGE plpgsql STABLE ROWS 500 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $function$
        #variable_conflict use_column
        DECLARE
            -- The terms of the query, by columns.
            v_configurations regconfig[];
            v_queries tsquery[];
            v_places smallint[];
            v_any tsquery;
            v_within tsquery;
            v_titled uuid[];
        BEGIN
            SELECT array_agg(t.configuration), array_agg(t.query), array_agg(t.place), string_agg(DISTINCT t.query::text, ' | ')::tsquery
            INTO v_configurations, v_queries, v_places, v_any FROM search_terms(p_query, p_configurations) AS t;
            v_within := quote_literal(p_organization_id::text)::tsquery && v_any;
            -- Videos that are about the query's words without anybody saying them: the first passage stands for its video.
            IF p_written_since IS NULL THEN
                v_titled := ARRAY(
                    SELECT video_id FROM (
                        SELECT c.video_id, count(*) OVER (PARTITION BY t.place) AS holders
                        FROM chunks c JOIN unnest(v_configurations, v_queries, v_places) AS t(configuration, query, place)
                            ON t.configuration = text_search_configuration(c.language) AND c.context_vector @@ t.query
                        WHERE c.organization_id = p_organization_id AND c.chunk_index = 0
                            AND words_within(c.organization_id, c.context_vector) @@ v_within
                            AND (c.visibility <> 'private' OR c.owner_id = p_user_id OR p_service)
                            AND (p_video_id IS NULL OR c.video_id = p_video_id)
                    ) AS named
                    GROUP BY video_id ORDER BY sum(1.0 / holders) DESC, video_id LIMIT 10);
            END IF;
            -- ts_rank of one lexeme is the partial sum of 1/n² over its occurrences, divided by its limit and ten: within
            -- five per cent f / (f + 0.645), from which the number of occurrences f comes back without unpacking the vector.
            RETURN QUERY WITH found AS (
                SELECT * FROM chunks
                WHERE p_video_id IS NULL AND p_written_since IS NULL AND organization_id = p_organization_id
                    AND (words_within(organization_id, search_vector) @@ v_within OR video_id = ANY(v_titled))
                UNION ALL
                SELECT * FROM chunks
                WHERE p_written_since IS NULL AND organization_id = p_organization_id AND video_id = p_video_id
                    AND (search_vector @@ v_any OR video_id = ANY(v_titled))
                UNION ALL
                SELECT * FROM chunks
                WHERE organization_id = p_organization_id AND written_in >= p_written_since
                    AND written_in < pg_snapshot_xmax(pg_current_snapshot())
                    AND (search_vector @@ v_any OR context_vector @@ v_any)
            )
            SELECT counted.id, counted.place, counted.token_count,
                0.645 * counted.said / (1.0001 - counted.said) + counted.about
            FROM (
                SELECT c.id, c.token_count, t.place, 10 * ts_rank(c.search_vector, t.query)::double precision AS said,
                    CASE WHEN c.context_vector @@ t.query THEN 1 ELSE 0 END::double precision AS about
                FROM found c JOIN videos v ON v.organization_id = c.organization_id AND v.id = c.video_id
                JOIN unnest(v_configurations, v_queries, v_places) AS t(configuration, query, place)
                    ON t.configuration = text_search_configuration(c.language)
                WHERE $sql$ || search_conditions() || $sql$
            ) AS counted
            WHERE counted.said > 0 OR counted.about > 0;
        END $function$ $sql$;
END $do$;
ALTER FUNCTION matching_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION matching_chunks FROM public;

-- The best p_limit of these passages, all of which the caller may see, with what is shown of them; p_words and p_ranks, by meaning, are
-- theirs. It is for search_chunks alone.
CREATE FUNCTION ranked_chunks(
    p_organization_id uuid, p_mode text, p_query text, p_configurations regconfig[], p_embedding vector, p_model_id uuid,
    p_ids uuid[], p_words double precision[], p_ranks bigint[], p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz,
    text text, configuration text, lexemes text[], start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb,
    span_vectors bytea, words_rank bigint, meaning_rank bigint, similarity double precision, score double precision
) LANGUAGE plpgsql STABLE ROWS 100 SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH terms AS MATERIALIZED (
            SELECT t.configuration, string_agg(t.query::text, ' | ')::tsquery AS queries, array_agg(t.lexeme) AS lexemes
            FROM search_terms(p_query, p_configurations) AS t GROUP BY t.configuration
        ), pool AS MATERIALIZED (
            SELECT given.id, given.words, given.rank AS meaning_rank, e.embedding, 1 - (e.embedding <=> p_embedding) AS similarity
            FROM unnest(p_ids, p_words, p_ranks) AS given(id, words, rank)
            LEFT JOIN chunk_embeddings e ON e.organization_id = p_organization_id AND e.chunk_id = given.id
                AND e.model_id = p_model_id AND p_mode <> 'keyword'
        ), scaled AS MATERIALIZED (
            SELECT *, coalesce(words / nullif(max(words) OVER (), 0), 0) AS words_scaled,
                coalesce((similarity - min(similarity) OVER ()) / nullif(max(similarity) OVER () - min(similarity) OVER (), 0), 0)
                    AS similarity_scaled
            FROM pool
        ), best AS (
            SELECT l2_normalize(p_embedding) + avg(l2_normalize(embedding)) AS embedding FROM (
                SELECT embedding FROM scaled WHERE embedding IS NOT NULL
                ORDER BY 0.4 * words_scaled + 0.6 * similarity_scaled DESC, id LIMIT 3) AS first
            WHERE p_mode = 'hybrid'
        ), fed_back AS (
            SELECT s.*, 1 - (s.embedding <=> (SELECT embedding FROM best)) AS feedback FROM scaled s
        ), ranked AS (
            SELECT id, meaning_rank, similarity, words, CASE p_mode WHEN 'keyword' THEN words WHEN 'semantic' THEN similarity ELSE
                0.4 * words_scaled + 0.3 * similarity_scaled + 0.3 * coalesce(
                    (feedback - min(feedback) OVER ()) / nullif(max(feedback) OVER () - min(feedback) OVER (), 0), 0) END AS score
            FROM fed_back ORDER BY score DESC NULLS LAST, id LIMIT p_limit
        ), hits AS (
            -- What lies around a passage lends it words that it does not have itself.
            SELECT r.*, c.video_id, c.text, c.language, c.start_seconds, c.end_seconds, c.spans, c.speakers, t.lexemes,
                r.words > 0 AND (c.search_vector @@ t.queries OR c.context_vector @@ t.queries) AS is_worded
            FROM ranked r JOIN chunks c ON c.organization_id = p_organization_id AND c.id = r.id
            LEFT JOIN terms t ON t.configuration = text_search_configuration(c.language)
        )
        SELECT h.id, h.video_id, v.title, v.channel_id, v.asset_id, v.created_at, h.text,
            text_search_configuration(h.language)::text, coalesce(h.lexemes, '{}'),
            h.start_seconds, h.end_seconds, h.spans,
            (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
             WHERE s.organization_id = p_organization_id AND s.video_id = h.video_id AND s.label = ANY(h.speakers)),
            e.span_vectors, CASE WHEN h.is_worded THEN rank() OVER (ORDER BY h.words DESC NULLS LAST) END,
            h.meaning_rank, h.similarity, coalesce(h.score, 0)
        FROM hits h JOIN videos v ON v.organization_id = p_organization_id AND v.id = h.video_id
        LEFT JOIN chunk_embeddings e ON e.organization_id = p_organization_id AND e.chunk_id = h.id AND e.model_id = p_model_id
        ORDER BY h.score DESC NULLS LAST, h.id;
END $$;
ALTER FUNCTION ranked_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION ranked_chunks FROM public;

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
-- `lexemes` are the roots of the query's words in the passage's language, whose text search configuration is `configuration`: marking
-- words here (ts_headline) took longer than everything else.
-- p_near and p_near_before are as in nearest_chunks. Where p_worded is given, its first p_worded_best are the best by words among all
-- that was written before p_worded_before, best first, of which there are more if p_worded_is_cut; the rest may be near.
-- p_worded_words are their `words` as above.
-- p_places and p_rarities say how much a word at a place of the query counts, p_length how long passages are, and
-- p_surroundings how long with what lies around them. What was written since is counted here.
DROP FUNCTION search_chunks;
CREATE FUNCTION search_chunks(
    p_organization_id uuid, p_user_id uuid, p_mode text, p_query text, p_phrases text[], p_excluded text[], p_embedding vector,
    p_model_id uuid, p_video_id uuid, p_channel_id uuid, p_speaker text, p_from timestamptz, p_to timestamptz,
    p_near uuid[], p_near_before xid8, p_worded uuid[], p_worded_words double precision[], p_worded_best integer,
    p_worded_is_cut boolean, p_worded_before xid8, p_places smallint[], p_rarities double precision[], p_length double precision, p_surroundings double precision, p_limit integer
) RETURNS TABLE (
    chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz,
    text text, configuration text, lexemes text[], start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb,
    span_vectors bytea, words_rank bigint, meaning_rank bigint, similarity double precision, score double precision
) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET work_mem = '32MB'
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_service boolean := current_setting('app.role', true) IS NOT DISTINCT FROM 'service';
    -- Of each kind; what only both together, or what lies around it, would raise is rarely below.
    v_depth integer := CASE p_mode WHEN 'keyword' THEN 2 * p_limit + 20 ELSE greatest(p_limit, 200) END;
    v_configurations regconfig[] := search_configurations(p_organization_id);
    v_chunk_count bigint;
    v_near uuid[] := '{}';
    v_ids uuid[];
    v_words double precision[];
    -- By words alone, about as many as are shown are enough.
    v_wanted integer := CASE p_mode WHEN 'keyword' THEN p_limit ELSE v_depth END;
    v_taken integer := least(p_worded_best, v_wanted + v_wanted / 8 + 8);
    v_counted boolean;
    v_renewed boolean;
    v_chosen uuid[];
    v_chosen_distances double precision[];
    v_ranks bigint[];
BEGIN
    IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
        OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'search_chunks is asked for another caller than the transaction''s' USING ERRCODE = '42501';
    END IF;

    IF p_mode <> 'keyword' THEN
        SELECT array_agg(near.id ORDER BY near.distance, near.id) INTO v_near
        FROM nearest_chunks(p_organization_id, p_user_id, v_service, p_embedding, p_model_id, p_video_id, p_channel_id,
            p_from, p_to, p_speaker, p_phrases, p_excluded, p_near, p_near_before, v_depth) AS near;
    END IF;

    WHILE p_worded IS NOT NULL LOOP
        SELECT fitting.ids, fitting.distances INTO v_chosen, v_chosen_distances
        FROM fitting_chunks(p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker, p_phrases,
            p_excluded, p_worded[1:v_taken], ARRAY(SELECT -words FROM unnest(p_worded_words[1:v_taken]) AS words), v_wanted) AS fitting;
        EXIT WHEN v_taken = p_worded_best OR cardinality(v_chosen) >= v_wanted;
        v_taken := p_worded_best;
    END LOOP;
    -- Where too few of the best are left, everything is counted.
    v_counted := p_worded IS NULL OR p_worded_is_cut AND coalesce(cardinality(v_chosen), 0) < p_limit;
    v_renewed := NOT v_counted AND EXISTS (SELECT FROM chunks WHERE organization_id = p_organization_id
        AND written_in >= p_worded_before AND written_in < pg_snapshot_xmax(pg_current_snapshot()));

    IF v_counted OR v_renewed THEN
        -- How rare a word is, is a question of where one looks.
        IF p_video_id IS NULL THEN
            SELECT chunk_count INTO v_chunk_count FROM organization_chunk_counts WHERE organization_id = p_organization_id;
        ELSE
            SELECT count(*) INTO v_chunk_count FROM chunks c WHERE c.organization_id = p_organization_id AND c.video_id = p_video_id;
        END IF;
        WITH weights AS MATERIALIZED (
            SELECT * FROM matching_chunks(p_organization_id, p_user_id, v_service, p_video_id, p_channel_id, p_from, p_to, p_speaker,
                p_phrases, p_excluded, p_query, v_configurations, CASE WHEN v_renewed THEN p_worded_before END)
            WHERE p_mode <> 'semantic'
        ), rarity AS (
            SELECT place, ln(1 + (greatest(coalesce(v_chunk_count, 0) - count(*), 0) + 0.5) / (count(*) + 0.5)) AS idf
            FROM weights WHERE v_counted GROUP BY place
            UNION ALL
            SELECT given.place, given.idf FROM unnest(p_places, p_rarities) AS given(place, idf) WHERE v_renewed
        ), by_words AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM (SELECT id, place, occurrences,
                      token_count / nullif(CASE WHEN v_renewed THEN p_length ELSE avg(token_count) OVER () END, 0) AS relative_length
                  FROM weights) AS measured
            JOIN rarity USING (place) GROUP BY id ORDER BY words DESC, id LIMIT v_depth
        ), pool AS MATERIALIZED (
            SELECT c.id, c.entity_id, c.chunk_index
            FROM (SELECT id FROM by_words UNION SELECT near.id FROM unnest(v_near) AS near(id)) AS found
            JOIN chunks c ON c.organization_id = p_organization_id AND c.id = found.id
        ), surroundings AS MATERIALIZED (
            SELECT id, neighbour_id, share, sum(share * token_count) OVER (PARTITION BY id) AS length
            FROM (
                SELECT p.id, n.id AS neighbour_id, n.token_count,
                    CASE abs(n.chunk_index - p.chunk_index) WHEN 0 THEN 1 WHEN 1 THEN 0.5 ELSE 0.3 END::double precision AS share
                FROM pool p JOIN chunks n ON n.organization_id = p_organization_id AND n.entity_type = 'transcript'
                    AND n.entity_id = p.entity_id AND n.chunk_index BETWEEN p.chunk_index - 2 AND p.chunk_index + 2
                WHERE p_mode <> 'semantic') AS near
        ), lent AS (
            SELECT s.id, w.place, sum(s.share * w.occurrences) AS occurrences, min(s.length) / nullif(CASE WHEN v_renewed THEN p_surroundings
                ELSE (SELECT avg(length) FROM (SELECT DISTINCT id, length FROM surroundings) AS lengths) END, 0) AS relative_length
            FROM surroundings s JOIN weights w ON w.id = s.neighbour_id GROUP BY s.id, w.place
        ), worded AS (
            SELECT id, sum(idf * occurrences * 2.2 / (occurrences + 1.2 * (0.25 + 0.75 * coalesce(relative_length, 1)))) AS words
            FROM lent JOIN rarity USING (place) GROUP BY id
        )
        SELECT array_agg(worded.id), array_agg(worded.words) INTO v_ids, v_words FROM worded JOIN pool USING (id);
    END IF;

    IF NOT v_counted THEN
        -- What is near fits, too; what was written since has been counted above and is taken from there.
        SELECT v_ids || array_agg(chosen.id), v_words || array_agg(chosen.words) INTO v_ids, v_words
        FROM (
            SELECT best.id, -best.distance AS words FROM unnest(v_chosen, v_chosen_distances) AS best(id, distance)
            UNION ALL
            SELECT id, words FROM unnest(p_worded[p_worded_best + 1:], p_worded_words[p_worded_best + 1:]) AS other(id, words)
            JOIN unnest(v_near) AS near(id) USING (id)
        ) AS chosen
        WHERE NOT v_renewed OR NOT EXISTS (SELECT FROM chunks c WHERE c.organization_id = p_organization_id AND c.id = chosen.id
            AND c.written_in >= p_worded_before AND c.written_in < pg_snapshot_xmax(pg_current_snapshot()));
    END IF;

    SELECT array_agg(id), array_agg(words), array_agg(rank) INTO v_ids, v_words, v_ranks
    FROM unnest(v_ids, v_words) AS worded(id, words)
    FULL JOIN unnest(v_near) WITH ORDINALITY AS near(id, rank) USING (id);
    RETURN QUERY SELECT * FROM ranked_chunks(p_organization_id, p_mode, p_query, v_configurations, p_embedding, p_model_id,
        v_ids, v_words, v_ranks, p_limit);
END $$;
ALTER FUNCTION search_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks FROM public;
GRANT EXECUTE ON FUNCTION search_chunks TO memoreel_app;
-- Reads nothing.
GRANT EXECUTE ON FUNCTION search_terms TO memoreel_app;
