-- Doors and who may pass them; what passed, for thirty days, in the order of
-- arrival.  There is no index by person and time, by design.
-- Sections are applied once, in order; a released section is never edited.

-- @version 1
CREATE TABLE access_group (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    name        free_text NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL
);

CREATE TABLE access_schedule (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    name        free_text NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    windows     json_text NOT NULL,
    days        json_text
);

CREATE TABLE access_door (
    id             id_text   PRIMARY KEY,
    version        num_int   NOT NULL,
    created_at     time_int  NOT NULL,
    updated_at     time_int  NOT NULL,
    name           free_text NOT NULL,
    place_id       ref_text  NOT NULL,
    place_path     path_text NOT NULL,
    area_id        ref_text,
    area_path      path_text,
    group_id       ref_text,
    mode           enum_text NOT NULL,
    mode_rules     json_text,
    override_mode  enum_text NOT NULL,
    override_until time_int,
    passback       enum_text NOT NULL,
    passback_scope enum_text NOT NULL,
    passback_min   num_int,
    forgiven_at    time_int,
    held_s         num_int,
    state          enum_text NOT NULL,
    contact        enum_text NOT NULL,
    contact_at     time_int
);
CREATE INDEX access_door_contact ON access_door (contact_at) WHERE contact = 'open';

CREATE TABLE access_lane (
    id             id_text   PRIMARY KEY,
    version        num_int   NOT NULL,
    created_at     time_int  NOT NULL,
    updated_at     time_int  NOT NULL,
    name           free_text NOT NULL,
    door_id        ref_text  NOT NULL,
    place_path     path_text NOT NULL,
    direction      enum_text NOT NULL,
    ways           json_text NOT NULL,
    least_permille num_int,
    device_id      ref_text,
    assessment     free_text,
    state          enum_text NOT NULL
);
CREATE INDEX access_lane_device ON access_lane (device_id);
CREATE INDEX access_lane_door ON access_lane (door_id);

CREATE TABLE access_credential (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    person_id   ref_text,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    holder      enum_text NOT NULL,
    method      enum_text NOT NULL,
    label       free_text,
    token       free_text,
    pin         free_text,
    token_mac   free_text NOT NULL,
    pin_mac     free_text,
    rights      json_text NOT NULL,
    from_at     time_int  NOT NULL,
    to_at       time_int,
    roams       flag_int  NOT NULL,
    rescue      flag_int  NOT NULL,
    state       enum_text NOT NULL,
    reason      free_text,
    change_no   num_int   NOT NULL
);
CREATE UNIQUE INDEX access_credential_token ON access_credential (token_mac);
CREATE INDEX access_credential_person ON access_credential (person_id);
CREATE INDEX access_credential_to ON access_credential (to_at) WHERE state IN ('active', 'suspended');

CREATE TABLE access_policy (
    id           id_text   PRIMARY KEY,
    version      num_int   NOT NULL,
    created_at   time_int  NOT NULL,
    updated_at   time_int  NOT NULL,
    name         free_text NOT NULL,
    place_id     ref_text  NOT NULL,
    place_path   path_text NOT NULL,
    kind         enum_text NOT NULL,
    legal_number free_text,
    reason       free_text NOT NULL,
    from_at      time_int  NOT NULL,
    to_at        time_int,
    refuses      json_text,
    asks         json_text,
    most_dc      num_int,
    scans        flag_int  NOT NULL,
    fallback     enum_text NOT NULL,
    state        enum_text NOT NULL,
    ended_at     time_int
);
CREATE INDEX access_policy_on ON access_policy (to_at) WHERE state = 'on';

CREATE TABLE access_emergency (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    kind        enum_text NOT NULL,
    reason      free_text NOT NULL,
    until_at    time_int  NOT NULL,
    state       enum_text NOT NULL,
    ended_at    time_int
);
CREATE INDEX access_emergency_on ON access_emergency (until_at) WHERE state = 'on';

