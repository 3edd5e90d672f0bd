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

-- @version 3
-- The registers: homes and who lives there, rentals, permits, vehicles, care
-- notes, and what a person asked about all this.
ALTER TABLE people_person ADD COLUMN source enum_text NOT NULL DEFAULT 'staff';
ALTER TABLE people_person ADD COLUMN confirmed_at time_int;
ALTER TABLE people_person ADD COLUMN confirmed_by_name free_text;

-- A person's own data key, wrapped by the node's: without the row, what was
-- sealed with it can't be read again.
CREATE TABLE people_key (
	person_id ref_text PRIMARY KEY REFERENCES people_person (id),
	wrapped free_text NOT NULL,
	at time_int NOT NULL
);

CREATE TABLE people_household (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	place_id ref_text NOT NULL REFERENCES places_place (id),
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	number free_text NOT NULL,
	tenure enum_text NOT NULL,
	source enum_text NOT NULL,
	state enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int,
	confirmed_at time_int,
	confirmed_by_name free_text
);
CREATE INDEX people_household_place ON people_household (place_path);
CREATE UNIQUE INDEX people_household_number ON people_household (place_id, number) WHERE state = 'live';

CREATE TABLE people_member (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	household_id ref_text NOT NULL REFERENCES people_household (id),
	place_path path_text NOT NULL,
	person_id ref_text REFERENCES people_person (id),
	role enum_text NOT NULL,
	relation enum_text NOT NULL,
	lives_here flag_int NOT NULL,
	source enum_text NOT NULL,
	state enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int,
	confirmed_at time_int,
	confirmed_by_name free_text
);
CREATE INDEX people_member_household ON people_member (household_id);
CREATE INDEX people_member_person ON people_member (person_id);
CREATE INDEX people_member_place ON people_member (place_path);
CREATE UNIQUE INDEX people_member_once ON people_member (household_id, person_id) WHERE state = 'present';

CREATE TABLE people_identity (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL UNIQUE REFERENCES people_person (id),
	place_path path_text,
	kind enum_text NOT NULL,
	number free_text NOT NULL,
	basis enum_text NOT NULL,
	source enum_text NOT NULL
);
CREATE INDEX people_identity_place ON people_identity (place_path);

CREATE TABLE people_tenancy (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	place_id ref_text NOT NULL REFERENCES places_place (id),
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	landlord_id ref_text REFERENCES people_person (id),
	tenant_id ref_text REFERENCES people_person (id),
	side enum_text NOT NULL,
	by_office flag_int NOT NULL,
	state enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int NOT NULL,
	occupants num_int NOT NULL,
	other_phone free_text,
	other_from_at time_int,
	other_to_at time_int,
	other_occupants num_int,
	other_says free_text,
	landlord_signature free_text,
	landlord_signed_at time_int,
	tenant_signature free_text,
	tenant_signed_at time_int,
	safety json_text,
	safety_at time_int,
	safety_by_name free_text,
	note free_text,
	reminded_at time_int,
	ended_at time_int,
	CHECK (to_at > from_at)
);
CREATE INDEX people_tenancy_place ON people_tenancy (place_path);
CREATE INDEX people_tenancy_landlord ON people_tenancy (landlord_id);
CREATE INDEX people_tenancy_tenant ON people_tenancy (tenant_id);
CREATE INDEX people_tenancy_end ON people_tenancy (to_at) WHERE state = 'confirmed';

CREATE TABLE people_permit (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	place_id ref_text NOT NULL REFERENCES places_place (id),
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	kind enum_text NOT NULL,
	source enum_text NOT NULL,
	state enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int NOT NULL,
	ended_at time_int
);
CREATE INDEX people_permit_person ON people_permit (person_id);
CREATE INDEX people_permit_place ON people_permit (place_path);

CREATE TABLE people_capacity (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	place_id ref_text NOT NULL UNIQUE REFERENCES places_place (id),
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	most num_int NOT NULL,
	decision free_text NOT NULL
);

CREATE TABLE people_question (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	place_id ref_text NOT NULL REFERENCES places_place (id),
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	kind enum_text NOT NULL,
	tenancy_id ref_text REFERENCES people_tenancy (id),
	n num_int,
	most num_int,
	state enum_text NOT NULL,
	outcome enum_text NOT NULL,
	note free_text,
	decided_by_name free_text,
	decided_at time_int
);
CREATE INDEX people_question_place ON people_question (place_path);
CREATE INDEX people_question_open ON people_question (kind, place_id) WHERE state <> 'settled';

CREATE TABLE people_vehicle (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	household_id ref_text REFERENCES people_household (id),
	person_id ref_text REFERENCES people_person (id),
	place_path path_text NOT NULL,
	kind enum_text NOT NULL,
	plate free_text,
	plate_kind enum_text NOT NULL,
	frame_number free_text,
	charging enum_text NOT NULL,
	charging_place_id ref_text REFERENCES places_place (id),
	source enum_text NOT NULL,
	state enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int,
	confirmed_at time_int,
	confirmed_by_name free_text
);
CREATE INDEX people_vehicle_household ON people_vehicle (household_id);
CREATE INDEX people_vehicle_person ON people_vehicle (person_id);
CREATE INDEX people_vehicle_place ON people_vehicle (place_path);
CREATE UNIQUE INDEX people_vehicle_plate ON people_vehicle (plate) WHERE plate IS NOT NULL AND state = 'live';

CREATE TABLE people_care (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	place_path path_text,
	need enum_text NOT NULL,
	text free_text,
	purpose enum_text NOT NULL,
	basis enum_text NOT NULL,
	roles json_text NOT NULL,
	ends_at time_int NOT NULL
);
CREATE INDEX people_care_person ON people_care (person_id);
CREATE INDEX people_care_place ON people_care (place_path);
CREATE INDEX people_care_end ON people_care (ends_at);

CREATE TABLE people_correction (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	person_id ref_text NOT NULL REFERENCES people_person (id),
	place_path path_text,
	kind enum_text NOT NULL,
	entity free_text,
	row_id ref_text,
	field free_text,
	wanted free_text,
	why free_text,
	state enum_text NOT NULL,
	answer free_text,
	due_at time_int NOT NULL,
	answered_at time_int,
	answered_by_name free_text
);
CREATE INDEX people_correction_person ON people_correction (person_id);
CREATE INDEX people_correction_place ON people_correction (place_path);
