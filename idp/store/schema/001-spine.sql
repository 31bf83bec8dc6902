-- 001-spine: practices, people, roles, apps, sessions, grants, keys, events.
-- One dialect for both engines. Statements end with ";" at the end of a line. The driver makes
-- every table that is named after "-- wall:" a walled one on PostgreSQL: row-level security,
-- forced, practice_id = the connection's setting.
--
-- In the keys of large tables practice_id stands last: before PostgreSQL has counted a new table it takes
-- any index that begins with practice_id for as good as the key itself, and reads a whole practice for one row.

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE practice (
	id TEXT PRIMARY KEY, number BIGINT NOT NULL UNIQUE, name TEXT NOT NULL, timezone TEXT NOT NULL,
	template TEXT, policy TEXT NOT NULL, epoch BIGINT NOT NULL, disabled BOOLEAN NOT NULL,
	created_at BIGINT NOT NULL, deleted_at BIGINT);
CREATE TABLE practice_domain (domain TEXT NOT NULL, practice_id TEXT NOT NULL REFERENCES practice (id), PRIMARY KEY (practice_id, domain));

CREATE TABLE location (
	practice_id TEXT NOT NULL REFERENCES practice (id), id TEXT NOT NULL, parent_id TEXT, name TEXT NOT NULL,
	timezone TEXT, networks TEXT NOT NULL, archived BOOLEAN NOT NULL, position BIGINT NOT NULL,
	PRIMARY KEY (practice_id, id));

CREATE TABLE role (
	practice_id TEXT NOT NULL REFERENCES practice (id), id TEXT NOT NULL, name TEXT NOT NULL, built_in BOOLEAN NOT NULL,
	additive BOOLEAN NOT NULL, inherits TEXT NOT NULL, permissions TEXT NOT NULL, deleted_at BIGINT,
	PRIMARY KEY (practice_id, id));

-- id is random and public: it is the sub of tokens. profile is sealed: phone, address, birthdate, ...
CREATE TABLE account (
	practice_id TEXT NOT NULL REFERENCES practice (id), id TEXT NOT NULL UNIQUE, email TEXT NOT NULL, email_key TEXT NOT NULL,
	email_verified BOOLEAN NOT NULL, given_name TEXT, family_name TEXT, class TEXT NOT NULL, npi TEXT,
	profile BYTEA, disabled BOOLEAN NOT NULL, must_change BOOLEAN NOT NULL, epoch BIGINT NOT NULL,
	created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, last_login_at BIGINT,
	PRIMARY KEY (id, practice_id), UNIQUE (email_key, practice_id));

-- Without wall: finds the accounts of an e-mail address before the practice is known. The key is an
-- HMAC of the canonical address, so the table shows nobody who has an account where.
CREATE TABLE account_finder (email_key TEXT NOT NULL, practice_id TEXT NOT NULL, account_id TEXT NOT NULL, PRIMARY KEY (email_key, practice_id));

CREATE TABLE password (practice_id TEXT NOT NULL, account_id TEXT NOT NULL, hash TEXT NOT NULL, changed_at BIGINT NOT NULL, PRIMARY KEY (account_id, practice_id));

CREATE TABLE assignment (
	practice_id TEXT NOT NULL, id TEXT NOT NULL, account_id TEXT NOT NULL, role_id TEXT NOT NULL,
	locations TEXT NOT NULL, valid_from BIGINT, valid_until BIGINT, source TEXT NOT NULL, reason TEXT, created_at BIGINT NOT NULL,
	PRIMARY KEY (id, practice_id));
CREATE INDEX assignment_account ON assignment (account_id, practice_id);

-- An app is registered once for the deployment; app_practice says whom it serves.
CREATE TABLE app (
	client_id TEXT PRIMARY KEY, type TEXT NOT NULL, name TEXT NOT NULL, metadata TEXT NOT NULL, secret_hash TEXT,
	disabled BOOLEAN NOT NULL, created_at BIGINT NOT NULL, deleted_at BIGINT);
CREATE TABLE app_practice (client_id TEXT NOT NULL REFERENCES app (client_id), practice_id TEXT NOT NULL, PRIMARY KEY (client_id, practice_id));

CREATE TABLE session (
	practice_id TEXT NOT NULL, hash TEXT NOT NULL, sid TEXT NOT NULL, account_id TEXT NOT NULL, started_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL, idle_seconds BIGINT NOT NULL, ends_at BIGINT NOT NULL, auth_time BIGINT NOT NULL,
	acr TEXT NOT NULL, amr TEXT NOT NULL, location_id TEXT, account_epoch BIGINT NOT NULL, practice_epoch BIGINT NOT NULL,
	address TEXT, user_agent TEXT, ended_at BIGINT,
	PRIMARY KEY (hash, practice_id), UNIQUE (sid, practice_id));
CREATE INDEX session_account ON session (account_id, practice_id);
CREATE INDEX session_end ON session (ends_at, practice_id);

