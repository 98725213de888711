-- A search may be narrowed to kinds of passages: what is said or seen in videos, written in documents, written in or of images. The parameters
-- of search_conditions() end with them.

CREATE FUNCTION pg_temp.amend(p_function regproc, VARIADIC p_changes text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_definition text := pg_get_functiondef(p_function);
    v_before text;
BEGIN
    FOR i IN 1 .. cardinality(p_changes) BY 2 LOOP
        v_before := v_definition;
        v_definition := replace(v_definition, p_changes[i], p_changes[i + 1]);
        IF v_definition = v_before THEN
            RAISE EXCEPTION '% does not say %', p_function, p_changes[i];
        END IF;
    END LOOP;
    -- It may have other parameters now, and would stand beside the one that was.
    EXECUTE 'DROP FUNCTION ' || p_function::oid::regprocedure;
    EXECUTE v_definition;
END $$;

SELECT pg_temp.amend('search_conditions',
    'FROM unnest($10) AS unwanted))', 'FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))');
SELECT pg_temp.amend('fitting_chunks',
    'p_excluded text[], p_ids', 'p_excluded text[], p_kinds text[], p_ids',
    'FROM unnest($10) AS unwanted))', 'FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))');
REVOKE ALL ON FUNCTION fitting_chunks FROM public;
GRANT EXECUTE ON FUNCTION fitting_chunks TO memoreel_search;
SELECT pg_temp.amend('matching_chunks',
    'p_excluded text[], p_query', 'p_excluded text[], p_kinds text[], p_query',
    'AND (p_video_id IS NULL OR c.video_id = p_video_id)', 'AND (p_video_id IS NULL OR c.video_id = p_video_id)
                            AND (p_kinds IS NULL OR c.entity_type = ANY(p_kinds))',
    'FROM unnest($10) AS unwanted))', 'FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))');
ALTER FUNCTION matching_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION matching_chunks FROM public;
SELECT pg_temp.amend('nearest_chunks',
    'p_excluded text[], p_near', 'p_excluded text[], p_kinds text[], p_near',
    'p_excluded, v_chosen_ids', 'p_excluded, p_kinds, v_chosen_ids',
    'LIMIT $13', 'LIMIT $14',
    'model_id = $12', 'model_id = $13',
    'e.embedding <=> $11', 'e.embedding <=> $12',
    'p_embedding, p_model_id, p_count;', 'p_kinds, p_embedding, p_model_id, p_count;');
ALTER FUNCTION nearest_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION nearest_chunks FROM public;
SELECT pg_temp.amend('search_chunks_by_meaning',
    'p_excluded text[], p_embedding', 'p_excluded text[], p_kinds text[], p_embedding',
    'p_excluded, v_left', 'p_excluded, p_kinds, v_left',
    'FROM unnest($10) AS unwanted))', 'FROM unnest($10) AS unwanted))
        AND ($11::text[] IS NULL OR c.entity_type = ANY($11))');
ALTER FUNCTION search_chunks_by_meaning OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks_by_meaning FROM public;
GRANT EXECUTE ON FUNCTION search_chunks_by_meaning TO memoreel_app;
SELECT pg_temp.amend('search_chunks',
    'p_to timestamp with time zone, p_near', 'p_to timestamp with time zone, p_kinds text[], p_near',
    'p_excluded, p_near,', 'p_excluded, p_kinds, p_near,',
    'p_excluded, p_worded[', 'p_excluded, p_kinds, p_worded[',
    'p_excluded, p_query,', 'p_excluded, p_kinds, p_query,');
ALTER FUNCTION search_chunks OWNER TO memoreel_search;
REVOKE ALL ON FUNCTION search_chunks FROM public;
GRANT EXECUTE ON FUNCTION search_chunks TO memoreel_app;
DROP FUNCTION pg_temp.amend;
