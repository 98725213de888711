-- What people write on the asset of a recording is in the audit log, as it is of images and documents. What background tasks write is not:
-- they set other columns, or act as the service. Until a recording is stored, it is not known of what kind it is.
DROP TRIGGER audit_replacement ON assets;
CREATE TRIGGER audit_recording AFTER UPDATE OF filename, folder_id, tags, custom_metadata, description, replacement_id ON assets
    FOR EACH ROW WHEN (coalesce(NEW.kind, 'video') IN ('video', 'audio')
        AND (NEW.filename, NEW.folder_id, NEW.tags, NEW.custom_metadata, NEW.description, NEW.replacement_id)
            IS DISTINCT FROM (OLD.filename, OLD.folder_id, OLD.tags, OLD.custom_metadata, OLD.description, OLD.replacement_id)
        AND current_setting('app.role', true) IS DISTINCT FROM 'service')
    EXECUTE FUNCTION record_audit('asset', 'filename', 'folder_id', 'tags', 'custom_metadata', 'description', 'replacement_id');

-- The entries about the files of private videos go with them.
CREATE FUNCTION pg_temp.amend(p_function regproc, p_before text, p_after text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    v_definition text := pg_get_functiondef(p_function);
BEGIN
    IF strpos(v_definition, p_before) = 0 THEN
        RAISE EXCEPTION '% does not say %', p_function, p_before;
    END IF;
    EXECUTE replace(v_definition, p_before, p_after);
END $$;
SELECT pg_temp.amend('erase_person', '|| v_videos::text[] || v_audited::text[]', '|| v_videos::text[] || v_assets::text[] || v_audited::text[]');
DROP FUNCTION pg_temp.amend(regproc, text, text);
