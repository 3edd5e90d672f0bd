-- @version 1
CREATE TABLE watch_rule (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	name free_text NOT NULL,
	template free_text,
	kind enum_text NOT NULL,
	severity enum_text NOT NULL,
	definition json_text NOT NULL,
	state enum_text NOT NULL,
	revision num_int NOT NULL,
	place_id ref_text NOT NULL,
	place_path path_text NOT NULL,
	backtest_id ref_text,
	reason free_text,
	fired_30d num_int NOT NULL,
	closed_true num_int NOT NULL,
	closed_useful num_int NOT NULL,
	closed_false num_int NOT NULL,
	suppressed num_int NOT NULL
);
CREATE INDEX watch_rule_state ON watch_rule (state);

-- Every definition a rule ever had.
CREATE TABLE watch_revision (
	rule_id ref_text NOT NULL,
	revision num_int NOT NULL,
	at time_int NOT NULL,
	actor_id ref_text,
	definition json_text NOT NULL,
	PRIMARY KEY (rule_id, revision)
);

CREATE TABLE watch_backtest (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	rule_id ref_text NOT NULL,
	revision num_int NOT NULL,
	place_path path_text NOT NULL,
	days num_int NOT NULL,
	history_days num_int NOT NULL,
	fired num_int NOT NULL,
	result json_text NOT NULL
);
CREATE INDEX watch_backtest_rule ON watch_backtest (rule_id);

CREATE TABLE watch_alert (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	number free_text NOT NULL UNIQUE,
	rule_id ref_text,
	rule_revision num_int,
	kind free_text NOT NULL,
	severity enum_text NOT NULL,
	desk_rank num_int NOT NULL,
	state enum_text NOT NULL,
	place_id ref_text NOT NULL,
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	question free_text NOT NULL,
	facts json_text NOT NULL,
	opened_at time_int NOT NULL,
	last_at time_int NOT NULL,
	ongoing flag_int NOT NULL,
	sources num_int NOT NULL,
	acked_by ref_text,
	acked_by_name free_text,
	acked_at time_int,
	ack_due_at time_int,
	task_id ref_text,
	outcome free_text,
	outcome_note free_text,
	closed_by ref_text,
	closed_by_name free_text,
	closed_at time_int,
	escalation num_int NOT NULL,
	escalated_at time_int,
	merged_into ref_text,
	silenced flag_int NOT NULL,
	drill flag_int NOT NULL,
	note free_text,
	rung_at time_int,
	next_at time_int,
	merge_key free_text NOT NULL,
	welfare_id ref_text
);
CREATE INDEX watch_alert_state ON watch_alert (state, desk_rank, opened_at, id);
CREATE INDEX watch_alert_list ON watch_alert (state, opened_at, id);
CREATE INDEX watch_alert_next ON watch_alert (next_at);
CREATE INDEX watch_alert_merge ON watch_alert (merge_key, opened_at);
CREATE INDEX watch_alert_rule ON watch_alert (rule_id, rule_revision);
CREATE INDEX watch_alert_into ON watch_alert (merged_into);
CREATE INDEX watch_alert_opened ON watch_alert (opened_at);
CREATE INDEX watch_alert_closed ON watch_alert (closed_at);

CREATE TABLE watch_source (
	alert_id ref_text NOT NULL,
	device_id ref_text NOT NULL,
	first_at time_int NOT NULL,
	last_at time_int NOT NULL,
	n num_int NOT NULL,
	PRIMARY KEY (alert_id, device_id)
);

CREATE TABLE watch_timeline (
	id id_text PRIMARY KEY,
	alert_id ref_text NOT NULL,
	at time_int NOT NULL,
	what enum_text NOT NULL,
	actor_id ref_text,
	actor_name free_text,
	detail json_text
);
CREATE INDEX watch_timeline_alert ON watch_timeline (alert_id, at, id);

-- Every match of a rule, once: 'dedupe' names the same thing also after a
-- restart.  'verdict': alert (opened or merged), leave, retired, inhibited.  A
-- welfare watch leaves no time of last sight here: since_at stays 0.
CREATE TABLE watch_match (
	dedupe id_text PRIMARY KEY,
	rule_id ref_text NOT NULL,
	revision num_int NOT NULL,
	key_text free_text NOT NULL,
	alert_id ref_text,
	verdict enum_text NOT NULL,
	severity enum_text NOT NULL,
	since_at time_int NOT NULL,
	at time_int NOT NULL,
	lasting flag_int NOT NULL,
	cleared_at time_int,
	seqs json_text
);
CREATE INDEX watch_match_rule ON watch_match (rule_id, at);
CREATE INDEX watch_match_alert ON watch_match (alert_id);
CREATE INDEX watch_match_at ON watch_match (at);

