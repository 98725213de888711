-- A search by meaning alone compares what was chosen in memory, holds it against the conditions and reads what is shown of it in
-- one statement: each passage and its video is looked up once, and only as many as are wanted. Three statements in three
-- functions looked up twice as many, which took longer than everything else.
DROP FUNCTION search_chunks_by_meaning;
-- Passages of one organization that the caller may see, nearest in meaning first. `search_chunks` in its mode 'semantic' would
-- find the same; this does without everything that has to do with words. p_near and p_near_before are as in nearest_chunks.
-- Its parameters are those of search_conditions(), in their order, and then its own. The conditions are written into it here: where
-- they change, it is made anew.
DO $do$ BEGIN
    EXECUTE $sql$
        CREATE FUNCTION search_chunks_by_meaning(
            p_organization_id uuid, p_user_id uuid, p_service boolean, p_video_id uuid, p_channel_id uuid, p_from timestamptz,
            p_to timestamptz, p_speaker text, p_phrases text[], p_excluded text[], p_embedding vector, p_model_id uuid,
            p_near uuid[], p_near_before xid8, p_limit integer
        ) RETURNS TABLE (
            chunk_id uuid, video_id uuid, video_title text, channel_id uuid, asset_id uuid, video_created_at timestamptz,
            text text, start_seconds double precision, end_seconds double precision, spans jsonb, speaker_names jsonb,
            span_vectors bytea, meaning_rank bigint, similarity double precision
        ) LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan
        SET enable_seqscan = off SET enable_sort = off AS $function$
        #variable_conflict use_column
        DECLARE
            v_chosen integer := p_limit + p_limit / 8 + 8;
            -- Nothing is left of what was chosen once that was looked through.
            v_left uuid[] := CASE WHEN p_near IS NOT NULL THEN '{}'::uuid[] END;
            v_ids uuid[];
            v_distances double precision[];
        BEGIN
            IF p_organization_id IS DISTINCT FROM nullif(current_setting('app.organization_id', true), '')::uuid
                OR p_user_id IS DISTINCT FROM nullif(current_setting('app.user_id', true), '')::uuid
                OR p_service IS DISTINCT FROM (current_setting('app.role', true) IS NOT DISTINCT FROM 'service') THEN
                RAISE EXCEPTION 'search_chunks_by_meaning is asked for another caller than the transaction''s'
                    USING ERRCODE = '42501';
            END IF;
            -- Nobody looks for anything in one video for which it would pay to look at others.
            WHILE p_near IS NOT NULL AND p_video_id IS NULL LOOP
                RETURN QUERY SELECT hit.chunk_id, hit.video_id, hit.title, hit.channel_id, hit.asset_id, hit.created_at, hit.text,
                    hit.start_seconds, hit.end_seconds, hit.spans,
                    (SELECT jsonb_object_agg(s.label, coalesce(s.name, s.label)) FROM speakers s
                     WHERE s.organization_id = p_organization_id AND s.video_id = hit.video_id AND s.label = ANY(hit.speakers)),
                    hit.span_vectors, hit.rank, 1 - hit.distance
                FROM (SELECT *, row_number() OVER (ORDER BY distance, chunk_id) AS rank, count(*) OVER () AS count FROM (
                    SELECT near.chunk_id, near.distance, near.span_vectors, c.video_id, c.text, c.start_seconds, c.end_seconds,
                        c.spans, c.speakers, v.title, v.channel_id, v.asset_id, v.created_at
                    FROM (
                        SELECT e.chunk_id, e.embedding <=> p_embedding AS distance, e.span_vectors
                        FROM unnest(p_near[1:v_chosen]) AS given(chunk_id)
                        CROSS JOIN LATERAL (SELECT * FROM chunk_embeddings WHERE organization_id = p_organization_id
                            AND chunk_id = given.chunk_id AND model_id >= p_model_id ORDER BY model_id LIMIT 1) AS e
                        -- But those of the other part; rows of another server's database have numbers that are yet to come.
                        WHERE e.model_id = p_model_id AND (e.written_in >= p_near_before
                            AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())) IS NOT TRUE
                        UNION ALL
                        SELECT e.chunk_id, e.embedding <=> p_embedding, e.span_vectors FROM chunk_embeddings e
                        WHERE e.organization_id = p_organization_id AND e.model_id = p_model_id
                            AND e.written_in >= p_near_before AND e.written_in < pg_snapshot_xmax(pg_current_snapshot())
                        ORDER BY 2, 1 LIMIT v_chosen) AS near
                    CROSS JOIN LATERAL (SELECT * FROM chunks WHERE organization_id = p_organization_id AND id >= near.chunk_id
                        ORDER BY organization_id, id LIMIT 1) AS c
                    CROSS JOIN LATERAL (SELECT * FROM videos WHERE organization_id = p_organization_id AND id >= c.video_id
                        ORDER BY organization_id, id LIMIT 1) AS v
                    WHERE c.id = near.chunk_id AND v.id = c.video_id AND $sql$ || search_conditions() || $sql$
                    ORDER BY near.distance, near.chunk_id LIMIT p_limit) AS fitting) AS hit
                WHERE hit.count = p_limit ORDER BY hit.rank;
                IF FOUND THEN
                    RETURN;
                END IF;
                EXIT WHEN v_chosen >= cardinality(p_near);
                v_chosen := CASE WHEN v_chosen * 10 < cardinality(p_near) THEN v_chosen * 8 ELSE cardinality(p_near) END;
            END LOOP;
            -- Too little of what was chosen is left, or nothing was. By itself, because it sees what is committed while it runs,
            -- which a statement around it would not find.
            SELECT array_agg(near.id ORDER BY near.rank), array_agg(near.distance ORDER BY near.rank) INTO v_ids, v_distances
            FROM nearest_chunks(p_organization_id, p_user_id, p_service, p_embedding, p_model_id, p_video_id, p_channel_id, p_from,
                p_to, p_speaker, p_phrases, p_excluded, v_left, NULL, p_limit)
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
        END $function$ $sql$;
END $do$;
ALTER FUNCTION search_chunks_by_meaning OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks_by_meaning FROM public;
GRANT EXECUTE ON FUNCTION search_chunks_by_meaning TO memoreel_app;
