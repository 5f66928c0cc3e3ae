-- The unit that waits is the job. It stands in the line of its queue while a task of it may be claimed, and what keeps it from
-- that (a pause, a delay, another job) is written once, whatever number of tasks it has.

-- Jobs of which a task may be claimed now, in their order. A job with a task that waits and nothing that holds it stands here;
-- one that has none left is dropped by the claim that finds so.
CREATE TABLE line (
    queue INTEGER NOT NULL,
    rank  INTEGER NOT NULL,
    job   INTEGER NOT NULL,
    PRIMARY KEY (queue, rank, job)
) STRICT, WITHOUT ROWID;
INSERT INTO line SELECT queue, rank, job FROM served WHERE cancelled = 0 AND waiting > 0;

-- How often a task was tried that is to be tried again.
CREATE TABLE tried (
    task     INTEGER PRIMARY KEY,
    attempts INTEGER NOT NULL
) STRICT;
INSERT INTO tried SELECT task, tried FROM waiting WHERE tried > 0;
DROP TABLE waiting;

-- Tasks in the state 'delayed': they are tried again, and not before then.
CREATE TABLE delayed (
    task INTEGER PRIMARY KEY,
    due  INTEGER NOT NULL
) STRICT;
CREATE INDEX delayed_due ON delayed (due);

ALTER TABLE running ADD COLUMN cancelled INTEGER NOT NULL DEFAULT 0; -- 1: it is not tried again

ALTER TABLE queue ADD COLUMN paused INTEGER NOT NULL DEFAULT 0; -- 1: nothing of it begins
ALTER TABLE queue ADD COLUMN keep INTEGER;                      -- how long its jobs are remembered that are over; NULL: always

ALTER TABLE served ADD COLUMN delayed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE served ADD COLUMN due INTEGER;                        -- nothing of it begins before
ALTER TABLE served ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;  -- 1: nothing of it begins
ALTER TABLE served ADD COLUMN open INTEGER NOT NULL DEFAULT 0;    -- 1: tasks may be added
ALTER TABLE served ADD COLUMN needs INTEGER NOT NULL DEFAULT 0;   -- so many jobs must be over before
ALTER TABLE served ADD COLUMN key TEXT;                           -- no other job may have it
ALTER TABLE served ADD COLUMN mode TEXT;                          -- until this one is over, or forgotten
ALTER TABLE served ADD COLUMN backoff_first INTEGER NOT NULL DEFAULT 0; -- how long a task waits that has failed once,
ALTER TABLE served ADD COLUMN backoff_most INTEGER NOT NULL DEFAULT 0;  -- and at most: it doubles each time
ALTER TABLE served ADD COLUMN started INTEGER;                    -- when the first of it began
ALTER TABLE served ADD COLUMN ended INTEGER;                      -- when it was over; NULL: it is not
ALTER TABLE served ADD COLUMN keep INTEGER;                       -- how long it is remembered then; NULL: as its queue says
ALTER TABLE served ADD COLUMN reason TEXT;                        -- why it was cancelled, if no client did
ALTER TABLE served ADD COLUMN meta TEXT;                          -- what clients have noted, as JSON
UPDATE served SET ended = (SELECT coalesce(max(ended), 0) FROM run WHERE run.id = served.run) WHERE waiting + running = 0;

CREATE INDEX served_due ON served (due) WHERE due IS NOT NULL;
CREATE INDEX served_alive ON served (job) WHERE ended IS NULL;
CREATE INDEX served_failed ON served (job) WHERE failed > 0;
CREATE INDEX served_of_queue ON served (queue, job);
CREATE INDEX served_ended ON served (queue, ended) WHERE ended IS NOT NULL AND keep IS NULL;
CREATE INDEX served_expiry ON served (ended + keep) WHERE ended IS NOT NULL AND keep IS NOT NULL;

-- Which job must be over before another one begins.
CREATE TABLE needs (
    needed INTEGER NOT NULL,
    job    INTEGER NOT NULL,
    how    TEXT NOT NULL,              -- succeeded, over
    met    INTEGER NOT NULL,           -- 1: it was
    PRIMARY KEY (needed, job)
) STRICT, WITHOUT ROWID;
CREATE INDEX needs_of_job ON needs (job);

CREATE TABLE unique_key (
    key TEXT PRIMARY KEY,
    job INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The ids of tasks that were added to a job: from this number on they follow this one.
CREATE TABLE span (
    job    INTEGER NOT NULL,
    number INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

-- Long work that is done in turns.
CREATE TABLE chore (
    id    INTEGER PRIMARY KEY,
    job   INTEGER NOT NULL,
    what  TEXT NOT NULL,               -- stop, again, forget
    state TEXT,                        -- again: the tasks in this state,
    after INTEGER NOT NULL             -- behind this one
) STRICT;
CREATE INDEX chore_of_job ON chore (job);
INSERT INTO chore (job, what, after) SELECT job, 'stop', 0 FROM served WHERE cancelled = 1 AND waiting > 0;
DROP INDEX served_to_cancel;

-- Jobs that are handed in by the clock.
CREATE TABLE schedule (
    id       INTEGER PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,
    cron     TEXT NOT NULL,
    zone     TEXT NOT NULL,
    queue    TEXT NOT NULL,
    job      TEXT NOT NULL,            -- as a client would hand it in
    overlap  TEXT NOT NULL,            -- skip: not while its last job is not over; queue: all the same
    paused   INTEGER NOT NULL,
    next     INTEGER,                  -- NULL: never again
    last     INTEGER,                  -- when its last job was handed in,
    last_job INTEGER,                  -- and which that was
    trouble  TEXT                      -- why the last one could not be
) STRICT;
CREATE INDEX schedule_next ON schedule (next) WHERE paused = 0 AND next IS NOT NULL;
