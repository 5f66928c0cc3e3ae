-- The service's queues, and what waits in them. Its jobs, tasks, attempts and outputs are those of version 1; what `ganger run`
-- writes is as before.

CREATE TABLE queue (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- A job that the service has accepted: how its tasks are to be run, and how many are in each state, so that to ask for it
-- costs the same however many there are.
CREATE TABLE served (
    job       INTEGER PRIMARY KEY REFERENCES job (id),
    run       INTEGER NOT NULL REFERENCES run (id),
    queue     INTEGER NOT NULL REFERENCES queue (id),
    first     INTEGER NOT NULL,        -- the id of its first task: the others' follow, in the order of their numbers
    rank      INTEGER NOT NULL,        -- what is lower comes first: the priority with its sign changed
    timeout   INTEGER,                 -- how long an attempt may take
    failures  INTEGER NOT NULL,        -- how often a task may be tried that fails,
    losses    INTEGER NOT NULL,        -- and how often one whose worker, or the service, dies under it
    cancelled INTEGER NOT NULL,        -- 1: what waits of it will not begin
    waiting   INTEGER NOT NULL,
    running   INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed    INTEGER NOT NULL,
    stopped   INTEGER NOT NULL
) STRICT;
CREATE INDEX served_to_cancel ON served (job) WHERE cancelled = 1 AND waiting > 0;

-- Tasks in the order in which they are claimed.
CREATE TABLE waiting (
    queue INTEGER NOT NULL,
    rank  INTEGER NOT NULL,
    task  INTEGER NOT NULL,
    tried INTEGER NOT NULL,            -- how many attempts it has had
    PRIMARY KEY (queue, rank, task)
) STRICT, WITHOUT ROWID;

-- Attempts that have begun and are not over. Written before they begin, so that who comes after a crash knows of them.
CREATE TABLE running (
    task    INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    began   INTEGER NOT NULL
) STRICT;