-- Who must be told at logout.
CREATE TABLE session_app (practice_id TEXT NOT NULL, sid TEXT NOT NULL, client_id TEXT NOT NULL, first_at BIGINT NOT NULL, PRIMARY KEY (sid, client_id, practice_id));
CREATE INDEX session_app_first ON session_app (first_at, practice_id);

-- Sign-ins in progress; the practice is not known yet, so no wall: bound to the browser's cookie instead.
CREATE TABLE flow (
	id TEXT PRIMARY KEY, browser_hash TEXT NOT NULL, kind TEXT NOT NULL, ask TEXT NOT NULL, state TEXT NOT NULL,
	version BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, finished_at BIGINT);
CREATE INDEX flow_expiry ON flow (expires_at);

CREATE TABLE pushed_request (hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, parameters TEXT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX pushed_request_expiry ON pushed_request (expires_at);

CREATE TABLE code (
	practice_id TEXT NOT NULL, hash TEXT NOT NULL, client_id TEXT NOT NULL, account_id TEXT NOT NULL, sid TEXT NOT NULL,
	redirect_uri TEXT NOT NULL, redirect_given BOOLEAN NOT NULL, challenge TEXT, scope TEXT NOT NULL, nonce TEXT, claims TEXT, resource TEXT,
	location_id TEXT, family_id TEXT NOT NULL, auth_time BIGINT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, spent_at BIGINT,
	PRIMARY KEY (hash, practice_id));
CREATE INDEX code_expiry ON code (expires_at, practice_id);

-- One row is one grant living on in refresh tokens; also what introspection and userinfo ask.
CREATE TABLE family (
	practice_id TEXT NOT NULL, id TEXT NOT NULL, client_id TEXT NOT NULL, account_id TEXT NOT NULL, sid TEXT,
	scope TEXT NOT NULL, claims TEXT, resource TEXT, location_id TEXT, auth_time BIGINT NOT NULL, acr TEXT NOT NULL, amr TEXT NOT NULL,
	offline BOOLEAN NOT NULL, generation BIGINT NOT NULL, rotated_at BIGINT NOT NULL, account_epoch BIGINT NOT NULL, practice_epoch BIGINT NOT NULL,
	created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, revoked_at BIGINT,
	PRIMARY KEY (id, practice_id));
CREATE INDEX family_account ON family (account_id, practice_id);
CREATE INDEX family_sid ON family (sid, practice_id);
CREATE INDEX family_expiry ON family (expires_at, practice_id);
CREATE INDEX family_revoked ON family (revoked_at, practice_id) WHERE revoked_at IS NOT NULL;

CREATE TABLE consent (practice_id TEXT NOT NULL, account_id TEXT NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL, granted_at BIGINT NOT NULL, PRIMARY KEY (account_id, client_id, practice_id));

-- Identifiers that may be seen once until they expire: jti of client assertions, later assertion ids.
CREATE TABLE replay (kind TEXT NOT NULL, id TEXT NOT NULL, expires_at BIGINT NOT NULL, PRIMARY KEY (kind, id));
CREATE INDEX replay_expiry ON replay (expires_at);

-- Attempts and rates: GCRA, one row a key; tat in microseconds.
CREATE TABLE counter (kind TEXT NOT NULL, key TEXT NOT NULL, tat_us BIGINT NOT NULL, PRIMARY KEY (kind, key));
CREATE INDEX counter_tat ON counter (tat_us);

CREATE TABLE signing_key (
	kid TEXT PRIMARY KEY, alg TEXT NOT NULL, state TEXT NOT NULL, sealed BYTEA NOT NULL, public_jwk TEXT NOT NULL,
	created_at BIGINT NOT NULL, activated_at BIGINT, retired_at BIGINT);
-- At most one active and one next key per algorithm, whatever the nodes do at the same moment.
CREATE UNIQUE INDEX signing_key_state ON signing_key (alg, state) WHERE state IN ('active', 'next');

-- Append-only: the driver takes UPDATE and DELETE away on both engines. Every request writes one: the key is the
-- order in which they are read, so that there is one index to write and not two.
CREATE TABLE event (practice_id TEXT NOT NULL, id TEXT NOT NULL, at_us BIGINT NOT NULL, type TEXT NOT NULL, outcome TEXT NOT NULL, actor TEXT, target TEXT, body TEXT NOT NULL, PRIMARY KEY (practice_id, at_us, id));

-- Messages waiting to be sent (back-channel logout). No wall: the sender works for all practices.
CREATE TABLE outbox (id TEXT PRIMARY KEY, practice_id TEXT NOT NULL, kind TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL, tries BIGINT NOT NULL, next_at BIGINT NOT NULL, created_at BIGINT NOT NULL);
CREATE INDEX outbox_next ON outbox (next_at);

-- wall: location role account password assignment session session_app code family consent event
