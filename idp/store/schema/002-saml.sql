-- 002-saml: who has a SAML assertion of a session, answers that wait to be fetched, metadata of apps by address.

-- What an app knows a session as. One row for each session, app and kind of name until the app confirms that it ended;
-- request_id: of the LogoutRequest under way to it.
CREATE TABLE saml_session (
	practice_id TEXT NOT NULL, session_index TEXT NOT NULL, sid TEXT NOT NULL, client_id TEXT NOT NULL, account_id TEXT NOT NULL,
	name_id TEXT NOT NULL, name_id_format TEXT NOT NULL, sp_name_qualifier TEXT, ends_at BIGINT NOT NULL, request_id TEXT,
	PRIMARY KEY (session_index, practice_id), UNIQUE (sid, client_id, name_id_format, practice_id));
CREATE INDEX saml_session_name ON saml_session (name_id, client_id, practice_id);
CREATE INDEX saml_session_request ON saml_session (request_id, practice_id) WHERE request_id IS NOT NULL;
CREATE INDEX saml_session_end ON saml_session (ends_at, practice_id);

-- Messages to be fetched by artifact, sealed. No wall: the artifact says nothing of a practice, its hash is the key.
CREATE TABLE saml_artifact (hash TEXT PRIMARY KEY, client_id TEXT NOT NULL, message BYTEA NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX saml_artifact_expiry ON saml_artifact (expires_at);

-- Metadata as it was fetched last from an app's metadata_url; next_at: when it is looked at again.
CREATE TABLE app_metadata (
	client_id TEXT PRIMARY KEY REFERENCES app (client_id), xml TEXT, etag TEXT, fetched_at BIGINT, next_at BIGINT NOT NULL,
	valid_until BIGINT, trouble TEXT);
CREATE INDEX app_metadata_next ON app_metadata (next_at);

-- wall: saml_session
