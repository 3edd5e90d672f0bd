-- What core itself keeps.  Sections are applied once, in order; a released
-- section is never edited.

-- @version 1
CREATE TABLE core_outbox (
    seq         row_int   PRIMARY KEY,
    at          time_int  NOT NULL,
    topic       free_text NOT NULL,
    entity      free_text NOT NULL,
    row_id      ref_text  NOT NULL,
    version     num_int   NOT NULL,
    place_path  path_text,
    owner_id    ref_text,
    assigned_id ref_text,
    body        json_text NOT NULL,
    done_at     time_int,
    tries       num_int   NOT NULL,
    next_try_at time_int,
    dead        flag_int  NOT NULL,
    error       free_text
);
CREATE INDEX core_outbox_open ON core_outbox (seq) WHERE done_at IS NULL;

CREATE TABLE core_inbox (
    listener    free_text NOT NULL,
    seq         num_int   NOT NULL,
    PRIMARY KEY (listener, seq)
);

CREATE TABLE core_audit (
    seq         row_int   PRIMARY KEY,
    at          time_int  NOT NULL,
    actor_kind  enum_text NOT NULL,
    actor_id    ref_text,
    what        free_text NOT NULL,
    entity      free_text NOT NULL,
    row_id      ref_text,
    version     num_int   NOT NULL,
    detail      json_text,
    hash        free_text NOT NULL
);

CREATE TABLE core_look (
    id          id_text   PRIMARY KEY,
    at          time_int  NOT NULL,
    actor_id    ref_text,
    actor_name  free_text,
    entity      free_text NOT NULL,
    row_id      ref_text  NOT NULL,
    person_id   ref_text,
    fields      free_text NOT NULL,
    purpose     free_text NOT NULL,
    reason      free_text NOT NULL
);
CREATE INDEX core_look_person ON core_look (person_id, id);

CREATE TABLE core_idem (
    key         free_text PRIMARY KEY,
    at          time_int  NOT NULL,
    request     free_text NOT NULL,
    status      num_int   NOT NULL,
    body        free_text NOT NULL
);
CREATE INDEX core_idem_at ON core_idem (at);

CREATE TABLE core_lease (
    name        free_text PRIMARY KEY,
    holder      free_text NOT NULL,
    until_at    time_int  NOT NULL
);
