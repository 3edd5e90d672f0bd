-- What is kept as a file beside the database.  Sections are applied once, in
-- order; a released section is never edited.

-- @version 1
-- The bytes lie in <data>/files/<last two characters of the id>/<id>.
CREATE TABLE files_file (
    id          id_text   PRIMARY KEY,
    created_at  time_int  NOT NULL,
    at          time_int  NOT NULL,
    delete_at   time_int  NOT NULL,
    kind        enum_text NOT NULL,
    media_type  free_text NOT NULL,
    bytes       num_int   NOT NULL,
    digest      free_text NOT NULL,
    class       enum_text NOT NULL,
    purpose     free_text NOT NULL,
    place_path  path_text NOT NULL,
    CHECK (bytes > 0),
    CHECK (delete_at > created_at)
);
CREATE INDEX files_file_delete ON files_file (delete_at);

-- The rows a file belongs to; who may see one of them may see the file.
CREATE TABLE files_link (
    entity      free_text NOT NULL,
    row_id      ref_text  NOT NULL,
    file_id     ref_text  NOT NULL,
    PRIMARY KEY (entity, row_id, file_id)
);
CREATE INDEX files_link_file ON files_link (file_id);
