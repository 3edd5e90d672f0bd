-- Devices, what they report (an append-only log in arrival order) and when
-- they could not.  Sections are applied once, in order; never edit one that
-- was released.

-- @version 1
CREATE TABLE sensing_device (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    name          free_text NOT NULL,
    kind          enum_text NOT NULL,
    source        free_text NOT NULL UNIQUE,
    place_id      ref_text  NOT NULL,
    place_path    path_text NOT NULL,
    gateway_id    ref_text,
    state         enum_text NOT NULL,
    health        enum_text NOT NULL,
    reason        free_text,
    last_seen_at  time_int,
    heartbeat_s   num_int   NOT NULL,
    battery       num_int,
    skew_ms       num_int,
    tampered      flag_int  NOT NULL,
    covered       flag_int  NOT NULL,
    offline       flag_int  NOT NULL,
    events_total  num_int   NOT NULL,
    refused_total num_int   NOT NULL,
    lon           num_real,
    lat           num_real,
    legal_basis   free_text,
    sign_record   free_text,
    key_hash      free_text,
    CHECK (kind <> 'camera' OR state <> 'active' OR (legal_basis IS NOT NULL AND sign_record IS NOT NULL))
);
CREATE INDEX sensing_device_place ON sensing_device (place_path);
CREATE INDEX sensing_device_gateway ON sensing_device (gateway_id) WHERE gateway_id IS NOT NULL;

CREATE TABLE sensing_channel (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    device_id     ref_text  NOT NULL REFERENCES sensing_device (id),
    name          free_text NOT NULL,
    kind          enum_text NOT NULL,
    place_id      ref_text  NOT NULL,
    place_path    path_text NOT NULL,
    UNIQUE (device_id, name)
);

CREATE TABLE sensing_gap (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    device_id     ref_text  NOT NULL REFERENCES sensing_device (id),
    place_path    path_text NOT NULL,
    from_at       time_int  NOT NULL,
    to_at         time_int,
    reason        enum_text NOT NULL
);
CREATE INDEX sensing_gap_device ON sensing_gap (device_id, from_at);
CREATE UNIQUE INDEX sensing_gap_open ON sensing_gap (device_id) WHERE to_at IS NULL;

-- Words of the log, numbered once.
CREATE TABLE sensing_source (
    no            row_int   PRIMARY KEY,
    source        free_text NOT NULL,
    device_id     ref_text  NOT NULL,
    last_seq      num_int   NOT NULL,
    last_at       time_int
);
CREATE TABLE sensing_type (
    no            row_int   PRIMARY KEY,
    type          free_text NOT NULL UNIQUE
);

-- The log.  No index of another order belongs here: it would cost 10 to 40
-- times the bytes written.  'prev' is the source's event before this one, so
-- that one device's history is a walk and not a scan.
CREATE TABLE sensing_event (
    seq           row_int   PRIMARY KEY,
    source_no     num_int   NOT NULL,
    type_no       num_int   NOT NULL,
    prev          num_int   NOT NULL,
    at            time_int  NOT NULL,
    received_at   time_int  NOT NULL,
    event_id      free_text NOT NULL,
    data          json_text
);

-- 'flushed': device rows hold everything up to this seq; 'floor': seq handed
-- out even though its row may be gone; 'alive': the server's last sign of life.
CREATE TABLE sensing_mark (
    name          id_text   PRIMARY KEY,
    value         num_int   NOT NULL
);

-- @version 2
-- Pictures and films that the recorder beside us still has to give, asked for
-- because an alert came of the event.  'object': the recorder's own name of it.
CREATE TABLE sensing_want (
    seq           num_int   NOT NULL,
    kind          enum_text NOT NULL,
    gateway_id    ref_text  NOT NULL,
    device_id     ref_text  NOT NULL,
    object        free_text NOT NULL,
    place_path    path_text NOT NULL,
    at            time_int  NOT NULL,
    state         enum_text NOT NULL,
    tries         num_int   NOT NULL,
    next_at       time_int  NOT NULL,
    made_at       time_int  NOT NULL,
    reason        free_text,
    PRIMARY KEY (seq, kind)
);
CREATE INDEX sensing_want_next ON sensing_want (next_at) WHERE state = 'wanted';

-- @version 3
-- What a camera may look at, since when its filing with the police is done, and
-- what was drawn on its picture: each saving is a revision, the newest counts.
ALTER TABLE sensing_device ADD COLUMN field_of_view free_text;
ALTER TABLE sensing_device ADD COLUMN filed_at time_int;

CREATE TABLE sensing_drawing (
    id            id_text   PRIMARY KEY,
    version       num_int   NOT NULL,
    created_at    time_int  NOT NULL,
    updated_at    time_int  NOT NULL,
    device_id     ref_text  NOT NULL REFERENCES sensing_device (id),
    place_path    path_text NOT NULL,
    revision      num_int   NOT NULL,
    drawing       json_text NOT NULL,
    residual_px   num_real,
    UNIQUE (device_id, revision)
);
