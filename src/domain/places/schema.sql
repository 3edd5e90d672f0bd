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
