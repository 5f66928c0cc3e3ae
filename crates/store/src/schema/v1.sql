-- Times are microseconds since 1970, durations microseconds. Rows are added at the end, ids only grow.
-- No CHECK (… IN …): SQLite makes a table of the words for each row, which costs more than the row itself.

CREATE TABLE job (
    id      INTEGER PRIMARY KEY AUTOINCREMENT, -- the number of one that was forgotten is not given to another
    name    TEXT NOT NULL,             -- the last job of a name is meant by it
    command TEXT NOT NULL,             -- as it was typed
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX job_of_name ON job (name);

-- One invocation of a job: the first, or a resume.
CREATE TABLE run (
    id          INTEGER PRIMARY KEY,
    job         INTEGER NOT NULL REFERENCES job (id),
    began       INTEGER NOT NULL,
    ended       INTEGER,               -- NULL: it runs, or was killed
    how         TEXT,                  -- complete, failed, halted, interrupted, quit, output closed, error
    pid         INTEGER NOT NULL,
    host        TEXT NOT NULL,
    words       BLOB NOT NULL,         -- the command before its inputs are in it, with a NUL behind each word
    grammar     TEXT NOT NULL,         -- how they are read, for the program that wrote them
    variables   BLOB NOT NULL,         -- the names of those that are part of a task's key, with a NUL behind each
    directory   BLOB NOT NULL,
    environment BLOB NOT NULL          -- NAME=value, with a NUL behind each
) STRICT;
CREATE INDEX run_of_job ON run (job);

CREATE TABLE task (
    id      INTEGER PRIMARY KEY,
    job     INTEGER NOT NULL REFERENCES job (id),
    number  INTEGER NOT NULL,          -- of its input, from 1, when it was first seen
    key     BLOB NOT NULL,             -- 16 bytes: what it is known by in a resume
    input   BLOB NOT NULL,
    state   TEXT NOT NULL              -- running, succeeded, failed, stopped, waiting
) STRICT;
CREATE INDEX task_of_job ON task (job, state);

CREATE TABLE attempt (
    id      INTEGER PRIMARY KEY,
    task    INTEGER NOT NULL REFERENCES task (id),
    run     INTEGER NOT NULL REFERENCES run (id),
    number  INTEGER NOT NULL,          -- from 1, in its run
    slot    INTEGER NOT NULL,
    began   INTEGER NOT NULL,
    ended   INTEGER NOT NULL,
    wall    INTEGER NOT NULL,
    user    INTEGER NOT NULL,
    system  INTEGER NOT NULL,
    max_rss INTEGER NOT NULL,          -- bytes, of the largest process
    peak    INTEGER NOT NULL,          -- bytes, of all its processes together; 0 if nobody watched
    printed INTEGER NOT NULL,          -- bytes in all, whether kept or not
    how     TEXT NOT NULL,             -- exit, signal, out of memory, time limit, cpu limit, crashed, error, not started, stopped
    code    INTEGER,                   -- the exit code, or the signal's number
    message TEXT                       -- of those that are told in words
) STRICT;
CREATE INDEX attempt_of_task ON attempt (task);

-- What an attempt printed: 1 is stdout, 2 is stderr; pieces in the order of their ids.
CREATE TABLE output (
    id      INTEGER PRIMARY KEY,
    attempt INTEGER NOT NULL,          -- which is written when it is over, so it may not be there yet
    stream  INTEGER NOT NULL,
    bytes   BLOB NOT NULL
) STRICT;
CREATE INDEX output_of_attempt ON output (attempt);

-- Tasks by key, up to known_to.task: brought up to date by a resume, in one sorted pass.
CREATE TABLE known (
    job  INTEGER NOT NULL,
    key  BLOB NOT NULL,
    task INTEGER NOT NULL,
    PRIMARY KEY (job, key, task)
) STRICT, WITHOUT ROWID;
CREATE TABLE known_to (
    job  INTEGER PRIMARY KEY,
    task INTEGER NOT NULL
) STRICT;
