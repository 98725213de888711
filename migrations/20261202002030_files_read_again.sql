-- Images and documents are read again when somebody wants that. It is asked for again and again with nothing else changed, so that it is told by
-- the time at which it was asked for.

CREATE TRIGGER audit_reread AFTER UPDATE OF metadata ON assets FOR EACH ROW
    WHEN (current_setting('app.role', true) IS DISTINCT FROM 'service' AND NEW.metadata ? 'reread_asked_at'
        AND (NEW.metadata -> 'reread_asked_at') IS DISTINCT FROM (OLD.metadata -> 'reread_asked_at'))
    EXECUTE FUNCTION record_audit('asset.reread_wanted', '=filename');
