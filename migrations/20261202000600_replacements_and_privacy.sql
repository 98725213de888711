-- What somebody else is about to put in place of a recording is given up when that becomes private: its file is its author's alone from then on.
CREATE FUNCTION replacements_follow_video() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- The asset before its uploads, as everywhere.
    UPDATE assets a SET replacement_id = NULL, metadata = a.metadata - 'replacement_error'
        FROM uploads u WHERE a.organization_id = NEW.organization_id AND a.id = NEW.asset_id
            AND u.organization_id = a.organization_id AND u.id = a.replacement_id AND u.user_id IS DISTINCT FROM NEW.author_id;
    UPDATE uploads SET status = 'terminated', source = NULL
        WHERE organization_id = NEW.organization_id AND replaces_id = NEW.asset_id AND user_id IS DISTINCT FROM NEW.author_id
            AND status IN ('importing', 'received');
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION replacements_follow_video() FROM public;
CREATE TRIGGER videos_lead_replacements AFTER UPDATE OF visibility ON videos
    FOR EACH ROW WHEN (NEW.asset_id IS NOT NULL AND NEW.visibility = 'private' AND OLD.visibility <> 'private')
    EXECUTE FUNCTION replacements_follow_video();

-- A file name whose end says what another file is: `Weekly call.mov` as `Weekly call.mp4`.
CREATE FUNCTION renamed(p_filename text, p_extension text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(regexp_replace(p_filename, '(.)\.[^.]*$', '\1'), 254 - char_length(p_extension)) || '.' || p_extension
$$;
