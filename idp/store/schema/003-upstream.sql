-- 003-upstream: connections to other identity providers, who is who there, sessions that came from there.

-- A connection belongs to one practice; its id is unique in the deployment and never given again. Read into the
-- snapshot with the practices, so without wall. secret: sealed.
CREATE TABLE connection (
	id TEXT PRIMARY KEY, practice_id TEXT NOT NULL REFERENCES practice (id), protocol TEXT NOT NULL, name TEXT NOT NULL,
	declaration TEXT NOT NULL, secret BYTEA, disabled BOOLEAN NOT NULL, created_at BIGINT NOT NULL, deleted_at BIGINT);

-- Metadata as it was fetched last from a SAML connection's metadata_url; next_at: when it is looked at again.
CREATE TABLE connection_metadata (
	connection_id TEXT PRIMARY KEY REFERENCES connection (id), xml TEXT, etag TEXT, fetched_at BIGINT, next_at BIGINT NOT NULL,
	valid_until BIGINT, trouble TEXT);
CREATE INDEX connection_metadata_next ON connection_metadata (next_at);

-- Who somebody of a connection is here. subject_key: HMAC over practice, connection, issuer and subject; the e-mail
-- address is never part of it. held: made by sign-in and waits for approval.
CREATE TABLE upstream_link (
	practice_id TEXT NOT NULL, subject_key TEXT NOT NULL, connection_id TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
	account_id TEXT NOT NULL, held BOOLEAN NOT NULL, created_at BIGINT NOT NULL, seen_at BIGINT NOT NULL,
	PRIMARY KEY (subject_key, practice_id));
CREATE INDEX upstream_link_account ON upstream_link (account_id, practice_id);
CREATE INDEX upstream_link_connection ON upstream_link (connection_id, practice_id);

-- The session over there that a session of ours came from, so that its end is ours. hint: what the provider wants to
-- be shown at logout, sealed. refresh: what the provider is asked with, at check_at, whether the person still is let in
-- there, sealed; both NULL: it is not asked.
CREATE TABLE upstream_session (
	practice_id TEXT NOT NULL, sid TEXT NOT NULL, connection_id TEXT NOT NULL, subject_key TEXT NOT NULL, upstream_sid TEXT,
	hint BYTEA, ends_at BIGINT NOT NULL, refresh BYTEA, check_at BIGINT,
	PRIMARY KEY (sid, practice_id));
CREATE INDEX upstream_session_subject ON upstream_session (connection_id, subject_key, practice_id);
CREATE INDEX upstream_session_end ON upstream_session (ends_at, practice_id);
CREATE INDEX upstream_session_check ON upstream_session (connection_id, check_at, practice_id) WHERE check_at IS NOT NULL;

-- Which connection a session came by; continuity: by the local way while the person's connection was down.
ALTER TABLE session ADD COLUMN connection_id TEXT;
ALTER TABLE session ADD COLUMN continuity BOOLEAN NOT NULL DEFAULT FALSE;

-- Who vouches for a domain: "operator" (declared on the server's host) or "dns" (a TXT record was seen); NULL: nobody
-- yet, and it leads nowhere. token: what the TXT record has to say.
ALTER TABLE practice_domain ADD COLUMN checked TEXT;
ALTER TABLE practice_domain ADD COLUMN checked_at BIGINT;
ALTER TABLE practice_domain ADD COLUMN token TEXT;
UPDATE practice_domain SET checked = 'operator';

-- wall: upstream_link upstream_session
