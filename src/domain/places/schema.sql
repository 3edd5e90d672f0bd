-- The tree of places.  Sections are applied once, in order; a released section
-- is never edited.

-- @version 1
CREATE TABLE places_place (
    id               id_text   PRIMARY KEY,
    version          num_int   NOT NULL,
    created_at       time_int  NOT NULL,
    updated_at       time_int  NOT NULL,
    parent_id        ref_text  REFERENCES places_place (id),
    kind             enum_text NOT NULL,
    code             free_text NOT NULL,
    name             free_text NOT NULL,
    path             path_text NOT NULL UNIQUE,
    label            free_text NOT NULL,
    lon              num_real,
    lat              num_real,
    boundary         json_text,
    area_m2          num_real,
    declared_area_m2 num_real,
    area_off         flag_int  NOT NULL,
    datum            enum_text NOT NULL,
    floors           num_int,
    grid_id          ref_text  REFERENCES places_place (id),
    CHECK (kind = 'city' OR parent_id IS NOT NULL),
    CHECK ((lon IS NULL) = (lat IS NULL))
);
CREATE INDEX places_place_parent ON places_place (parent_id);
CREATE INDEX places_place_code ON places_place (code);
CREATE INDEX places_place_name ON places_place (name);
CREATE INDEX places_place_label ON places_place (label);
CREATE INDEX places_place_grid ON places_place (grid_id) WHERE grid_id IS NOT NULL;

-- One row: counts changes, so that snapshots know when they are old.
CREATE TABLE places_revision (
    id               row_int   PRIMARY KEY,
    n                num_int   NOT NULL
);

-- @version 2
-- A version of an enclosure's outline: its segments in order and its entrances,
-- drawn, checked, published, followed by the next.
CREATE TABLE places_outline (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    number            num_int   NOT NULL,
    state             enum_text NOT NULL,
    base_id           ref_text  REFERENCES places_outline (id),
    name              free_text,
    note              free_text,
    datum             enum_text NOT NULL,
    gap_m             num_real  NOT NULL,
    reach_m           num_real  NOT NULL,
    fire_m            num_real  NOT NULL,
    segments          json_text,
    entrances         json_text,
    boundary          json_text,
    area_m2           num_real,
    perimeter_m       num_real,
    faults            json_text,
    checked_at        time_int,
    published_at      time_int,
    published_by      ref_text,
    published_by_name free_text
);
CREATE UNIQUE INDEX places_outline_number ON places_outline (place_id, number);
CREATE UNIQUE INDEX places_outline_one ON places_outline (place_id) WHERE state = 'published';

-- What the published outline says, row by row.
CREATE TABLE places_segment (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    outline_id        ref_text  NOT NULL REFERENCES places_outline (id),
    ring              num_int   NOT NULL,
    seq               num_int   NOT NULL,
    kind              enum_text NOT NULL,
    line              json_text NOT NULL,
    length_m          num_real  NOT NULL,
    built_on          free_text,
    note              free_text
);
CREATE INDEX places_segment_place ON places_segment (place_id);
CREATE INDEX places_segment_path ON places_segment (place_path);

-- An entrance keeps its id from version to version by its code.
CREATE TABLE places_entrance (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    outline_id        ref_text  NOT NULL REFERENCES places_outline (id),
    code              free_text NOT NULL,
    name              free_text NOT NULL,
    lon               num_real  NOT NULL,
    lat               num_real  NOT NULL,
    state             enum_text NOT NULL,
    direction         enum_text NOT NULL,
    people            flag_int  NOT NULL,
    car               flag_int  NOT NULL,
    e_bike            flag_int  NOT NULL,
    fire              flag_int  NOT NULL,
    present           flag_int  NOT NULL,
    note              free_text
);
CREATE UNIQUE INDEX places_entrance_code ON places_entrance (place_id, code);
CREATE INDEX places_entrance_path ON places_entrance (place_path);

-- Which entrances of an enclosure change, and why.
CREATE TABLE places_plan (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    name              free_text NOT NULL,
    state             enum_text NOT NULL,
    outline_id        ref_text  REFERENCES places_outline (id),
    changes           json_text,
    entrances_before  num_int   NOT NULL,
    entrances_after   num_int   NOT NULL,
    fire_m            num_real,
    faults            json_text,
    checked_at        time_int,
    published_at      time_int,
    published_by      ref_text,
    published_by_name free_text
);
CREATE INDEX places_plan_place ON places_plan (place_id);

-- An entrance with its lane, devices and the posts that staff it.
CREATE TABLE places_checkpoint (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    entrance_id       ref_text  NOT NULL REFERENCES places_entrance (id),
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    name              free_text NOT NULL,
    direction         enum_text NOT NULL,
    lane_id           free_text,
    devices           json_text,
    roster            json_text,
    in_use            flag_int  NOT NULL,
    note              free_text
);
CREATE INDEX places_checkpoint_entrance ON places_checkpoint (entrance_id);

CREATE TABLE places_work (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    kind              enum_text NOT NULL,
    title             free_text NOT NULL,
    weight            num_int,
    state             enum_text NOT NULL,
    accepted_at       time_int,
    accepted_by       ref_text,
    accepted_by_name  free_text,
    photo_id          free_text,
    no_photo_reason   free_text,
    reason            free_text,
    note              free_text
);
CREATE INDEX places_work_place ON places_work (place_id);
CREATE INDEX places_work_path ON places_work (place_path);

-- What a kind of work weighs at a place and below it.
CREATE TABLE places_weight (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    kind              enum_text NOT NULL,
    weight            num_int   NOT NULL
);
CREATE UNIQUE INDEX places_weight_kind ON places_weight (place_id, kind);

-- The base list: urban villages and open areas, each in at most one enclosure.
CREATE TABLE places_area (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    code              free_text NOT NULL,
    name              free_text NOT NULL,
    kind              enum_text NOT NULL,
    enclosure_id      ref_text  REFERENCES places_place (id),
    source            free_text
);
CREATE UNIQUE INDEX places_area_code ON places_area (code);
CREATE INDEX places_area_path ON places_area (place_path);
CREATE INDEX places_area_enclosure ON places_area (enclosure_id) WHERE enclosure_id IS NOT NULL;

CREATE TABLE places_timetable (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    mode              enum_text NOT NULL,
    days              free_text NOT NULL,
    from_min          num_int   NOT NULL,
    to_min            num_int   NOT NULL,
    valid_from        time_int,
    valid_to          time_int,
    note              free_text
);
CREATE INDEX places_timetable_place ON places_timetable (place_id);
CREATE INDEX places_timetable_path ON places_timetable (place_path);

CREATE TABLE places_order (
    id                id_text   PRIMARY KEY,
    version           num_int   NOT NULL,
    created_at        time_int  NOT NULL,
    updated_at        time_int  NOT NULL,
    place_id          ref_text  NOT NULL REFERENCES places_place (id),
    place_path        path_text NOT NULL,
    mode              enum_text NOT NULL,
    legal_no          free_text NOT NULL,
    issued_by         free_text NOT NULL,
    reason            free_text NOT NULL,
    from_at           time_int  NOT NULL,
    to_at             time_int  NOT NULL,
    state             enum_text NOT NULL,
    ended_at          time_int,
    revoke_reason     free_text,
    CHECK (from_at < to_at)
);
CREATE INDEX places_order_open ON places_order (to_at) WHERE state = 'issued';
CREATE INDEX places_order_path ON places_order (place_path);
