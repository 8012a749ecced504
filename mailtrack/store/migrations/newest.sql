-- 0007
;;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
;;
CREATE TABLE agent (
	name VARCHAR NOT NULL,
	open_tickets INTEGER NOT NULL,
	away_until DATETIME, notified_count INTEGER DEFAULT '0' NOT NULL, notified_since DATETIME,
	PRIMARY KEY (name)
)
;;
CREATE TABLE customer (
	person VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	language VARCHAR,
	first_seen_at DATETIME NOT NULL,
	PRIMARY KEY (person)
)
;;
CREATE TABLE held (
	serial INTEGER NOT NULL,
	spool_id VARCHAR NOT NULL,
	raw_sha256 VARCHAR NOT NULL,
	reason VARCHAR NOT NULL,
	person VARCHAR,
	number INTEGER,
	subject VARCHAR NOT NULL,
	sender_shown VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	state VARCHAR NOT NULL,
	permits VARCHAR NOT NULL,
	envelope VARCHAR NOT NULL,
	ended_by VARCHAR,
	brackets VARCHAR, asked_at DATETIME, explained_at DATETIME, reminders INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY (serial)
)
;;
CREATE INDEX ix_held_state ON held (state)
;;
CREATE TABLE receipt (
	spool_id VARCHAR NOT NULL,
	disposition VARCHAR NOT NULL,
	number INTEGER,
	held_serial INTEGER,
	at DATETIME NOT NULL,
	is_tick BOOLEAN NOT NULL,
	raw_sha256 VARCHAR,
	content_hash VARCHAR NOT NULL,
	sender_key VARCHAR,
	message_id VARCHAR,
	person VARCHAR,
	trace VARCHAR NOT NULL,
	PRIMARY KEY (spool_id)
)
;;
CREATE INDEX receipt_by_bytes ON receipt (raw_sha256, at)
;;
CREATE INDEX receipt_by_content ON receipt (content_hash, sender_key, at)
;;
CREATE INDEX receipt_by_end ON receipt (is_tick, disposition, held_serial)
;;
CREATE INDEX receipt_by_ticket ON receipt (number, at)
;;
CREATE TABLE ticket (
	number INTEGER NOT NULL,
	uuid VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	status VARCHAR NOT NULL,
	queue VARCHAR NOT NULL,
	priority VARCHAR NOT NULL,
	requester VARCHAR NOT NULL,
	language VARCHAR NOT NULL,
	opened_at DATETIME NOT NULL,
	changed_at DATETIME NOT NULL,
	category VARCHAR,
	tags VARCHAR NOT NULL,
	owner VARCHAR,
	finished_at DATETIME,
	due_at DATETIME,
	sla_policy VARCHAR,
	minutes_spent INTEGER NOT NULL,
	merged_into INTEGER,
	partner_tags VARCHAR NOT NULL,
	PRIMARY KEY (number)
)
;;
CREATE INDEX ticket_by_change ON ticket (changed_at)
;;
CREATE INDEX ticket_by_owner ON ticket (owner, status)
;;
CREATE INDEX ticket_by_queue ON ticket (queue, status)
;;
CREATE INDEX ticket_by_requester ON ticket (requester, opened_at)
;;
CREATE INDEX ticket_by_status ON ticket (status, changed_at)
;;
CREATE TABLE token (
	handle VARCHAR NOT NULL,
	purpose VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	ticket_uuid VARCHAR NOT NULL,
	person VARCHAR NOT NULL,
	role VARCHAR NOT NULL,
	issued_at DATETIME NOT NULL,
	expires_at DATETIME,
	is_revoked BOOLEAN NOT NULL,
	held_id VARCHAR,
	letter_id VARCHAR, strangers VARCHAR DEFAULT '[]' NOT NULL, last_used_at DATETIME, use_count INTEGER DEFAULT '0' NOT NULL,
	PRIMARY KEY (handle)
)
;;
CREATE INDEX token_by_ticket ON token (number, purpose, is_revoked)
;;
CREATE TABLE turn (
	"group" VARCHAR NOT NULL,
	agent VARCHAR NOT NULL,
	PRIMARY KEY ("group")
)
;;
CREATE TABLE clock (
	number INTEGER NOT NULL,
	metric VARCHAR NOT NULL,
	cycle INTEGER NOT NULL,
	policy VARCHAR NOT NULL,
	state VARCHAR NOT NULL,
	started_at DATETIME NOT NULL,
	target_seconds INTEGER NOT NULL,
	elapsed_seconds INTEGER NOT NULL,
	resumed_at DATETIME,
	due_at DATETIME,
	stopped_at DATETIME,
	breached_at DATETIME,
	is_rebased BOOLEAN NOT NULL,
	rungs_told VARCHAR NOT NULL,
	next_rung_at DATETIME,
	PRIMARY KEY (number, metric, cycle),
	FOREIGN KEY(number) REFERENCES ticket (number)
)
;;
CREATE INDEX ix_clock_next_rung_at ON clock (next_rung_at)
;;
CREATE TABLE entry (
	id INTEGER NOT NULL,
	entry_id VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	kind VARCHAR NOT NULL,
	visibility VARCHAR NOT NULL,
	author VARCHAR NOT NULL,
	author_shown VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	subject VARCHAR NOT NULL,
	text VARCHAR NOT NULL,
	message_id VARCHAR,
	raw_sha256 VARCHAR,
	attachments VARCHAR NOT NULL,
	is_verified BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(number) REFERENCES ticket (number),
	UNIQUE (entry_id)
)
;;
CREATE INDEX entry_by_ticket ON entry (number, id)
;;
CREATE TABLE journal (
	id INTEGER NOT NULL,
	decision_id VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	at DATETIME NOT NULL,
	actor VARCHAR NOT NULL,
	field VARCHAR NOT NULL,
	old VARCHAR NOT NULL,
	new VARCHAR NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(number) REFERENCES ticket (number)
)
;;
CREATE INDEX journal_by_actor ON journal (number, actor, id)
;;
CREATE INDEX journal_by_ticket ON journal (number, id)
;;
CREATE TABLE known_id (
	id INTEGER NOT NULL,
	message_id VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	person VARCHAR NOT NULL,
	is_ours BOOLEAN NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(number) REFERENCES ticket (number)
)
;;
CREATE INDEX ix_known_id_message_id ON known_id (message_id)
;;
CREATE INDEX known_id_by_ticket ON known_id (number, id)
;;
CREATE TABLE letter (
	id INTEGER NOT NULL,
	letter_id VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	person VARCHAR NOT NULL,
	number INTEGER,
	recipient VARCHAR NOT NULL,
	domain VARCHAR NOT NULL,
	subject VARCHAR NOT NULL,
	subject_key VARCHAR NOT NULL,
	message_id VARCHAR NOT NULL,
	is_automatic BOOLEAN NOT NULL,
	brake VARCHAR,
	why VARCHAR NOT NULL,
	entry_id VARCHAR,
	state VARCHAR NOT NULL,
	written_at DATETIME NOT NULL,
	not_before DATETIME NOT NULL,
	due_at DATETIME,
	attempts INTEGER NOT NULL,
	ended_at DATETIME,
	reason VARCHAR NOT NULL,
	bounced_at DATETIME,
	bounce_status VARCHAR,
	bounce_diagnostic VARCHAR NOT NULL,
	bounce_is_permanent BOOLEAN,
	PRIMARY KEY (id),
	FOREIGN KEY(number) REFERENCES ticket (number),
	UNIQUE (letter_id)
)
;;
CREATE INDEX letter_that_brakes ON letter (written_at) WHERE brake IS NOT NULL
;;
CREATE INDEX letter_by_state ON letter (state)
;;
CREATE INDEX letter_by_ticket ON letter (number, id)
;;
CREATE INDEX letter_due ON letter (due_at, id)
;;
CREATE INDEX letter_in_line ON letter (number, due_at)
;;
CREATE INDEX letter_to_domain ON letter (domain, written_at) WHERE brake IS NOT NULL
;;
CREATE INDEX letter_to_person ON letter (person, written_at) WHERE brake IS NOT NULL
;;
CREATE TABLE link (
	number INTEGER NOT NULL,
	other INTEGER NOT NULL,
	PRIMARY KEY (number, other),
	FOREIGN KEY(number) REFERENCES ticket (number),
	FOREIGN KEY(other) REFERENCES ticket (number)
)
;;
CREATE TABLE participant (
	id INTEGER NOT NULL,
	number INTEGER NOT NULL,
	person VARCHAR NOT NULL,
	part VARCHAR NOT NULL,
	name VARCHAR NOT NULL,
	local VARCHAR NOT NULL,
	domain VARCHAR NOT NULL,
	PRIMARY KEY (id),
	FOREIGN KEY(number) REFERENCES ticket (number)
)
;;
CREATE UNIQUE INDEX participant_once ON participant (number, person)
;;
CREATE TABLE tag (
	tag VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	PRIMARY KEY (tag, number),
	FOREIGN KEY(number) REFERENCES ticket (number)
)
;;
CREATE INDEX ix_tag_number ON tag (number)
;;
CREATE TABLE letter_mail (
	letter_id VARCHAR NOT NULL,
	text VARCHAR NOT NULL,
	mail VARCHAR NOT NULL,
	PRIMARY KEY (letter_id),
	FOREIGN KEY(letter_id) REFERENCES letter (letter_id)
)
;;
CREATE VIRTUAL TABLE entry_search USING fts5(
    subject, text, author_shown, author,
    content='entry', content_rowid='id',
    tokenize='unicode61 remove_diacritics 2', prefix='2 3'
)
;;
CREATE TABLE storm (
	mark VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	person VARCHAR NOT NULL,
	said VARCHAR NOT NULL,
	times INTEGER NOT NULL,
	until DATETIME NOT NULL,
	PRIMARY KEY (mark, number, person)
)
;;
CREATE INDEX ix_storm_until ON storm (until)
;;
CREATE TABLE guess (
	id INTEGER NOT NULL,
	peer VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (id)
)
;;
CREATE INDEX guess_by_peer ON guess (peer, at)
;;
CREATE INDEX guess_by_time ON guess (at)
;;
CREATE TABLE braked_peer (
	peer VARCHAR NOT NULL,
	until DATETIME NOT NULL,
	PRIMARY KEY (peer)
)
;;
CREATE TABLE quarantine (
	serial INTEGER NOT NULL,
	spool_id VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	reason VARCHAR NOT NULL,
	tries INTEGER NOT NULL,
	sender_shown VARCHAR NOT NULL,
	size_bytes INTEGER NOT NULL,
	number INTEGER NOT NULL,
	state VARCHAR NOT NULL,
	ended_by VARCHAR,
	told_at DATETIME,
	PRIMARY KEY (serial),
	FOREIGN KEY(number) REFERENCES ticket (number),
	UNIQUE (spool_id)
)
;;
CREATE INDEX ix_quarantine_state ON quarantine (state)
;;
CREATE TABLE last_done (
	name VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	PRIMARY KEY (name)
)
;;
CREATE TABLE alarm (
	name VARCHAR NOT NULL,
	since DATETIME NOT NULL,
	seen_at DATETIME NOT NULL,
	reason VARCHAR NOT NULL,
	told_at DATETIME,
	ended_at DATETIME,
	ran VARCHAR NOT NULL,
	PRIMARY KEY (name)
)
;;
CREATE TABLE errand (
	id INTEGER NOT NULL,
	errand_id VARCHAR NOT NULL,
	kind VARCHAR NOT NULL,
	about VARCHAR NOT NULL,
	number INTEGER NOT NULL,
	"by" VARCHAR NOT NULL,
	at DATETIME NOT NULL,
	state VARCHAR NOT NULL,
	gone VARCHAR NOT NULL,
	done VARCHAR NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (errand_id)
)
;;
CREATE INDEX ix_errand_state ON errand (state)
;;
CREATE INDEX letter_told ON letter (person, id)
;;
INSERT INTO alembic_version VALUES ('0007')