-- An order to open a lane, with its end; given to the gate while it lasts and never after.
CREATE TABLE access_opening (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    lane_id     ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    until_at    time_int  NOT NULL,
    reason      free_text NOT NULL,
    made_by     ref_text,
    state       enum_text NOT NULL,
    opened_at   time_int
);
CREATE INDEX access_opening_sent ON access_opening (lane_id, until_at) WHERE state = 'sent';

-- Somebody stands at a lane and a person has to decide.
CREATE TABLE access_wait (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    lane_id     ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    method      enum_text NOT NULL,
    why         enum_text NOT NULL,
    holder      enum_text NOT NULL,
    visit_id    ref_text,
    plate       free_text,
    confidence  num_int   NOT NULL,
    until_at    time_int  NOT NULL,
    state       enum_text NOT NULL,
    reason      free_text,
    opening_id    ref_text,
    decided_by  ref_text,
    decided_at  time_int
);
CREATE INDEX access_wait_open ON access_wait (until_at) WHERE state = 'waiting';

CREATE TABLE access_visit (
    id             id_text   PRIMARY KEY,
    version        num_int   NOT NULL,
    created_at     time_int  NOT NULL,
    updated_at     time_int  NOT NULL,
    dwelling_id    ref_text  NOT NULL,
    place_path     path_text NOT NULL,
    unit           free_text NOT NULL,
    source         enum_text NOT NULL,
    holder         enum_text NOT NULL,
    purpose        free_text NOT NULL,
    name           free_text,
    phone          free_text,
    plate          free_text,
    people         num_int,
    from_at        time_int  NOT NULL,
    to_at          time_int  NOT NULL,
    reason         free_text,
    state          enum_text NOT NULL,
    confirmed_at   time_int,
    checked_in_at  time_int,
    checked_out_at time_int
);
CREATE INDEX access_visit_to ON access_visit (to_at) WHERE state IN ('expected', 'checked_in');
CREATE INDEX access_visit_unit ON access_visit (dwelling_id, state);

CREATE TABLE access_code (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    visit_id    ref_text  NOT NULL,
    group_id    ref_text  NOT NULL,
    unit        free_text NOT NULL,
    place_path  path_text NOT NULL,
    holder      enum_text NOT NULL,
    code_mac    free_text NOT NULL,
    from_at     time_int  NOT NULL,
    to_at       time_int  NOT NULL,
    uses        num_int   NOT NULL,
    uses_left   num_int   NOT NULL,
    state       enum_text NOT NULL,
    replays     num_int   NOT NULL,
    CHECK (uses_left >= 0)
);
CREATE UNIQUE INDEX access_code_live ON access_code (group_id, code_mac) WHERE state = 'live';
CREATE INDEX access_code_unit ON access_code (group_id, unit);
CREATE INDEX access_code_visit ON access_code (visit_id);
CREATE INDEX access_code_to ON access_code (to_at);

CREATE TABLE access_parcel (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    visit_id      ref_text  NOT NULL,
    dwelling_id   ref_text  NOT NULL,
    place_path    path_text NOT NULL,
    unit          free_text NOT NULL,
    state         enum_text NOT NULL,
    number        free_text,
    entered_at    time_int  NOT NULL,
    dropped_at    time_int,
    brought_up_at time_int,
    received_at   time_int,
    kept_at       free_text,
    receipt       free_text
);
CREATE INDEX access_parcel_visit ON access_parcel (visit_id);

-- The hot table.  'alias' is another name of the credential every thirty days.
CREATE TABLE access_pass (
    seq         row_int   PRIMARY KEY,
    lane_id     ref_text  NOT NULL,
    serial      num_int,
    method      enum_text NOT NULL,
    verdict     enum_text NOT NULL,
    reason      enum_text NOT NULL,
    direction   enum_text NOT NULL,
    alias       free_text,
    device_at   time_int  NOT NULL,
    server_at   time_int  NOT NULL,
    skew_ms     num_int   NOT NULL,
    late        flag_int  NOT NULL
);
CREATE UNIQUE INDEX access_pass_serial ON access_pass (lane_id, serial);