-- The evaluator's place in the log.  All matches up to cursor_seq are stored;
-- 'snapshot' is the engine's state after snapshot_seq.
CREATE TABLE watch_cursor (
	id id_text PRIMARY KEY,
	generation num_int NOT NULL,
	cursor_seq num_int NOT NULL,
	snapshot_seq num_int NOT NULL,
	snapshot_at time_int,
	seed num_int NOT NULL,
	snapshot bytes_blob
);

-- Ids behind the engine's numbers in the snapshot, one a line: 'places' at the
-- revision 'stamp' of the tree, 'devices' in the order they were first heard.
CREATE TABLE watch_number (
	kind id_text PRIMARY KEY,
	stamp num_int NOT NULL,
	ids free_text NOT NULL
);

-- Small numbers: 'alert' is the last alert number; 'rules', 'welfare' and
-- 'coverage' grow with every change the evaluator must know of.
CREATE TABLE watch_counter (
	name id_text PRIMARY KEY,
	value num_int NOT NULL
);

-- Fired and held back by rule and hour.
CREATE TABLE watch_count (
	rule_id ref_text NOT NULL,
	hour_at time_int NOT NULL,
	fired num_int NOT NULL,
	suppressed num_int NOT NULL,
	PRIMARY KEY (rule_id, hour_at)
);

CREATE TABLE watch_welfare (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	dwelling_id ref_text NOT NULL,
	place_path path_text NOT NULL,
	place_label free_text NOT NULL,
	person_id ref_text NOT NULL,
	state enum_text NOT NULL,
	hours num_int NOT NULL,
	sources json_text NOT NULL,
	consent_text_version free_text NOT NULL,
	consent_at time_int NOT NULL,
	last_seen_at time_int,
	last_source_id ref_text,
	counted_from time_int NOT NULL,
	paused_until time_int
);
CREATE INDEX watch_welfare_person ON watch_welfare (person_id);
CREATE INDEX watch_welfare_path ON watch_welfare (place_path);

CREATE TABLE watch_leave (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	welfare_id ref_text NOT NULL,
	person_id ref_text NOT NULL,
	place_path path_text NOT NULL,
	kind enum_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int NOT NULL,
	declared_by free_text NOT NULL
);
CREATE INDEX watch_leave_welfare ON watch_leave (welfare_id, to_at);

CREATE TABLE watch_silence (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	rule_id ref_text,
	place_id ref_text,
	place_path path_text NOT NULL,
	until_at time_int NOT NULL,
	reason free_text NOT NULL,
	state enum_text NOT NULL,
	made_by ref_text,
	made_by_name free_text,
	held num_int NOT NULL
);
CREATE INDEX watch_silence_state ON watch_silence (state, until_at);

CREATE TABLE watch_escalation (
	id id_text PRIMARY KEY,
	version num_int NOT NULL,
	created_at time_int NOT NULL,
	updated_at time_int NOT NULL,
	place_id ref_text NOT NULL,
	place_path path_text NOT NULL,
	level num_int NOT NULL,
	role enum_text NOT NULL,
	after_s num_int NOT NULL,
	UNIQUE (place_id, level)
);

-- What other modules told: tasks of alerts, who is on duty.
CREATE TABLE watch_task (
	task_id id_text PRIMARY KEY,
	alert_id ref_text NOT NULL,
	state enum_text NOT NULL
);
CREATE INDEX watch_task_alert ON watch_task (alert_id);
CREATE TABLE watch_duty (
	shift_id id_text PRIMARY KEY,
	person_name free_text,
	kind enum_text NOT NULL,
	place_path path_text NOT NULL,
	from_at time_int NOT NULL,
	to_at time_int NOT NULL
);

-- The last synthetic event and whether it came back as a match in time.
CREATE TABLE watch_selftest (
	id id_text PRIMARY KEY,
	device_id ref_text NOT NULL,
	sent_at time_int NOT NULL,
	seq num_int NOT NULL,
	back_at time_int,
	ok flag_int NOT NULL,
	checked_at time_int
);

-- @version 2
-- The events an alert came of, so that their pictures find it, whenever they
-- come.
CREATE TABLE watch_evidence (
	seq num_int NOT NULL,
	alert_id ref_text NOT NULL,
	PRIMARY KEY (seq, alert_id)
);
CREATE INDEX watch_evidence_alert ON watch_evidence (alert_id);
