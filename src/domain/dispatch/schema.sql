-- Who is on duty, who was sent, when they were there and what they found.
-- Sections are applied once, in order; a released section is never edited.

-- @version 1
CREATE TABLE dispatch_shift (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    person_id   ref_text  NOT NULL,
    person_name free_text NOT NULL,
    role        free_text,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    from_at     time_int  NOT NULL,
    to_at       time_int  NOT NULL,
    kind        enum_text NOT NULL,
    note        free_text,
    CHECK (from_at < to_at)
);
CREATE INDEX dispatch_shift_person ON dispatch_shift (person_id, to_at);
CREATE INDEX dispatch_shift_end ON dispatch_shift (to_at);

CREATE TABLE dispatch_task (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    number            free_text NOT NULL,
    alert_id          ref_text  NOT NULL,
    kind              free_text NOT NULL,
    severity          free_text NOT NULL,
    place_id          ref_text  NOT NULL,
    place_path        path_text NOT NULL,
    place_label       free_text NOT NULL,
    worker_id         ref_text  NOT NULL,
    worker_name       free_text NOT NULL,
    state             enum_text NOT NULL,
    offered_at        time_int  NOT NULL,
    offer_until       time_int  NOT NULL,
    accepted_at       time_int,
    started_at        time_int,
    arrived_at        time_int,
    reported_at       time_int,
    reviewed_at       time_int,
    closed_at         time_int,
    due_at            time_int  NOT NULL,
    proof             enum_text NOT NULL,
    proof_note        free_text,
    arrived_device_at time_int,
    report            json_text,
    refuse_reason     free_text,
    instructions      free_text,
    two_people        flag_int  NOT NULL
);
CREATE UNIQUE INDEX dispatch_task_number ON dispatch_task (number);
CREATE UNIQUE INDEX dispatch_task_one ON dispatch_task (alert_id)
    WHERE two_people = 0 AND state IN ('offered', 'accepted', 'on_the_way', 'arrived', 'reported');
CREATE INDEX dispatch_task_worker ON dispatch_task (worker_id, id);
CREATE INDEX dispatch_task_offer ON dispatch_task (offer_until) WHERE state = 'offered';

CREATE TABLE dispatch_count (
    name        free_text PRIMARY KEY,
    n           num_int   NOT NULL
);

-- One value per worker on shift, overwritten; no history.
CREATE TABLE dispatch_position (
    person_id   ref_text  PRIMARY KEY,
    lon         num_real  NOT NULL,
    lat         num_real  NOT NULL,
    accuracy_m  num_int   NOT NULL,
    at          time_int  NOT NULL
);

-- @version 2
CREATE TABLE dispatch_handover (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    shift_id    ref_text  NOT NULL,
    from_id     ref_text  NOT NULL,
    from_name   free_text NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    note        free_text,
    alerts      json_text NOT NULL,
    tasks       json_text NOT NULL,
    accepted    json_text NOT NULL,
    alert_id    ref_text,
    state       enum_text NOT NULL,
    to_id       ref_text,
    to_name     free_text,
    to_shift_id ref_text,
    until_at    time_int,
    done_at     time_int
);
CREATE INDEX dispatch_handover_place ON dispatch_handover (place_path, id);
CREATE UNIQUE INDEX dispatch_handover_open ON dispatch_handover (shift_id) WHERE state = 'open';

-- @version 3
-- Is the worker at the door well?  Due, asked at the desk, and a call for help.
ALTER TABLE dispatch_task ADD COLUMN checkin_due_at time_int;
ALTER TABLE dispatch_task ADD COLUMN checkin_asked_at time_int;
ALTER TABLE dispatch_task ADD COLUMN panic_at time_int;
CREATE INDEX dispatch_task_checkin ON dispatch_task (checkin_due_at) WHERE state = 'arrived';

-- @version 4
-- Nobody opens: which rungs a place takes in turn, and what became of each.
CREATE TABLE dispatch_rung (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    level       num_int   NOT NULL,
    word        enum_text NOT NULL,
    approve     enum_text NOT NULL,
    wait_min    num_int   NOT NULL,
    two_people  flag_int  NOT NULL,
    unused      flag_int  NOT NULL
);
CREATE UNIQUE INDEX dispatch_rung_level ON dispatch_rung (place_id, level);
CREATE UNIQUE INDEX dispatch_rung_word ON dispatch_rung (place_id, word);
CREATE INDEX dispatch_rung_path ON dispatch_rung (place_path, level);

CREATE TABLE dispatch_attempt (
    id              id_text   PRIMARY KEY,
    version         num_int   NOT NULL,
    created_at      time_int  NOT NULL,
    updated_at      time_int  NOT NULL,
    task_id         ref_text  NOT NULL,
    task_number     free_text NOT NULL,
    alert_id        ref_text  NOT NULL,
    place_id        ref_text  NOT NULL,
    place_path      path_text NOT NULL,
    place_label     free_text NOT NULL,
    worker_id       ref_text  NOT NULL,
    worker_name     free_text NOT NULL,
    level           num_int   NOT NULL,
    word            enum_text NOT NULL,
    approve         enum_text NOT NULL,
    wait_min        num_int   NOT NULL,
    two_people      flag_int  NOT NULL,
    state           enum_text NOT NULL,
    reason          free_text,
    began_at        time_int,
    next_at         time_int,
    decided_by      ref_text,
    decided_by_name free_text,
    decided_at      time_int,
    decision        free_text,
    result          enum_text NOT NULL,
    done_at         time_int
);
CREATE INDEX dispatch_attempt_alert ON dispatch_attempt (alert_id, id);
CREATE INDEX dispatch_attempt_task ON dispatch_attempt (task_id, id);
CREATE UNIQUE INDEX dispatch_attempt_live ON dispatch_attempt (task_id) WHERE state IN ('asked', 'going');

-- Addresses where nobody goes alone: why (a hazard of the place), until when, set by whom.
CREATE TABLE dispatch_mark (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    place_id      ref_text  NOT NULL,
    place_path    path_text NOT NULL,
    place_label   free_text NOT NULL,
    reason        enum_text NOT NULL,
    until_at      time_int  NOT NULL,
    set_by        ref_text,
    set_by_name   free_text,
    state         enum_text NOT NULL,
    ended_by_name free_text,
    ended_at      time_int
);
CREATE INDEX dispatch_mark_path ON dispatch_mark (place_path, until_at);
CREATE UNIQUE INDEX dispatch_mark_one ON dispatch_mark (place_id, reason) WHERE state = 'active';

ALTER TABLE dispatch_task ADD COLUMN two_reason free_text;
ALTER TABLE dispatch_task ADD COLUMN second_at time_int;
ALTER TABLE dispatch_task ADD COLUMN no_reply_at time_int;

-- @version 5
-- The rota in calendar programs: whose, what of it, and the hash of the address.
CREATE TABLE dispatch_calendar (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    person_id   ref_text  NOT NULL,
    scope       enum_text NOT NULL,
    place_id    ref_text,
    place_path  path_text,
    language    enum_text NOT NULL,
    state       enum_text NOT NULL,
    renewed_at  time_int,
    secret_hash free_text
);
CREATE INDEX dispatch_calendar_person ON dispatch_calendar (person_id, id);
CREATE UNIQUE INDEX dispatch_calendar_secret ON dispatch_calendar (secret_hash) WHERE secret_hash IS NOT NULL;
