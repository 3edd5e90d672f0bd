-- Persons, posts, contacts, consents, sessions.  Sections are applied once, in
-- order; a released section is never edited.

-- @version 1
CREATE TABLE people_person (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	name free_text,
	display free_text,
	phone free_text,
	login free_text UNIQUE,
	household_id free_text,
	place_id ref_text REFERENCES places_place (id),
	place_path path_text,
	language enum_text NOT NULL,
	state enum_text NOT NULL,
	must_change_password flag_int NOT NULL,
	password_hash free_text
);
CREATE INDEX people_person_place ON people_person (place_path);
CREATE INDEX people_person_household ON people_person (household_id) WHERE household_id IS NOT NULL;

CREATE TABLE people_post (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	role free_text NOT NULL,
	place_id ref_text REFERENCES places_place (id),
	place_path path_text,
	display free_text,
	title free_text,
	from_at time_int NOT NULL,
	to_at time_int,
	CHECK (to_at IS NULL OR to_at >= from_at)
);
CREATE INDEX people_post_person ON people_post (person_id);
CREATE INDEX people_post_place ON people_post (place_path);

CREATE TABLE people_contact (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	place_path path_text,
	kind enum_text NOT NULL,
	name free_text NOT NULL,
	phone free_text NOT NULL,
	order_no num_int NOT NULL
);
CREATE INDEX people_contact_person ON people_contact (person_id, order_no);
CREATE INDEX people_contact_place ON people_contact (place_path);

CREATE TABLE people_consent (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	place_path path_text,
	purpose free_text NOT NULL,
	text_version free_text NOT NULL,
	channel enum_text NOT NULL,
	state enum_text NOT NULL,
	given_at time_int NOT NULL,
	withdrawn_at time_int
);
CREATE INDEX people_consent_person ON people_consent (person_id, purpose);
CREATE INDEX people_consent_place ON people_consent (place_path);

CREATE TABLE people_session (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	state enum_text NOT NULL,
	last_seen_at time_int NOT NULL,
	ended_at time_int,
	address free_text,
	agent free_text,
	token_hash free_text NOT NULL UNIQUE
);
CREATE INDEX people_session_person ON people_session (person_id);

-- Browsers a person has signed in from: their wrong tries are counted apart, so
-- that a stranger's cannot keep the owner out.
CREATE TABLE people_device (
	token_hash free_text NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	first_at time_int NOT NULL,
	last_at time_int NOT NULL,
	PRIMARY KEY (token_hash, person_id)
);
CREATE INDEX people_device_person ON people_device (person_id);

-- One row: counts changes of what a session may do, for the caches of all
-- processes.
CREATE TABLE people_revision (
	id row_int PRIMARY KEY,
	n num_int NOT NULL
);

-- @version 2
-- Set by the operator who leaves the desk for a moment; idle desks lock by the clock alone.
ALTER TABLE people_session ADD COLUMN locked_at time_int;
