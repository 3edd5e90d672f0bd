-- What others say about a place's figures, kept beside what is computed.
-- Sections are applied once, in order; a released section is never edited.

-- @version 1
CREATE TABLE insight_claim (
    id          id_text   PRIMARY KEY,
    version     num_int   NOT NULL,
    created_at  time_int  NOT NULL,
    updated_at  time_int  NOT NULL,
    place_id    ref_text  NOT NULL,
    place_path  path_text NOT NULL,
    figure      enum_text NOT NULL,
    value       num_real,
    decimals    num_int,
    n           num_int,
    d           num_int,
    definition  free_text,
    source      free_text NOT NULL,
    source_on   free_text NOT NULL,
    note        free_text
);
CREATE INDEX insight_claim_place ON insight_claim (place_id, figure);
CREATE INDEX insight_claim_path ON insight_claim (place_path);
