-- Nobody writes any meanwhile.
LOCK TABLE asset_terms IN SHARE ROW EXCLUSIVE MODE;

-- Assets are found by numbers of their metadata whichever way these are spelled: 1e2 is 100, and 0.50 is 0.5. What is kept and what is looked
-- for are spelled by the same function. Terms of tags and of metadata begin differently, so that none is taken for one of the other.
CREATE FUNCTION asset_terms_of(p_tags text[], p_metadata jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(found.term), '{}') FROM (
        SELECT 'tag:' || tag AS term FROM unnest(p_tags) AS tag
        UNION
        SELECT 'data:' || named.key || '=' || spelled.value
        FROM jsonb_each(CASE jsonb_typeof(p_metadata) WHEN 'object' THEN p_metadata ELSE '{}' END) AS named
        CROSS JOIN LATERAL (SELECT CASE jsonb_typeof(named.value)
            WHEN 'number' THEN trim_scale(named.value::numeric)::text
            WHEN 'string' THEN named.value #>> '{}'
            WHEN 'boolean' THEN named.value #>> '{}' END AS value) AS spelled
        -- Longer ones are kept, and not found by; a list and an object are no term either.
        WHERE length(spelled.value) <= 500
    ) AS found
$$;

CREATE OR REPLACE FUNCTION asset_terms_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM asset_terms WHERE organization_id = NEW.organization_id AND asset_id = NEW.id;
    INSERT INTO asset_terms (organization_id, term, asset_id)
    SELECT NEW.organization_id, term, NEW.id FROM unnest(asset_terms_of(NEW.tags, NEW.custom_metadata)) AS term;
    RETURN NULL;
END $$;

-- A few for each asset that has any, written once.
DELETE FROM asset_terms;
INSERT INTO asset_terms (organization_id, term, asset_id)
    SELECT a.organization_id, term, a.id FROM assets a CROSS JOIN LATERAL unnest(asset_terms_of(a.tags, a.custom_metadata)) AS term
    WHERE a.tags <> '{}' OR a.custom_metadata <> '{}';
