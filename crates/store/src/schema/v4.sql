-- What keeps a job's tasks from beginning, so that those that wait are counted apart: 'held' (paused, or being cancelled),
-- 'blocked' (by other jobs), 'delayed'; NULL: nothing does.
ALTER TABLE served ADD COLUMN hold TEXT;
UPDATE served SET hold = CASE WHEN cancelled = 1 OR paused = 1 THEN 'held' WHEN needs > 0 THEN 'blocked'
    WHEN due IS NOT NULL THEN 'delayed' END;

CREATE INDEX served_stopped ON served (job) WHERE ended IS NOT NULL AND (cancelled = 1 OR stopped > 0);
