-- What was stored of an upload that becomes nothing goes as well when its row is deleted while it is about to be stored. Where its asset went
-- before, that was told then.
CREATE TRIGGER leavings_follow_deleted_uploads AFTER DELETE ON uploads
    FOR EACH ROW WHEN (OLD.status = 'received' AND OLD.asset_id IS NOT NULL)
    EXECUTE FUNCTION leavings_follow_uploads();