CREATE TABLE access_alias (
    alias         free_text PRIMARY KEY,
    credential_id ref_text  NOT NULL,
    until_at      time_int  NOT NULL
);
CREATE INDEX access_alias_until ON access_alias (until_at);

-- One value per area and holder, overwritten: who is inside, and which way last.
CREATE TABLE access_inside (
    scope       free_text NOT NULL,
    subject     free_text NOT NULL,
    direction   enum_text NOT NULL,
    at          time_int  NOT NULL,
    alias       free_text NOT NULL,
    PRIMARY KEY (scope, subject)
);
CREATE INDEX access_inside_at ON access_inside (at);

CREATE TABLE access_reading (
    seq         row_int   PRIMARY KEY,
    policy_id   ref_text  NOT NULL,
    dc          num_int   NOT NULL,
    at          time_int  NOT NULL
);
CREATE INDEX access_reading_policy ON access_reading (policy_id);

CREATE TABLE access_area (
    area_id       ref_text  PRIMARY KEY,
    place_path    path_text NOT NULL,
    inside        num_int   NOT NULL,
    unsure        num_int   NOT NULL,
    reconciled_at time_int  NOT NULL
);
CREATE TABLE access_fix (
    id          id_text   PRIMARY KEY,
    area_id     ref_text  NOT NULL,
    at          time_int  NOT NULL,
    made_by     ref_text,
    was         num_int   NOT NULL,
    now_is      num_int   NOT NULL,
    reason      free_text NOT NULL
);
CREATE INDEX access_fix_area ON access_fix (area_id, id);

-- Counts by hour: what is left of passes after thirty days.
CREATE TABLE access_hour (
    lane_id     ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    hour_at     time_int  NOT NULL,
    method      enum_text NOT NULL,
    verdict     enum_text NOT NULL,
    direction   enum_text NOT NULL,
    n           num_int   NOT NULL,
    PRIMARY KEY (lane_id, hour_at, method, verdict, direction)
);
CREATE INDEX access_hour_at ON access_hour (hour_at);

CREATE TABLE access_keypad (
    lane_id     ref_text  PRIMARY KEY,
    last_at     time_int  NOT NULL,
    day_at      time_int  NOT NULL,
    n_short     num_int   NOT NULL,
    n_day       num_int   NOT NULL
);

-- What each gate's own list is at.
CREATE TABLE access_list (
    device_id   ref_text  PRIMARY KEY,
    has_no      num_int   NOT NULL,
    acked_at    time_int  NOT NULL
);

CREATE TABLE access_count (
    name        free_text PRIMARY KEY,
    n           num_int   NOT NULL
);

-- The time floor: what has been never comes again, and a leap is not believed.
CREATE TABLE access_clock (
    id          num_int   PRIMARY KEY,
    floor_at    time_int  NOT NULL,
    sure_at     time_int  NOT NULL,
    is_suspect  flag_int  NOT NULL
);

-- @version 2
-- A look into the passes of one credential, for a case, by two persons.
CREATE TABLE access_movement (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    credential_id ref_text  NOT NULL,
    person_id     ref_text,
    place_path    path_text NOT NULL,
    case_number   free_text NOT NULL,
    purpose       free_text NOT NULL,
    from_at       time_int  NOT NULL,
    to_at         time_int  NOT NULL,
    asked_by      ref_text  NOT NULL,
    decided_by    ref_text,
    reason        free_text,
    until_at      time_int,
    state         enum_text NOT NULL,
    readings      num_int   NOT NULL,
    CHECK (decided_by IS NULL OR decided_by <> asked_by)
);
CREATE INDEX access_movement_until ON access_movement (until_at) WHERE state = 'allowed';
