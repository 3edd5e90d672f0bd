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
